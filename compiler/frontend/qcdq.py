"""The QCDQ dialect: QuantizeLinear, Clip, DequantizeLinear around float operators; plain QDQ is the case without Clip.

Rules
-----
1. Weights are integer constants behind DequantizeLinear; so is a quantized bias.
2. An activation is QuantizeLinear, then Clip where it has fewer bits than its type, then DequantizeLinear of the same
   scale and zero point. On a network input it belongs to the host.
3. An integer network input goes to DequantizeLinear directly; the host then only reorders it.
4. An identity QuantizeLinear and DequantizeLinear (same scale, zero point and range) is passed through.
5. Scales of activations are per tensor, their codes of at most 16 bits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.ir import Network

from .accumulation import Accumulation
from .builder import NetworkBuilder
from .float_graph import AFTER_SOFTMAX, WAY_OUT, FloatGraphReader
from .folding import clip_bounds
from .graph import Graph, Node
from .quantizers import INTEGER_BITS, code_range, scaling
from .values import Activation, Codes, Constant, Parameters, Quantizer, RawInput, Tail, Value


def read_qcdq(graph: Graph, *, name: str, multiplier_bits: int) -> Network:
    """Read a prepared graph (ordered, folded, with shapes) as a network.

    Raises
    ------
    ModelError
        Where a rule of this module or of ``float_graph`` is broken, naming the node.
    """
    builder = NetworkBuilder(graph, name=name, dialect="QCDQ", multiplier_bits=multiplier_bits)
    return _Reader(graph, builder).read()


class _Reader(FloatGraphReader):
    def __init__(self, graph: Graph, builder: NetworkBuilder) -> None:
        super().__init__(graph, builder)
        self._readers |= {
            "Clip": self._clip_codes,
            "DequantizeLinear": self._dequantize,
            "QuantizeLinear": self._quantize,
        }

    def _quantize(self, node: Node) -> Value:
        source = self._value(node, 0)
        how = scaling(self._graph, node, of=self._graph.shapes[node.input(0)])
        if not how.per_tensor:
            raise self._refusal(node, "an activation must have one scale, not one per channel")
        if INTEGER_BITS[how.type] > 16:
            raise self._refusal(node, f"an activation must have at most 16 bits, not {INTEGER_BITS[how.type]}")
        lowest, highest = code_range(how.type)
        quantizer = Quantizer(
            scale=how.scale.flat[0], zero_point=int(how.zero_point.flat[0]), lowest=lowest, highest=highest
        )
        if isinstance(source, Activation):
            return self._requantized(node, source, quantizer)
        if isinstance(source, Tail):
            raise self._refusal(node, AFTER_SOFTMAX)
        if not isinstance(source, RawInput | Accumulation):
            raise self._refusal(node, f"it must quantize an input or a layer's result; {WAY_OUT}")
        if isinstance(source, RawInput) and source.input.type != "float32":
            raise self._refusal(node, f"input {source.input.name!r} must be float32, not {source.input.type}")
        readers = self._consumers.get(node.outputs[0], [])
        if len(readers) > 1 and any(reader.operator == "Clip" for reader in readers):
            raise self._refusal(node, "its codes must have one reader where a Clip narrows them")
        return Codes(name=node.outputs[0], source=source, quantizer=quantizer, view=source.view)

    def _requantized(self, node: Node, source: Activation, quantizer: Quantizer) -> Value:
        old = source.codes.quantizer
        same = quantizer.scale == old.scale and quantizer.zero_point == old.zero_point
        if not same or quantizer.lowest > old.lowest or quantizer.highest < old.highest:
            raise self._refusal(node, "a second quantizer with another scale or range is not supported without a layer")
        self._builder.note(f"{node.label} repeats the quantization of its input")
        return replace(source.codes, view=source.view)

    def _narrowed(self, node: Node, codes: Codes) -> Value:
        old = codes.quantizer
        bounds = clip_bounds(self._graph, node)
        low, high = (
            edge if bound is None else int(np.clip(int(bound), old.lowest, old.highest))
            for bound, edge in zip(bounds, (old.lowest, old.highest), strict=True)
        )
        if low > high:
            raise self._refusal(node, f"its bounds must enclose a code, not {low}..{high}")
        if self._builder.known(codes):
            if (low, high) != (old.lowest, old.highest):
                raise self._refusal(node, f"it must keep the range {old.lowest}..{old.highest}, not {low}..{high}")
            return codes
        return replace(codes, name=node.outputs[0], quantizer=replace(old, lowest=low, highest=high))

    def _dequantize(self, node: Node) -> Value:
        source = self._value(node, 0)
        how = scaling(self._graph, node, of=self._graph.shapes[node.input(0)])
        if isinstance(source, Constant):
            if str(source.values.dtype) not in INTEGER_BITS:
                raise self._refusal(node, f"its constant must hold integers, not {source.values.dtype}")
            return Parameters(codes=source.values.astype(np.int64), scale=how.scale, zero_point=how.zero_point)
        if isinstance(source, RawInput) and how.per_tensor and source.input.type == how.type:
            low, high = code_range(how.type)
            zero_point = int(how.zero_point.flat[0])
            quantizer = Quantizer(scale=how.scale.flat[0], zero_point=zero_point, lowest=low, highest=high)
            source = Codes(name=source.input.name, source=source, quantizer=quantizer, view=source.view)
        if not isinstance(source, Codes):
            raise self._refusal(node, f"it must dequantize codes of a QuantizeLinear; {WAY_OUT}")
        quantizer = source.quantizer
        if not how.per_tensor or how.scale.flat[0] != quantizer.scale or how.zero_point.flat[0] != quantizer.zero_point:
            raise self._refusal(node, "its scale and zero point must be those of the QuantizeLinear before it")
        self._builder.add(source)
        return Activation(codes=source, view=source.view)

    def _clip_codes(self, node: Node) -> Value:
        source = self._value(node, 0)
        return self._narrowed(node, source) if isinstance(source, Codes) else self._clip(node)
