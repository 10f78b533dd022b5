"""The QONNX dialect (Brevitas, FINN): float tensors, and quantizers that give the real value of a code back.

``Quant`` (``IntQuant`` in newer files), ``BipolarQuant`` and ``Trunc`` become what the QCDQ reader reads: the two files
that Brevitas writes of one network give one integer network.

Rules
-----
1. A quantizer is recognized by its operator, in the domains of QONNX, Brevitas and FINN or in none. Scale, zero point
   and bit width are constants; a bit width is a whole number, a zero point too.
2. ``Quant`` of constants: their integer codes and DequantizeLinear. One scale, or one for each index of one axis.
3. ``Quant`` of an activation: QuantizeLinear, Clip to the range that bit width, ``signed`` and ``narrow`` give,
   DequantizeLinear. One scale; 1 to 16 bits.
4. It rounds after adding the zero point (see ``roundings``), as ``rounding_mode`` says.
5. ``BipolarQuant``, and a signed ``Quant`` of 1 bit, give -1 below 0 and 1 from 0 on: weights are -1 and 1, activations
   the codes 0 and 1 that stand for them.
6. ``Trunc`` drops the lowest bits of codes: a product with 2^-(input bits - output bits) and a quantizer of the same
   scale. What it reads are whole multiples of the scale.
7. Constants that multiply, or are added to, a network input in front of its quantizer are the host's.
8. ``MultiThreshold`` of a layer counts the thresholds that its value reaches; they are constants, one set or one for
   each channel. Where they are evenly spaced that is a requantization, exactly (see ``exact``); else it is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.errors import NngenError
from nngen.ir import HeadOperator, Network

from .accumulation import Accumulation
from .builder import NetworkBuilder
from .exact import threshold_requantization
from .graph import Array, Graph, Node
from .operators import refuse_dialects, refuse_operators
from .qcdq import QcdqReader
from .reach import largest_sum
from .roundings import ROUNDED, CodeRounding
from .values import Activation, Codes, Constant, Parameters, Quantizer, RawInput, Value

OPERATORS = ("Quant", "IntQuant", "BipolarQuant", "Trunc", "MultiThreshold")
DOMAINS = (
    *("", "qonnx.custom_op.general", "onnx.brevitas", "finn.custom_op.general"),
    "qonnx.custom_op.channels_last",
)
ROUNDINGS: dict[str, CodeRounding] = {
    "ROUND": "half_even",
    "HALF_EVEN": "half_even",
    "CEIL": "ceil",
    "FLOOR": "floor",
    "UP": "up",
    "DOWN": "down",
    "HALF_UP": "half_up",
    "HALF_DOWN": "half_down",
}
INPUTS = {"Quant": 4, "IntQuant": 4, "BipolarQuant": 2, "Trunc": 5}
MOST_BITS, MOST_BITS_OF_CONSTANTS = 16, 32
BOUNDS_ARE_INPUTS = 11  # the operator set since which those of Clip are no attributes
CODE_TYPES = ("uint8", "int8", "uint16", "int16", "int32")
HOST_OPERATORS: dict[str, HeadOperator] = {"Add": "add", "Sub": "subtract", "Mul": "multiply", "Div": "divide"}


def is_qonnx(graph: Graph) -> bool:
    """Return whether a graph as it was loaded holds a quantizer of QONNX."""
    return any(_own(node) for node in graph.nodes)


def _own(node: Node) -> bool:
    return node.operator in OPERATORS and node.domain in DOMAINS


def refuse_unsupported_qonnx(graph: Graph) -> Graph:
    """Return the graph unchanged, or raise ModelError for operators that neither QONNX nor ONNX files may have."""
    for node in graph.nodes:
        if node.operator in OPERATORS and not _own(node):
            raise graph.refusal(node, f"domain must be one of {', '.join(DOMAINS[1:])}, not {node.domain!r}")
    refuse_dialects(graph, own=OPERATORS)
    return refuse_operators(graph, own=OPERATORS)


# ---------------------------------------------------------------------- the pass


def replace_quantizers(graph: Graph) -> Graph:
    """Return the graph with QuantizeLinear, Clip and DequantizeLinear in place of QONNX's quantizers (rules 1 to 6)."""
    made = _Replacement(graph)
    for node in graph.nodes:
        made.take(node)
    counts = [f"{count} {operator} nodes" for operator, count in sorted(made.counts.items())]
    note = f"{', '.join(counts)} became integer codes with scale and zero point"
    return replace(
        graph, nodes=tuple(made.nodes), constants=made.constants, shapes=made.shapes, folded=(*graph.folded, note)
    )


@dataclass(frozen=True, kw_only=True)
class _Quantization:
    """What a quantizer's inputs and attributes say; scale and zero point as they are in the file."""

    scale: npt.NDArray[np.float32]
    zero_point: npt.NDArray[np.int64]
    lowest: int
    highest: int
    rounding: CodeRounding

    def codes(self, values: Array) -> npt.NDArray[np.int64]:
        """Return the codes of constants, in the float32 arithmetic of the file."""
        with np.errstate(over="ignore"):
            steps = values.astype(np.float32) / self.scale + self.zero_point.astype(np.float32)
            if self.rounding == "bipolar":
                return np.where(steps >= 0, 1, -1)
            rounded = ROUNDED[self.rounding](steps).astype(np.float64)
        return np.clip(rounded, self.lowest, self.highest).astype(np.int64)


class _Replacement:
    """The graph in the making."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = []
        self.constants, self.shapes = dict(graph.constants), dict(graph.shapes)
        self.counts: dict[str, int] = {}
        self._taken = set(graph.shapes) | {name for node in graph.nodes for name in node.outputs}

    def take(self, node: Node) -> None:
        """Take a node over, or what stands for it."""
        if not _own(node) or node.operator == "MultiThreshold":
            self.nodes.append(node)
            return
        self.counts[node.operator] = self.counts.get(node.operator, 0) + 1
        self._check(node)
        source = self.graph.constant(node.input(0))
        if node.operator == "Trunc":
            self._truncation(node)
        elif source is not None:
            self._constant(node, source, _quantization(self.graph, node, most_bits=MOST_BITS_OF_CONSTANTS))
        else:
            self._activation(node, node.input(0), _quantization(self.graph, node, most_bits=MOST_BITS), {})

    def _check(self, node: Node) -> None:
        due = INPUTS[node.operator]
        if len(node.inputs) != due or "" in node.inputs:
            raise self.graph.refusal(node, f"it must have {due} inputs, not {len(node.inputs)}")
        if len(node.outputs) != 1 or not node.outputs[0]:
            raise self.graph.refusal(node, "it must have an output")

    def _constant(self, node: Node, values: Array, how: _Quantization) -> None:
        if not _finite(values):
            raise self.graph.refusal(node, f"its constant input {node.input(0)!r} must be finite numbers")
        axis = _scaled_axis(self.graph, node, how.scale, values.ndim)
        scale = how.scale.ravel() if how.scale.size > 1 else how.scale.reshape(())
        zero_point = np.broadcast_to(how.zero_point.ravel(), max(1, scale.size)).astype(np.int32)
        zero_point = np.zeros_like(zero_point) if how.rounding == "bipolar" else zero_point
        inputs = (
            self._named(node, "codes", how.codes(values).astype(np.int32)),
            self._named(node, "scale", scale),
            self._named(node, "zero", zero_point.reshape(scale.shape)),
        )
        self._append(node, "DequantizeLinear", inputs, node.outputs[0], {"axis": axis} if scale.size > 1 else {})

    def _activation(self, node: Node, source: str, how: _Quantization, marks: dict[str, Any]) -> None:
        if how.scale.size > 1:
            raise self.graph.refusal(node, "an activation must have one scale, not one per channel")
        bipolar = how.rounding == "bipolar"
        zero_point = 1 if bipolar else int(how.zero_point.flat[0])
        lowest, highest = (0, 1) if bipolar else (how.lowest, how.highest)
        kind = _code_type(min(lowest, zero_point), max(highest, zero_point))
        if kind not in CODE_TYPES[:4]:
            raise self.graph.refusal(node, f"its zero point must be a code of 16 bits, not {zero_point}")
        scaled = (
            self._named(node, "scale", how.scale.reshape(())),
            self._named(node, "zero", np.array(zero_point, kind)),
        )
        clipped = {"min": lowest, "max": highest} if self.graph.opset < BOUNDS_ARE_INPUTS else {}
        bounds = (
            ()
            if clipped
            else tuple(self._named(node, what, np.array(b, kind)) for what, b in (("low", lowest), ("high", highest)))
        )
        marks = {**marks, "rounding": how.rounding}
        coded = self._append(node, "QuantizeLinear", (source, *scaled), self._free(node, "quantized"), marks)
        coded = self._append(node, "Clip", (coded, *bounds), self._free(node, "codes"), clipped)
        self._append(node, "DequantizeLinear", (coded, *scaled), node.outputs[0], {})

    def _truncation(self, node: Node) -> None:
        before, after = (_bit_width(self.graph, node, node.input(index), MOST_BITS_OF_CONSTANTS) for index in (3, 4))
        scale, zero_point = _scale(self.graph, node), _zero_point(self.graph, node)
        if zero_point.any():
            raise self.graph.refusal(node, "its zero point must be 0; quantize the average with a Quant instead")
        if not after <= min(before, MOST_BITS):
            raise self.graph.refusal(node, f"it must keep at most {min(before, MOST_BITS)} bits, not {after}")
        if self.graph.constant(node.input(0)) is not None:
            raise self.graph.refusal(node, "it must truncate an activation, not constants")
        signed = node.attributes.get("signed", 1)
        how = _Quantization(
            scale=scale,
            zero_point=zero_point,
            lowest=-(1 << (after - 1)) if signed else 0,
            highest=(1 << after) - 1,
            rounding=_rounding(self.graph, node, "FLOOR"),
        )
        factor = self._named(node, "shift", np.array(2.0 ** (after - before), np.float32))
        shifted = self._append(node, "Mul", (node.input(0), factor), self._free(node, "shifted"), {})
        self._activation(node, shifted, how, {"dropped": before - after})

    def _append(self, node: Node, operator: str, inputs: tuple[str, ...], output: str, attributes: Any) -> str:
        self.nodes.append(
            Node(operator=operator, domain="", name=node.name, inputs=inputs, outputs=(output,), attributes=attributes)
        )
        self.shapes[output] = self.graph.shapes[node.outputs[0]]
        return output

    def _named(self, node: Node, what: str, values: Array) -> str:
        name = self._free(node, what)
        self.constants[name], self.shapes[name] = values, values.shape
        return name

    def _free(self, node: Node, what: str) -> str:
        name = f"{node.outputs[0]}/{what}"
        while name in self._taken:
            name += "'"
        self._taken.add(name)
        return name


def _quantization(graph: Graph, node: Node, *, most_bits: int) -> _Quantization:
    scale = _scale(graph, node)
    if node.operator == "BipolarQuant":
        return _Quantization(scale=scale, zero_point=np.zeros(1, np.int64), lowest=-1, highest=1, rounding="bipolar")
    zero_point, bits = _zero_point(graph, node), _bit_width(graph, node, node.input(3), most_bits)
    if zero_point.size not in (1, scale.size):
        raise graph.refusal(node, f"its zero point must have {scale.size} values like its scale, not {zero_point.size}")
    signed, narrow = (bool(node.attributes.get(key, default)) for key, default in (("signed", 1), ("narrow", 0)))
    lowest = -(1 << (bits - 1)) + narrow if signed else 0
    highest = (1 << (bits - 1)) - 1 if signed else (1 << bits) - 1 - narrow
    if signed and bits == 1:
        if zero_point.any():
            raise graph.refusal(node, "its zero point must be 0 where it has 1 bit and a sign")
        return _Quantization(scale=scale, zero_point=zero_point, lowest=-1, highest=1, rounding="bipolar")
    if lowest >= highest:
        raise graph.refusal(node, "1 bit without sign must not be narrow: it would hold one code only")
    rounding = _rounding(graph, node, "ROUND")
    return _Quantization(scale=scale, zero_point=zero_point, lowest=lowest, highest=highest, rounding=rounding)


def _finite(values: Array) -> bool:
    with np.errstate(invalid="ignore"):  # a signalling NaN
        return bool(values.dtype.kind in "fiu" and np.isfinite(values.astype(np.float64)).all())


def _numbers(graph: Graph, node: Node, index: int, what: str) -> Array:
    values = graph.constant(node.input(index))
    if values is None:
        raise graph.refusal(node, f"its {what} {node.input(index)!r} must be constant; quantize statically")
    if values.size == 0 or not _finite(values):
        raise graph.refusal(node, f"its {what} {node.input(index)!r} must be finite numbers")
    return values


def _scale(graph: Graph, node: Node) -> npt.NDArray[np.float32]:
    values = _numbers(graph, node, 1, "scale").astype(np.float32)
    bad = values[~(values > 0)]
    if bad.size:
        raise graph.refusal(node, f"its scale {node.input(1)!r} must be above 0, not {float(bad[0]):g}")
    return values


def _zero_point(graph: Graph, node: Node) -> npt.NDArray[np.int64]:
    values = _numbers(graph, node, 2, "zero point").astype(np.float64)
    bad = values[(values != np.rint(values)) | (np.abs(values) >= 1 << 31)]
    if bad.size:
        raise graph.refusal(node, f"its zero point must be a whole number of 32 bits, not {float(bad[0]):g}")
    return values.astype(np.int64)


def _bit_width(graph: Graph, node: Node, name: str, most: int) -> int:
    values = _numbers(graph, node, node.inputs.index(name), "bit width")
    bits = float(values.flat[0])
    if values.size != 1 or not bits.is_integer() or not 1 <= bits <= most:
        said = f"{bits:g}" if values.size == 1 else f"{values.size} numbers"
        raise graph.refusal(node, f"its bit width must be a whole number of 1 to {most}, not {said}")
    return int(bits)


def _rounding(graph: Graph, node: Node, default: str) -> CodeRounding:
    mode = str(node.attributes.get("rounding_mode", default))
    if mode.upper() not in ROUNDINGS:
        raise graph.refusal(node, f"rounding_mode must be one of {', '.join(ROUNDINGS)}, not {mode!r}")
    return ROUNDINGS[mode.upper()]


def _scaled_axis(graph: Graph, node: Node, scale: Array, rank: int) -> int:
    """Return the axis of constants along which scales differ; 0 where there is one scale."""
    shape = (1,) * (rank - scale.ndim) + scale.shape
    axes = [axis for axis, size in enumerate(shape) if size > 1]
    due = graph.shapes[node.input(0)]
    if len(shape) > rank or len(axes) > 1 or any(shape[axis] != due[axis] for axis in axes):
        reason = f"its scale of shape {list(scale.shape)} must be one number or one for each index of one axis"
        raise graph.refusal(node, f"{reason} of {list(due)}")
    return axes[0] if axes else 0


def _code_type(lowest: int, highest: int) -> str:
    limits = ((kind, np.iinfo(kind)) for kind in CODE_TYPES)
    return next((kind for kind, info in limits if info.min <= lowest and highest <= info.max), "int64")


# ---------------------------------------------------------------------- the reader


def read_qonnx(graph: Graph, *, name: str, multiplier_bits: int) -> Network:
    """Read a graph whose quantizers were replaced as a network.

    Raises
    ------
    ModelError
        Where a rule of this module, of ``qcdq``, ``qdq`` or ``float_graph`` is broken, naming the node.
    """
    builder = NetworkBuilder(graph, name=name, dialect="QONNX", multiplier_bits=multiplier_bits)
    return _Reader(graph, builder, multiplier_bits=multiplier_bits).read()


class _Reader(QcdqReader):
    def __init__(self, graph: Graph, builder: NetworkBuilder, *, multiplier_bits: int) -> None:
        super().__init__(graph, builder)
        self._multiplier_bits = multiplier_bits
        self._readers["MultiThreshold"] = self._multi_threshold
        for operator in HOST_OPERATORS:
            self._readers[operator] = self._on_host_or(self._readers[operator])

    def _quantizer(self, node: Node) -> Quantizer:
        how = super()._quantizer(node)
        rounding = node.attributes.get("rounding")
        return replace(how, rounding=rounding, after_zero_point=True) if rounding else how

    def _quantize(self, node: Node) -> Value:
        source = self._value(node, 0)
        if "dropped" in node.attributes:
            self._check_multiples(node, source)
        return super()._quantize(node)

    def _check_multiples(self, node: Node, source: Value) -> None:
        """Refuse a Trunc of what is no whole multiple of its scale: the file rounds twice then."""
        if not isinstance(source, Accumulation):
            raise self._refusal(node, "a Trunc must follow a layer")
        steps = np.concatenate([source.scale, source.offset]) / self._quantizer(node).scale
        whole = np.ldexp(steps, node.attributes["dropped"])
        if not np.allclose(whole, np.rint(whole), rtol=1e-6, atol=0):
            raise self._refusal(node, "a Trunc must read whole multiples of its scale, as a sum of codes is")

    def _multi_threshold(self, node: Node) -> Value:
        made = self._affine(node, self._value(node, 0))
        if made is None or made.parts > 1:
            raise self._refusal(node, "it must count thresholds of a layer's result, or of a quantized activation")
        thresholds = self._thresholds(node, made.channels)
        largest = largest_sum(made.layer, [self._builder.largest_code(name) for name in made.layer.inputs])
        reach = np.broadcast_to(largest, made.channels).tolist()
        channels = zip(made.integer.tolist(), made.scale.tolist(), made.offset.tolist(), thresholds, strict=True)
        first = [_least_accumulators(*channel) for channel in channels]
        try:
            constants = threshold_requantization(
                [least for least, _ in first],
                reach=[(-edge, edge) for edge in reach],
                multiplier_bits=self._multiplier_bits,
            )
        except NngenError as error:
            raise self._refusal(node, f"{error}; export with Quant nodes, before FINN's streamlining") from None
        m = constants.multiplier * np.array([sign for _, sign in first])
        quantizer = self._counted(node, thresholds.shape[1])
        source = replace(made, settled=replace(constants, multiplier=m))
        codes = Codes(name=node.outputs[0], source=source, quantizer=quantizer, view=made.view)
        self._builder.add(codes)
        self._builder.note(f"{node.label} folded into the requantization of layer {made.name!r}")
        return Activation(codes=codes, view=codes.view)

    def _thresholds(self, node: Node, channels: int) -> Array:
        if node.attributes.get("data_layout", "NCHW") not in ("NCHW", "NC"):
            raise self._refusal(node, f"data_layout must be NCHW or NC, not {node.attributes['data_layout']!r}")
        values = np.sort(self._floats(node, 1), axis=-1)
        if values.ndim != 2 or values.shape[0] not in (1, channels) or not 1 <= values.shape[1] < 1 << MOST_BITS:
            due = f"thresholds must have shape (1 or {channels}, at most {(1 << MOST_BITS) - 1})"
            raise self._refusal(node, f"its {due}, not {list(values.shape)}")
        return np.broadcast_to(values, (channels, values.shape[1]))

    def _counted(self, node: Node, most: int) -> Quantizer:
        """Return what a count stands for: ``out_scale * count + out_bias``."""
        scale, bias = (float(node.attributes.get(key, due)) for key, due in (("out_scale", 1.0), ("out_bias", 0.0)))
        if not (np.isfinite([scale, bias]).all() and scale > 0 and float(-2 * bias / scale).is_integer()):
            raise self._refusal(node, f"out_scale must be above 0 and divide out_bias, not {scale:g} and {bias:g}")
        zero_point = -bias / scale
        if not zero_point.is_integer():
            if most != 1 or zero_point != 0.5:
                raise self._refusal(node, f"out_scale must divide out_bias, not {scale:g} and {bias:g}")
            half = np.float32(scale / 2)
            return Quantizer(scale=half, zero_point=1, lowest=0, highest=1, type="uint8", rounding="bipolar")
        return Quantizer(
            scale=np.float32(scale), zero_point=int(zero_point), lowest=0, highest=most, type=_code_type(0, most)
        )

    def _on_host_or(self, read: Any) -> Any:
        def either(node: Node) -> Value:
            values = [self._value(node, index) for index in range(2)]
            index = 0 if isinstance(values[0], RawInput) else 1
            source, other = values[index], values[1 - index]
            if not isinstance(source, RawInput) or not isinstance(other, Constant | Parameters):
                return read(node)  # type: ignore[no-any-return] # a reader of nodes
            return self._on_host(node, source, other, swapped=index == 1)

        return either

    def _on_host(self, node: Node, source: RawInput, other: Constant | Parameters, *, swapped: bool) -> RawInput:
        if isinstance(other, Parameters) or other.values.size != 1 or self._reader_count(node) < 1:
            raise self._refusal(node, "in front of an input's quantizer constants must be one number for all channels")
        if swapped and node.operator in ("Sub", "Div"):
            raise self._refusal(node, "in front of an input's quantizer the input must be the first operand")
        if self._graph.shapes[node.outputs[0]] != source.view.shape:
            raise self._refusal(node, "it must keep the shape of the network input")
        value = float(np.float32(other.values.flat[0]))
        if not np.isfinite(value) or (node.operator == "Div" and value == 0):
            raise self._refusal(node, f"its constant must be finite, and not 0 where it divides, not {value:g}")
        self._builder.note(f"{node.label} left to the host")
        return replace(source, head=(*source.head, (HOST_OPERATORS[node.operator], value)))


def _least_accumulators(integer: int, scale: float, offset: float, thresholds: Array) -> tuple[list[int], int]:
    """Return the least accumulators that reach each threshold, and 1; for a negative scale those of -acc, and -1."""
    sign = -1 if scale < 0 else 1
    step, start = Fraction(abs(scale)), Fraction(offset)
    edges = [(Fraction(float(threshold)) - start) for threshold in thresholds]
    if not step:
        return [-(1 << 40) if edge <= 0 else 1 << 40 for edge in edges], sign
    return [math.ceil(edge / step) - sign * integer for edge in edges], sign
