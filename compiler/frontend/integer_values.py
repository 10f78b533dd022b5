"""Values of the integer dialects: fractions of accumulators, and the layers and codes that they become.

The rules are those of ``integer_floats``; here is what they do to values, there what operators do.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from nngen.errors import ModelError, NngenError
from nngen.ir import DepthwiseLayer, ElementwiseLayer, Layer, MatrixLayer, Network, PoolLayer
from nngen.numerics import signed_bits

from .accumulation import Accumulation, yet_to_come
from .builder import NetworkBuilder
from .exact import ExactRounding, Range, exact_requantization
from .float_graph import FloatGraphReader
from .folding import clip_bounds
from .graph import Array, Graph, Node
from .layout import IntArray, View
from .matrix_operators import LARGEST_WEIGHT
from .values import Activation, Codes, Constant, Quantizer, RawInput, Tail, Value

MOST_BITS = 16
WHOLE = "put a Floor, or a Cast to integers, behind its Div"
ONE = np.float32(1)


def whole_numbers(values: Array) -> bool:
    """Return whether an array holds finite whole numbers only."""
    with np.errstate(invalid="ignore"):  # a signalling NaN
        numbers = values.astype(np.float64)
    return bool(values.dtype.kind in "fiu" and np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all())


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

    def times(self, factors: tuple[Fraction, ...]) -> Exact:
        """Return the value times a factor for each of its channels."""
        offset = tuple(one * factor for one, factor in zip(self.offset, factors, strict=True))
        if self.made is None:
            terms = tuple((activation, factor * factors[0]) for activation, factor in self.terms)
            return replace(self, terms=terms, offset=offset)
        scale = tuple(one * factor for one, factor in zip(self.scale, factors, strict=True))
        return replace(self, scale=scale, offset=offset)


class IntegerValues(FloatGraphReader):
    """Keeps values exact until a layer reads them, and makes layers of them then."""

    def __init__(self, graph: Graph, builder: NetworkBuilder, *, multiplier_bits: int) -> None:
        super().__init__(graph, builder)
        self._multiplier_bits = multiplier_bits

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
        if isinstance(weights, Constant) and whole_numbers(weights.values):
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
