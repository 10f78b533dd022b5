"""The dialect of integers in float tensors (NEMO, Quantlab): weights, activations and constants are whole numbers.

``Conv → Mul → Add → Div → (Floor) → Clip``: the file multiplies, adds and divides accumulators itself and says how it
rounds. Its arithmetic is taken as exact, also where float32 could not hold a sum.

Rules
-----
1. Recognized by its weights, all whole numbers in float tensors, by the lack of any quantizer, and by a rounding of its
   own: Floor, a Cast to integers, or ``RequantShift`` (see ``requant_shift``).
2. The value of an accumulator is ``acc * scale + offset`` in fractions; Mul, Add, Sub and Div by constants change them.
3. Floor rounds down; a Cast to integers, and Div of integers, round towards zero. What follows a rounding but Clip and
   Relu is a layer of its own. Results are whole numbers before a layer reads them.
4. Clip and Relu bound the codes; their bounds are whole numbers. A result that nothing clips has the range that its
   accumulators can reach; at most 16 bits.
5. Constants of requantization are exact (see ``exact``), or the layer is refused.
6. Sums of activations are one layer, before any rounding.
7. A float network input has no range in the file: it is taken as 8 bits, with the sign of the first Clip or
   RequantShift, and a warning says so.
8. Softmax, LogSoftmax and Sigmoid of an output are the host's.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from nngen.ir import Network, TailStep

from .accumulation import Accumulation
from .builder import NetworkBuilder
from .exact import ExactRounding
from .folding import CAST_TYPES, clip_bounds
from .graph import Array, Graph, Node
from .integer_values import Exact, IntegerValues, whole_numbers
from .operators import LAYERS, QUANTIZERS, refuse_dialects, refuse_operators
from .values import Activation, Constant, RawInput, Tail, Value

OWN = ("RequantShift",)
MORE_OPERATORS = ("Cast", "Floor", "LogSoftmax", "Pad")
SEEN_THROUGH = ("Constant", "Transpose", "Identity", "Reshape")
INT32 = 6
TAILS: dict[str, TailStep] = {"LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}


def is_integer_floats(graph: Graph) -> bool:
    """Return whether a graph as it was loaded computes with whole numbers and rounds them itself."""
    makers = {output: node for node in graph.nodes for output in node.outputs}
    layers = [node for node in graph.nodes if node.operator in LAYERS and not node.domain]
    quantized = any(node.operator in QUANTIZERS for node in graph.nodes)
    rounds = any(node.operator in ("Floor", *OWN) or _casts_to_integers(node) for node in graph.nodes)
    weights = [_weights_of(graph, node, makers) for node in layers]
    return bool(layers) and rounds and not quantized and all(one is not None and whole_numbers(one) for one in weights)


def _casts_to_integers(node: Node) -> bool:
    kind = node.attributes.get("to") if node.operator == "Cast" else None
    return kind in CAST_TYPES and np.dtype(CAST_TYPES[kind]).kind in "iu"


def _weights_of(graph: Graph, node: Node, makers: dict[str, Node]) -> Array | None:
    name = node.input(1)
    for _ in range(len(graph.nodes) + 1):
        constant = graph.constant(name)
        maker = makers.get(name)
        if constant is not None or maker is None or maker.operator not in SEEN_THROUGH:
            return constant
        if maker.operator == "Constant":
            value = maker.attributes.get("value")
            return value if isinstance(value, np.ndarray) else None
        name = maker.input(0)
    return None


def refuse_unsupported_integers(graph: Graph) -> Graph:
    """Return the graph unchanged, or raise ModelError for operators that this dialect does not have."""
    refuse_dialects(graph, own=OWN)
    return refuse_operators(graph, own=(*OWN, *MORE_OPERATORS))


def read_integer_floats(graph: Graph, *, name: str, multiplier_bits: int) -> Network:
    """Read a prepared graph (ordered, folded, with shapes, without Pad) as a network.

    Raises
    ------
    ModelError
        Where a rule of this module is broken, naming the node.
    """
    builder = NetworkBuilder(graph, name=name, dialect="integers in floats", multiplier_bits=multiplier_bits)
    return IntegerFloatReader(graph, builder, multiplier_bits=multiplier_bits).read()


class IntegerFloatReader(IntegerValues):
    """Reads everything as whole numbers."""

    def __init__(self, graph: Graph, builder: NetworkBuilder, *, multiplier_bits: int) -> None:
        super().__init__(graph, builder, multiplier_bits=multiplier_bits)
        rearranged = self._readers["Reshape"]
        views = [operator for operator, read in self._readers.items() if read == rearranged]
        self._readers |= dict.fromkeys(views, self._settled_first(rearranged))
        self._readers |= {
            "Cast": self._cast,
            "Floor": self._floor,
            "LogSoftmax": self._tail,
            "Sigmoid": self._tail,
        }

    # ------------------------------------------------------------------ arithmetic

    def _exact_value(self, node: Node, index: int) -> Exact | None:
        """Return a value that may be added to or multiplied; None for constants."""
        value: Any = self._value(node, index)
        if isinstance(value, Exact) and value.affine:
            return value
        if isinstance(value, Constant):
            return None
        activation = self._activation(node, index)
        return Exact(
            view=activation.view,
            terms=((activation, Fraction(1)),),
            integral=isinstance(value, Exact) and value.integral,
        )

    def _fractions(self, node: Node, index: int, value: Exact) -> tuple[Exact, tuple[Fraction, ...]]:
        """Return a value and constants of a node per channel: terms with constants that differ become a layer."""
        numbers = self._floats(node, index)
        if numbers.size == 1 and self._graph.shapes[node.outputs[0]] == value.view.shape:
            return value, (Fraction(float(numbers.flat[0])),) * len(value.scale)
        value = self._begun_sum(node, node.outputs[0], value)
        assert value.made is not None
        spread = self._per_channel(node, value.made, value.view, numbers)
        return value, tuple(Fraction(float(number)) for number in spread)

    def _exact_operand(self, node: Node) -> tuple[Exact, int]:
        values = [self._exact_value(node, index) for index in range(2)]
        index = 0 if values[0] is not None else 1
        value = values[index]
        if value is None or values[1 - index] is not None:
            raise self._refusal(node, "one of its inputs must be constant; products of activations are not supported")
        return value, index

    def _add(self, node: Node) -> Any:
        return self._sum(node, 1)

    def _sub(self, node: Node) -> Any:
        return self._sum(node, -1)

    def _sum(self, node: Node, sign: int) -> Exact:
        first, second = (self._exact_value(node, index) for index in range(2))
        if first is not None and second is not None:
            return self._sum_of_terms(node, first, second, sign)
        value, index = self._exact_operand(node)
        value, numbers = self._fractions(node, 1 - index, value)
        if index == 1 and sign < 0:
            value = value.times((Fraction(-1),) * len(value.scale))
        signed = numbers if index == 1 or sign > 0 else tuple(-number for number in numbers)
        return replace(value, offset=tuple(a + b for a, b in zip(value.offset, signed, strict=True)))

    def _sum_of_terms(self, node: Node, first: Exact, second: Exact, sign: int) -> Exact:
        if first.made is not None or second.made is not None:
            reason = "a layer's result must be rounded and clipped before it is added to another"
            raise self._refusal(node, reason)
        if first.view.shape != second.view.shape:
            what = f"{list(first.view.shape)} and {list(second.view.shape)}"
            raise self._refusal(node, f"its activations must have one shape and order, not {what}")
        terms = first.terms + tuple((activation, sign * factor) for activation, factor in second.terms)
        return replace(
            first,
            terms=terms,
            offset=(first.offset[0] + sign * second.offset[0],),
            integral=first.integral and second.integral,
        )

    def _mul(self, node: Node) -> Any:
        value, index = self._exact_operand(node)
        value, numbers = self._fractions(node, 1 - index, value)
        return value.times(numbers)

    def _div(self, node: Node) -> Any:
        value, index = self._exact_operand(node)
        if index == 1:
            raise self._refusal(node, "it must divide by constants")
        value, numbers = self._fractions(node, 1, value)
        if any(number == 0 for number in numbers):
            raise self._refusal(node, "it must not divide by 0")
        constant = self._graph.constant(node.input(1))
        integral = value.integral or (constant is not None and constant.dtype.kind in "iu")
        if integral and any(number < 0 or number.denominator > 1 for number in numbers):
            raise self._refusal(node, "integers must be divided by whole numbers above 0")
        divided = value.times(tuple(1 / number for number in numbers))
        return replace(divided, rounding="down", integral=True) if integral else divided

    # ------------------------------------------------------------------ roundings and bounds

    def _floor(self, node: Node) -> Any:
        return self._rounded(node, "floor")

    def _cast(self, node: Node) -> Any:
        kind = node.attributes.get("to")
        value: Any = self._value(node, 0)
        if kind not in CAST_TYPES or np.dtype(CAST_TYPES[kind]).itemsize < 4:
            raise self._refusal(node, "it must give float32, float64, int32 or int64")
        if isinstance(value, RawInput | Activation):
            return value
        if np.dtype(CAST_TYPES[kind]).kind == "f":
            return replace(value, integral=False)
        if kind == INT32:
            self._check_int32(node, value)
        rounded = self._rounded(node, "down")
        return replace(rounded, integral=True) if isinstance(rounded, Exact) else rounded

    def _check_int32(self, node: Node, value: Exact) -> None:
        if value.made is None or (value.lower is not None and value.upper is not None):
            return
        reach = self._reach(value.made.layer)
        ends = [a * edge + b for a, b, edges in zip(value.scale, value.offset, reach, strict=True) for edge in edges]
        if max(map(abs, ends)) >= 1 << 31:
            raise self._refusal(node, f"its integers must fit 32 bits, and reach {float(max(ends, key=abs)):g}")

    def _rounded(self, node: Node, rounding: ExactRounding) -> Any:
        value: Any = self._value(node, 0)
        if isinstance(value, RawInput | Activation):
            return value
        if not isinstance(value, Exact):
            raise self._refusal(node, "it must round a layer's result")
        return value if value.whole else replace(value, rounding=rounding)

    def _relu(self, node: Node) -> Any:
        return self._clipped(node, 0.0, None)

    def _clip(self, node: Node) -> Any:
        low, high = (None if bound is None else float(bound) for bound in clip_bounds(self._graph, node))
        return self._clipped(node, low, high)

    def _clipped(self, node: Node, low: float | None, high: float | None) -> Any:
        bounds = [None if bound is None or math.isinf(bound) else bound for bound in (low, high)]
        if any(bound is not None and not float(bound).is_integer() for bound in bounds):
            raise self._refusal(node, f"its bounds must be whole numbers, not {low} and {high}")
        lower, upper = (None if bound is None else int(bound) for bound in bounds)
        if lower is not None and upper is not None and lower > upper:
            raise self._refusal(node, f"its bounds must enclose a code, not {lower}..{upper}")
        value: Any = self._value(node, 0)
        if not isinstance(value, Exact):
            activation = self._activation(node)
            value = Exact(view=activation.view, terms=((activation, Fraction(1)),))
        if value.lower is not None and lower is not None:
            lower = max(lower, value.lower)
        if value.upper is not None and upper is not None:
            upper = min(upper, value.upper)
        lower, upper = value.lower if lower is None else lower, value.upper if upper is None else upper
        if lower is not None and upper is not None and lower > upper:
            raise self._refusal(node, "its bounds must enclose a code that its input can have")
        self._builder.note(f"{node.label} folded into the code range of its layer")
        return replace(value, lower=lower, upper=upper)

    # ------------------------------------------------------------------ the rest

    def _settled_first(self, read: Any) -> Any:
        def settled(node: Node) -> Value:
            source: Any = self._value(node, 0)
            if isinstance(source, Exact) and source.whole:
                self._activation(node)
            elif isinstance(source, Exact):
                self._values[node.input(0)] = self._begun_sum(node, node.input(0), source)  # type: ignore[assignment] # see read
            value: Value = read(node)
            return value

        return settled

    def _softmax(self, node: Node) -> Value:
        self._finish_first(node)
        return super()._softmax(node)

    def _tail(self, node: Node) -> Value:
        shape = self._graph.shapes[node.input(0)]
        axis = node.attributes.get("axis", 1 if self._graph.opset < 13 else -1)
        if node.operator == "LogSoftmax" and (len(shape) != 2 or axis not in (1, -1)):
            raise self._refusal(node, "it must normalize the features of an output vector")
        source = self._finish_first(node)
        self._builder.note(f"{node.label} left to the host")
        return Tail(source=source, view=source.view, steps=(TAILS[node.operator],))

    def _finish_first(self, node: Node) -> Activation | Accumulation:
        value: Any = self._value(node, 0)
        finished = self._finished(node.input(0), value) if isinstance(value, Exact) else self._activation(node)
        self._values[node.input(0)] = finished
        return finished
