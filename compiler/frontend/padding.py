"""Pass: Pad nodes become the padding of what reads them.

Rules
-----
1. A Pad by nothing is dropped.
2. Mode is ``constant`` and the value 0: padding holds the code of the number 0.
3. Only height and width are padded, by at least 0, and what reads the result is a Conv, an AveragePool (its padding
   then counts) or another Pad.
"""

from __future__ import annotations

from dataclasses import replace

from .graph import Graph, Node, integers

READERS = ("Conv", "AveragePool", "Pad")
Pads = tuple[int, ...]


def fold_pads(graph: Graph) -> Graph:
    """Return the graph without Pad nodes; shapes are known."""
    padded: dict[str, tuple[str, Pads]] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        source, pads = padded.get(node.input(0), (node.input(0), ()))
        if node.operator == "Pad":
            padded[node.outputs[0]] = (source, _sum(pads, _spatial(graph, node)))
        elif any(pads):
            nodes.append(_padded(graph, node, source, pads))
        else:
            inputs = tuple(padded[name][0] if name in padded else name for name in node.inputs)
            nodes.append(replace(node, inputs=inputs))
    if not padded:
        return graph
    note = f"{len(padded)} Pad nodes became the padding of what reads them"
    return replace(graph, nodes=tuple(nodes), folded=(*graph.folded, note))


def pad_amounts(graph: Graph, node: Node) -> Pads:
    """Return the pads of a Pad: an input since operator set 11, an attribute before.

    Raises
    ------
    ModelError
        Where they are not constant.
    """
    if "pads" in node.attributes:
        return tuple(node.attributes["pads"])
    amounts = graph.constant(node.input(1))
    if amounts is None or node.input(3):
        raise graph.refusal(node, "its pads must be constant numbers for all dimensions")
    return integers(amounts)


def _spatial(graph: Graph, node: Node) -> Pads:
    amounts, rank = pad_amounts(graph, node), len(graph.shapes[node.input(0)])
    mode = node.attributes.get("mode", "constant")
    value = graph.constant(node.input(2))
    number = node.attributes.get("value", 0.0) if value is None else value.flat[0] if value.size == 1 else 1
    if (node.input(2) and value is None) or (any(amounts) and (mode != "constant" or number != 0)):
        raise graph.refusal(node, f"it must pad with the constant 0, not in mode {mode!r} with {float(number):g}")
    begins, ends = amounts[:rank], amounts[rank:]
    if any(begins[:2]) or any(ends[:2]) or min(amounts) < 0:
        raise graph.refusal(node, f"it must pad height and width only, by at least 0, not {list(amounts)}")
    _check_readers(graph, node, amounts)
    return (*begins[2:], *ends[2:])


def _check_readers(graph: Graph, node: Node, amounts: Pads) -> None:
    readers = [
        reader for reader in graph.nodes if node.outputs[0] in reader.inputs and reader.input(0) == node.outputs[0]
    ]
    wrong = [reader.operator for reader in readers if reader.operator not in READERS]
    if any(amounts) and (wrong or not readers or node.outputs[0] in graph.outputs):
        raise graph.refusal(
            node, f"what reads its result must be a Conv or AveragePool, not {(*wrong, 'an output')[0]}"
        )
    if node.outputs[0] in graph.outputs:
        raise graph.refusal(node, "it must not be an output of the network")


def _sum(one: Pads, other: Pads) -> Pads:
    return tuple(a + b for a, b in zip(one, other, strict=True)) if one else other


def _padded(graph: Graph, node: Node, source: str, pads: Pads) -> Node:
    mode = node.attributes.get("auto_pad", "NOTSET")
    own = tuple(node.attributes.get("pads", (0,) * len(pads))) if mode == "NOTSET" else (0,) * len(pads)
    if mode not in ("NOTSET", "VALID") or len(own) != len(pads):
        raise graph.refusal(node, f"auto_pad must be NOTSET or VALID behind a Pad, not {mode!r}")
    attributes = {**node.attributes, "auto_pad": "NOTSET", "pads": _sum(own, pads)}
    if node.operator == "AveragePool":
        if any(own) and not node.attributes.get("count_include_pad", 0):
            raise graph.refusal(node, "it must count all of its padding behind a Pad, or have none of its own")
        attributes["count_include_pad"] = 1
    return replace(node, inputs=(source, *node.inputs[1:]), attributes=attributes)
