"""Pass: nodes in execution order, dead ones gone.

Rules
-----
1. Every tensor is made once: by an input, a constant or one node.
2. Every tensor that is read is made; the outputs too.
3. Nodes stand after those they read from; among free ones the file's order is kept. A cycle is refused.
4. A node that no output depends on is dropped, as are constants that nothing reads, and inputs (with a warning).
"""

from __future__ import annotations

import heapq
from dataclasses import replace

from nngen.errors import ModelError

from .graph import Graph, Node


def order_nodes(graph: Graph) -> Graph:
    """Return the graph in execution order, reduced to what its outputs need."""
    makers = _makers(graph)
    needed = _needed(graph, makers)
    nodes = _sorted(graph, [node for node in graph.nodes if id(node) in needed], makers)
    read = {name for node in nodes for name in node.inputs} | set(graph.outputs)
    unread = [value.name for value in graph.inputs if value.name not in read]
    return replace(
        graph,
        nodes=tuple(nodes),
        constants={name: array for name, array in graph.constants.items() if name in read},
        inputs=tuple(value for value in graph.inputs if value.name in read),
        folded=graph.folded + tuple(f"warning: nothing reads input {name!r}; it is left out" for name in unread),
    )


def _makers(graph: Graph) -> dict[str, Node | None]:
    makers: dict[str, Node | None] = {}
    for name in [*(value.name for value in graph.inputs), *graph.constants]:
        if name in makers:
            raise ModelError(f"{graph.file}: tensor {name!r} must be made once, not twice")
        makers[name] = None
    for node in graph.nodes:
        for name in filter(None, node.outputs):
            if name in makers:
                raise graph.refusal(node, f"tensor {name!r} must be made once, not twice")
            makers[name] = node
    return makers


def _needed(graph: Graph, makers: dict[str, Node | None]) -> set[int]:
    for name in graph.outputs:
        if name not in makers:
            raise ModelError(f"{graph.file}: output {name!r} must be made by a node, and is by none")
    needed: set[int] = set()
    pending = [makers[name] for name in graph.outputs]
    while pending:
        node = pending.pop()
        if node is None or id(node) in needed:
            continue
        needed.add(id(node))
        for name in filter(None, node.inputs):
            if name not in makers:
                raise graph.refusal(node, f"its input {name!r} must be made by a node, and is by none")
            pending.append(makers[name])
    return needed


def _sorted(graph: Graph, nodes: list[Node], makers: dict[str, Node | None]) -> list[Node]:
    place = {id(node): index for index, node in enumerate(nodes)}
    waiting = [{place[id(maker)] for name in node.inputs if (maker := makers.get(name))} for node in nodes]
    readers: list[list[int]] = [[] for _ in nodes]
    for index, sources in enumerate(waiting):
        for source in sources:
            readers[source].append(index)
    free = [index for index, sources in enumerate(waiting) if not sources]
    ordered: list[Node] = []
    while free:
        index = heapq.heappop(free)
        ordered.append(nodes[index])
        for reader in readers[index]:
            waiting[reader].discard(index)
            if not waiting[reader]:
                heapq.heappush(free, reader)
    if len(ordered) < len(nodes):
        stuck = nodes[_on_cycle(waiting)]
        raise graph.refusal(stuck, "the graph must have no cycle, and this node waits for its own result")
    return ordered


def _on_cycle(waiting: list[set[int]]) -> int:
    """Return a node of a cycle: follow what is waited for until a node comes twice."""
    index = next(index for index, sources in enumerate(waiting) if sources)
    seen: set[int] = set()
    while index not in seen:
        seen.add(index)
        index = min(waiting[index])
    return index
