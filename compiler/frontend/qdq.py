"""The QDQ dialect: QuantizeLinear and DequantizeLinear around float operators (onnxruntime, TFLite by tf2onnx).

Rules
-----
1. Weights are integer constants behind DequantizeLinear; so is a quantized bias.
2. An activation is QuantizeLinear, then DequantizeLinear of the same scale and zero point; pools and reshapes may stand
   between. On a network input it belongs to the host.
3. An integer network input goes to DequantizeLinear directly; the host then only reorders it. An integer output is
   codes.
4. QuantizeLinear of an activation: of the same scale, zero point and range it is passed through; any other is a layer
   that requantizes.
5. Behind a Softmax QuantizeLinear and DequantizeLinear are the host's too.
6. Scales of activations are per tensor, their codes of at most 16 bits.
7. Nodes of a pass may ask for what no node of a file does: ``after_zero_point`` (a quantizer adds it before it
   rounds) and ``centres`` (codes without their zero point, whatever their scale).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypedDict

import numpy as np

from nngen.ir import Network

from .accumulation import Accumulation
from .builder import NetworkBuilder
from .float_graph import FloatGraphReader
from .graph import Graph, Node
from .operators import WAY_OUT
from .quantizers import INTEGER_BITS, code_range, scaling
from .reading import AFTER_SOFTMAX
from .values import Activation, Codes, Constant, Parameters, Pointwise, Quantizer, RawInput, Tail, Value

ONE_SCALE = "an activation must have one scale, not one per channel"


def read_qdq(graph: Graph, *, name: str, multiplier_bits: int) -> Network:
    """Read a prepared graph (ordered, folded, with shapes) as a network.

    Raises
    ------
    ModelError
        Where a rule of this module or of ``float_graph`` is broken, naming the node.
    """
    builder = NetworkBuilder(graph, name=name, dialect="QDQ", multiplier_bits=multiplier_bits)
    return QdqReader(graph, builder).read()


class QdqReader(FloatGraphReader):
    """Adds the quantizers."""

    def __init__(self, graph: Graph, builder: NetworkBuilder) -> None:
        super().__init__(graph, builder)
        self._readers |= {"DequantizeLinear": self._dequantize, "QuantizeLinear": self._quantize}
        self._zero_points: dict[str, int] = {}  # of integer inputs of the network

    def _quantize(self, node: Node) -> Value:
        source, quantizer = self._value(node, 0), self._quantizer(node)
        if isinstance(source, Tail):
            return self._behind_softmax(node, source, quantizer)
        if isinstance(source, Activation):
            return self._requantized(node, source, quantizer)
        if not isinstance(source, RawInput | Accumulation | Pointwise):
            raise self._refusal(node, f"it must quantize an input or a layer's result; {WAY_OUT}")
        if isinstance(source, RawInput) and source.input.type != "float32":
            raise self._refusal(node, f"input {source.input.name!r} must be float32, not {source.input.type}")
        return Codes(name=node.outputs[0], source=source, quantizer=quantizer, view=source.view)

    def _quantizer(self, node: Node) -> Quantizer:
        how = scaling(self._graph, node, of=self._graph.shapes[node.input(0)])
        if not how.per_tensor:
            raise self._refusal(node, ONE_SCALE)
        if INTEGER_BITS[how.type] > 16:
            raise self._refusal(node, f"an activation must have at most 16 bits, not {INTEGER_BITS[how.type]}")
        return Quantizer(
            scale=how.scale.flat[0],
            zero_point=int(how.zero_point.flat[0]),
            **_range(how.type),
            type=how.type,
            after_zero_point=_asked(node, "after_zero_point"),
        )

    def _requantized(self, node: Node, source: Activation, quantizer: Quantizer) -> Value:
        old = source.codes.quantizer
        same = quantizer.scale == old.scale and quantizer.zero_point == old.zero_point
        if (
            same
            and quantizer.parts == old.parts
            and quantizer.lowest <= old.lowest
            and quantizer.highest >= old.highest
        ):
            self._builder.note(f"{node.label} repeats the quantization of its input")
            return replace(source.codes, view=source.view)
        made = self._lone(node, source)
        return Codes(name=node.outputs[0], source=made, quantizer=quantizer, view=made.view)

    def _behind_softmax(self, node: Node, source: Tail, quantizer: Quantizer) -> Value:
        if source.steps != ("softmax",):
            raise self._refusal(node, AFTER_SOFTMAX)
        self._builder.note(f"{node.label} left to the host")
        return replace(source, steps=(*source.steps, "quantize"), quantizer=quantizer)

    def _dequantize(self, node: Node) -> Value:
        source = self._value(node, 0)
        how = scaling(self._graph, node, of=self._graph.shapes[node.input(0)])
        if isinstance(source, Constant):
            if str(source.values.dtype) not in INTEGER_BITS:
                raise self._refusal(node, f"its constant must hold integers, not {source.values.dtype}")
            return Parameters(codes=source.values.astype(np.int64), scale=how.scale, zero_point=how.zero_point)
        if isinstance(source, RawInput) and not how.per_tensor:
            raise self._refusal(node, ONE_SCALE)
        if isinstance(source, RawInput) and source.input.type == how.type:
            zero_point = int(how.zero_point.flat[0])
            quantizer = Quantizer(scale=how.scale.flat[0], zero_point=zero_point, **_range(how.type), type=how.type)
            source = Codes(name=source.input.name, source=source, quantizer=quantizer, view=source.view)
            if self._zero_points.setdefault(source.name, zero_point) != zero_point:
                raise self._refusal(node, f"all readers of input {source.name!r} must take one zero point of it")
        found = source.quantizer if isinstance(source, Codes | Tail) else None
        if found is None:
            raise self._refusal(node, f"it must dequantize codes of a QuantizeLinear; {WAY_OUT}")
        centres = _asked(node, "centres")
        other_scale = how.scale.flat[0] != found.scale and not centres
        if not how.per_tensor or other_scale or how.zero_point.flat[0] != found.zero_point:
            raise self._refusal(node, "its scale and zero point must be those of the QuantizeLinear before it")
        if isinstance(source, Codes):
            self._builder.add(source)
            if centres:
                source = replace(source, quantizer=replace(found, scale=np.float32(1)))
            return Activation(codes=source, view=source.view)
        assert isinstance(source, Tail)
        if source.steps[-1] != "quantize":
            raise self._refusal(node, AFTER_SOFTMAX)
        return replace(source, steps=(*source.steps, "dequantize"))


def _asked(node: Node, what: str) -> bool:
    """Return whether a pass asks for something; a file cannot."""
    return bool(node.origin) and bool(node.attributes.get(what, 0))


class _Range(TypedDict):
    lowest: int
    highest: int


def _range(kind: str) -> _Range:
    lowest, highest = code_range(kind)
    return {"lowest": lowest, "highest": highest}
