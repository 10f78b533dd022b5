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
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from nngen.errors import ModelError, NngenError
from nngen.ir import DepthwiseLayer, ElementwiseLayer, Layer, MatrixLayer, Network, PoolLayer, TailStep
from nngen.numerics import signed_bits

from .accumulation import Accumulation, yet_to_come
from .builder import NetworkBuilder
from .exact import ExactRounding, Range, exact_requantization
from .float_graph import FloatGraphReader
from .folding import CAST_TYPES, clip_bounds
from .graph import Array, Graph, Node
from .layout import IntArray, View
from .matrix_operators import LARGEST_WEIGHT
from .operators import LAYERS, QUANTIZERS, refuse_dialects, refuse_operators
from .values import Activation, Codes, Constant, Quantizer, RawInput, Tail, Value

OWN = ("RequantShift",)
MORE_OPERATORS = ("Cast", "Floor", "LogSoftmax", "Pad")
SEEN_THROUGH = ("Constant", "Transpose", "Identity", "Reshape")
MOST_BITS = 16
INT32 = 6
TAILS: dict[str, TailStep] = {"LogSoftmax": "log_softmax", "Sigmoid": "sigmoid"}
WHOLE = "put a Floor, or a Cast to integers, behind its Div"
ONE = np.float32(1)


def is_integer_floats(graph: Graph) -> bool:
    """Return whether a graph as it was loaded computes with whole numbers and rounds them itself."""
    makers = {output: node for node in graph.nodes for output in node.outputs}
    layers = [node for node in graph.nodes if node.operator in LAYERS and not node.domain]
    quantized = any(node.operator in QUANTIZERS for node in graph.nodes)
    rounds = any(node.operator in ("Floor", *OWN) or _casts_to_integers(node) for node in graph.nodes)
    weights = [_weights_of(graph, node, makers) for node in layers]
    return bool(layers) and rounds and not quantized and all(one is not None and _whole(one) for one in weights)


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


def _whole(values: Array) -> bool:
    with np.errstate(invalid="ignore"):  # a signalling NaN
        numbers = values.astype(np.float64)
    return bool(values.dtype.kind in "fiu" and np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all())


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


@dataclass(frozen=True, kw_only=True)
class Exact:
    """A value in fractions: of one layer's accumulators, or of a sum of activations that is no layer yet.

    Parameters
    ----------
    made
        The layer; None while ``terms`` stand for it.
    terms
        Activations, each times a factor.
    scale, offset
        The value is ``acc * scale + offset``, one of each per channel; for terms one offset, and a scale of 1.
    rounding
        How the file rounded it; None where it did not.
    lower, upper
        Bounds of the codes; None where open.
    integral
        Whether the file's tensor has an integer type.
    """

    view: View
    made: Accumulation | None = None
    terms: tuple[tuple[Activation, Fraction], ...] = ()
    scale: tuple[Fraction, ...] = (Fraction(1),)
    offset: tuple[Fraction, ...] = (Fraction(0),)
    rounding: ExactRounding | None = None
    lower: int | None = None
    upper: int | None = None
    integral: bool = False

    @property
    def affine(self) -> bool:
        """Whether neither rounding nor bounds were applied."""
        return self.rounding is None and self.lower is None and self.upper is None

    @property
    def whole(self) -> bool:
        """Whether it can hold whole numbers only."""
        numbers = [*self.scale, *self.offset, *(factor for _, factor in self.terms)]
        return self.rounding is not None or all(number.denominator == 1 for number in numbers)


class IntegerFloatReader(FloatGraphReader):
    """Reads everything as whole numbers."""

    def __init__(self, graph: Graph, builder: NetworkBuilder, *, multiplier_bits: int) -> None:
        super().__init__(graph, builder)
        self._multiplier_bits = multiplier_bits
        rearranged = self._readers["Reshape"]
        views = [operator for operator, read in self._readers.items() if read == rearranged]
        self._readers |= dict.fromkeys(views, self._settled_first(rearranged))
        self._readers |= {
            "Cast": self._cast,
            "Floor": self._floor,
            "LogSoftmax": self._tail,
            "Sigmoid": self._tail,
        }

    # ------------------------------------------------------------------ values

    def read(self) -> Network:
        """Return the network."""
        for node in self._graph.nodes:
            value: Any = self._read_node(node)
            if isinstance(value, Accumulation):
                value = self._of_accumulation(value, node)
            if isinstance(value, Exact):
                value = self._kept_exact(node, value)
            self._values[node.outputs[0]] = value
        for name in self._graph.outputs:
            self._builder.output(name, self._output(name))
        return self._builder.finish()

    def _kept_exact(self, node: Node, value: Exact) -> Value | Exact:
        if self._reader_count(node) > 1:
            return self._final(node, node.outputs[0], value)
        return value

    def _of_accumulation(self, made: Accumulation, node: Node) -> Exact:
        """Return the value of a layer that just began; a mean divides by its elements."""
        layer = made.layer
        divisor = 1
        if isinstance(layer, PoolLayer) and layer.kind == "average":
            if layer.by_count:
                raise self._refusal(node, "count_include_pad must be 1 where it pads: the file adds whole numbers")
            divisor = layer.rows
        return Exact(
            view=made.view,
            made=made,
            scale=(Fraction(1, divisor),) * made.channels,
            offset=tuple(Fraction(int(one)) for one in made.integer)
            if divisor == 1
            else (Fraction(0),) * made.channels,
        )

    def _output(self, name: str) -> Activation | Accumulation | Codes | Tail:
        value: Any = self._values.get(name)
        if isinstance(value, RawInput):
            raise ModelError(f"{self._graph.file}: output {name!r} must be the result of a layer")
        return self._finished(name, value) if isinstance(value, Exact) else super()._output(name)

    def _finished(self, name: str, value: Exact) -> Activation | Accumulation:
        """Return an output: codes, or the accumulators of a last layer that the host scales."""
        makers = {output: node for node in self._graph.nodes for output in node.outputs}
        if value.made is None or not value.affine:
            return self._final(makers[name], name, value)
        made = value.made
        integral = all(one == 1 for one in value.scale) and all(one.denominator == 1 for one in value.offset)
        whole = [int(one) for one in value.offset] if integral else [0] * made.channels
        offset = [0.0] * made.channels if integral else [float(one) for one in value.offset]
        return replace(
            made,
            view=value.view,
            integer=np.array(whole, np.int64),
            scale=np.array([float(one) for one in value.scale]),
            offset=np.array(offset),
        )

    def _activation(self, node: Node, index: int = 0) -> Activation:
        source: Any = self._value(node, index)
        if isinstance(source, RawInput):
            return self._input(source)
        if isinstance(source, Exact):
            settled = self._final(node, node.input(index), source)
            self._values[node.input(index)] = settled
            return settled
        if isinstance(source, Tail):
            raise self._refusal(node, f"nothing may follow {node.input(index)!r}, which the host computes")
        if not isinstance(source, Activation):
            raise self._refusal(node, f"its input {node.input(index)!r} must be a network input or a layer's result")
        return source

    def _input(self, source: RawInput) -> Activation:
        value = source.input
        if value.type == "float32":
            signed = _first_is_signed(self._graph)
            lowest, highest = (-128, 127) if signed else (0, 255)
        else:
            limits = np.iinfo(value.type)
            lowest, highest = int(limits.min), int(limits.max)
        quantizer = Quantizer(scale=ONE, zero_point=0, lowest=lowest, highest=highest, type=value.type)
        codes = Codes(name=value.name, source=source, quantizer=quantizer, view=source.view)
        if value.type == "float32" and not self._builder.known(codes):
            taken = f"taken as integers {lowest}..{highest}"
            self._builder.note(f"warning: float input {value.name!r} has no range in the file: {taken}")
        self._builder.add(codes)
        return Activation(codes=codes, view=source.view)

    def _final(self, node: Node, name: str, value: Exact) -> Activation:
        """Return the codes of a value that is whole: the layer ends here."""
        if not value.whole:
            raise self._refusal(node, f"its input {name!r} must be whole numbers; {WHOLE}")
        if value.made is None and len(value.terms) == 1 and value.affine:
            ((activation, factor),) = value.terms
            if factor == 1 and value.offset == (Fraction(0),):
                return activation
        value = self._begun_sum(node, name, value)
        made = value.made
        assert made is not None
        reach = self._reach(made.layer)
        lowest, highest = self._codes(node, name, value, reach)
        try:
            constants = exact_requantization(
                scale=value.scale,
                offset=value.offset,
                rounding=value.rounding or "floor",
                codes=(lowest, highest),
                reach=reach,
                multiplier_bits=self._multiplier_bits,
            )
        except NngenError as error:
            raise ModelError(f"{self._graph.file}: layer {made.name!r} cannot be requantized: {error}") from None
        quantizer = Quantizer(scale=ONE, zero_point=0, lowest=lowest, highest=highest, type="float32")
        codes = Codes(name=name, source=replace(made, settled=constants), quantizer=quantizer, view=value.view)
        self._builder.add(codes)
        return Activation(codes=codes, view=value.view)

    def _codes(self, node: Node, name: str, value: Exact, reach: list[Range]) -> Range:
        """Return the range of the codes: the file's bounds, and what the accumulators can reach."""
        ends = [
            one * edge + two
            for one, two, (low, high) in zip(value.scale, value.offset, reach, strict=True)
            for edge in (low, high)
        ]
        lowest, highest = math.floor(min(ends)), math.ceil(max(ends))
        lowest = lowest if value.lower is None else value.lower
        highest = max(lowest, highest) if value.upper is None else value.upper
        lowest = min(lowest, highest)
        low, high = min(lowest, 0), max(highest, 0)
        bits = signed_bits(low, high) if low < 0 else max(1, high.bit_length())
        if bits > MOST_BITS:
            reason = f"its input {name!r} must have at most {MOST_BITS} bits, and reaches {lowest}..{highest}"
            raise self._refusal(node, f"{reason}; put a Clip in front")
        return lowest, highest

    def _reach(self, layer: Layer) -> list[Range]:
        """Return the least and the largest accumulator of each channel; padding is 0."""
        ranges = [self._builder.code_range(name) for name in layer.inputs]
        if any(layer.pads):
            ranges = [(min(low, 0), max(high, 0)) for low, high in ranges]
        if isinstance(layer, MatrixLayer | DepthwiseLayer):
            weights = layer.weights.reshape(len(layer.weights), -1)
            (low, high), positive, negative = ranges[0], np.maximum(weights, 0), np.minimum(weights, 0)
            up, down = positive.sum(axis=1), negative.sum(axis=1)
            return list(zip((up * low + down * high).tolist(), (up * high + down * low).tolist(), strict=True))
        if isinstance(layer, ElementwiseLayer):
            pairs = [
                sorted((factor * low, factor * high))
                for factor, (low, high) in zip(layer.coefficients, ranges, strict=True)
            ]
            return [(sum(low for low, _ in pairs), sum(high for _, high in pairs))] * layer.outputs
        times = layer.rows if isinstance(layer, PoolLayer) and layer.kind == "average" else 1
        return [(min(low for low, _ in ranges) * times, max(high for _, high in ranges) * times)] * layer.outputs

    def _begun_sum(self, node: Node, name: str, value: Exact) -> Exact:
        """Return a value whose terms have become a layer."""
        if value.made is not None:
            return value
        operands = [self._builder.operand(node, activation) for activation, _ in value.terms]
        (_, shape, view), *others = operands
        for _, other, order in others:
            if other != shape or not np.array_equal(order.positions, view.positions):
                what = f"{list(view.shape)} and {list(order.shape)}"
                raise self._refusal(node, f"its activations must have one shape and order, not {what}")
        factors = [factor for _, factor in value.terms]
        denominator = math.lcm(*(factor.denominator for factor in factors))
        common = math.gcd(*(int(factor * denominator) for factor in factors)) or 1
        unit = Fraction(common, denominator)
        coefficients = tuple(int(factor / unit) for factor in factors)
        if max(map(abs, coefficients)) >= 1 << 23:
            raise self._refusal(node, f"the factors of a sum must have at most 24 bits, not {list(coefficients)}")
        channels = shape[2]
        layer = ElementwiseLayer(
            name=name,
            inputs=tuple(operand for operand, _, _ in operands),
            output=name,
            coefficients=coefficients,
            requantization=yet_to_come(channels),
        )
        made = _accumulation(layer, shape, view)
        offset = value.offset if len(value.offset) == channels else value.offset * channels
        return replace(value, made=made, terms=(), scale=(unit,) * channels, offset=offset, view=view)

    # ------------------------------------------------------------------ layers

    def _weights(self, node: Node, *, output_axis: int) -> tuple[IntArray, Any]:
        weights = self._value(node, 1)
        if isinstance(weights, Constant) and _whole(weights.values):
            largest = float(np.abs(weights.values.astype(np.float64)).max(initial=0))
            if largest > LARGEST_WEIGHT:
                limits = f"-{LARGEST_WEIGHT}..{LARGEST_WEIGHT}"
                raise self._refusal(node, f"its weights {node.input(1)!r} must lie in {limits}, not reach {largest:g}")
            codes = weights.values.astype(np.int64)
            return codes, np.full(codes.shape[output_axis], ONE)
        raise self._refusal(node, f"its weights {node.input(1)!r} must be constant whole numbers")

    def _biased(self, node: Node, index: int, layer: Accumulation, view: View) -> Accumulation:
        values = self._per_channel(node, layer, view, self._floats(node, index))
        if not (values == np.rint(values)).all() or np.abs(values).max(initial=0) >= 1 << 52:
            raise self._refusal(node, f"its bias {node.input(index)!r} must be whole numbers")
        return replace(layer, integer=layer.integer + values.astype(np.int64))

    def _kept(self, node: Node, made: Accumulation, quantizer: Quantizer) -> Value:
        codes = Codes(name=node.outputs[0], source=made, quantizer=quantizer, view=made.view)
        self._builder.add(codes)
        return Activation(codes=codes, view=codes.view)

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
            value = _scaled(value, (Fraction(-1),) * len(value.scale))
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
        return _scaled(value, numbers)

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
        divided = _scaled(value, tuple(1 / number for number in numbers))
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


def _scaled(value: Exact, factors: tuple[Fraction, ...]) -> Exact:
    offset = tuple(one * factor for one, factor in zip(value.offset, factors, strict=True))
    if value.made is None:
        terms = tuple((activation, factor * factors[0]) for activation, factor in value.terms)
        return replace(value, terms=terms, offset=offset)
    scale = tuple(one * factor for one, factor in zip(value.scale, factors, strict=True))
    return replace(value, scale=scale, offset=offset)


def _accumulation(layer: ElementwiseLayer, shape: tuple[int, int, int], view: View) -> Accumulation:
    channels = shape[2]
    return Accumulation(
        name=layer.name,
        layer=layer,
        shape=shape,
        view=view,
        unit=np.ones(channels, np.float32),
        integer=np.zeros(channels, np.int64),
        scale=np.ones(channels),
        offset=np.zeros(channels),
    )


def _first_is_signed(graph: Graph) -> bool:
    for node in graph.nodes:
        if node.operator == "RequantShift":
            return bool(np.asarray(node.attributes.get("signed", 1)).flat[0])
        if node.operator == "Clip":
            low, _ = clip_bounds(graph, node)
            return low is None or float(low) < 0
        if node.operator == "Relu":
            return False
    return False
