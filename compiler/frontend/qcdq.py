"""The QCDQ dialect (Brevitas): QDQ with a Clip behind QuantizeLinear where codes have fewer bits than their type.

Rules
-----
1. A Clip of codes narrows them; it stands between QuantizeLinear and DequantizeLinear, the only reader of the former.
2. A Clip of constant codes was computed before (see ``folding``).
3. All else is QDQ.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.ir import Network

from .builder import NetworkBuilder
from .folding import clip_bounds
from .graph import Graph, Node
from .qdq import QdqReader
from .values import Activation, Codes, Value


def is_qcdq(graph: Graph) -> bool:
    """Return whether a graph as it was loaded clips codes."""
    readers = graph.consumers()
    quantized = {name for node in graph.nodes if node.operator == "QuantizeLinear" for name in node.outputs}
    clips = [node for node in graph.nodes if node.operator == "Clip"]
    dequantized = [
        node
        for node in clips
        for name in node.outputs
        for reader in readers.get(name, [])
        if reader.operator == "DequantizeLinear"
    ]
    return bool(dequantized) or any(node.input(0) in quantized for node in clips)


def read_qcdq(graph: Graph, *, name: str, multiplier_bits: int) -> Network:
    """Read a prepared graph (ordered, folded, with shapes) as a network.

    Raises
    ------
    ModelError
        Where a rule of this module, of ``qdq`` or of ``float_graph`` is broken, naming the node.
    """
    builder = NetworkBuilder(graph, name=name, dialect="QCDQ", multiplier_bits=multiplier_bits)
    return QcdqReader(graph, builder).read()


class QcdqReader(QdqReader):
    """Adds the Clip of codes."""

    def __init__(self, graph: Graph, builder: NetworkBuilder) -> None:
        super().__init__(graph, builder)
        self._readers["Clip"] = self._clip_codes

    def _clip_codes(self, node: Node) -> Value:
        source = self._value(node, 0)
        return self._narrowed(node, source) if isinstance(source, Codes) else self._clip(node)

    def _quantize(self, node: Node) -> Value:
        readers = self._consumers.get(node.outputs[0], [])
        if len(readers) > 1 and any(reader.operator == "Clip" for reader in readers):
            raise self._refusal(node, "its codes must have one reader where a Clip narrows them")
        return super()._quantize(node)

    def _narrowed(self, node: Node, codes: Codes) -> Value:
        old = codes.quantizer
        bounds = clip_bounds(self._graph, node)
        low, high = (
            edge if bound is None else int(np.clip(int(bound), old.lowest, old.highest))
            for bound, edge in zip(bounds, (old.lowest, old.highest), strict=True)
        )
        if low > high:
            raise self._refusal(node, f"its bounds must enclose a code, not {low}..{high}")
        if codes.view.padded and not low <= old.zero_point <= high:
            raise self._refusal(
                node, f"its bounds must hold the zero point {old.zero_point} that pads, not {low}..{high}"
            )
        if self._builder.known(codes):
            if (low, high) == (old.lowest, old.highest):
                return codes
            made = self._lone(node, Activation(codes=codes, view=codes.view))
            narrowed = replace(old, lowest=low, highest=high)
            return Codes(name=node.outputs[0], source=made, quantizer=narrowed, view=made.view)
        return replace(codes, name=node.outputs[0], quantizer=replace(old, lowest=low, highest=high))
