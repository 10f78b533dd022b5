"""Pass: every input gets fixed sizes and batch 1.

Rules
-----
1. The first dimension of an input is the batch: 1, or symbolic and then bound to 1 with a warning.
2. A symbolic feature dimension is bound, with a warning, where the weights of the first layer settle it: the channels
   of a Conv, the features of a Gemm or MatMul reached through nodes that keep the shape. Otherwise it is refused.
3. No tensor has more than ``MOST_ELEMENTS`` elements.
"""

from __future__ import annotations

import math
from dataclasses import replace

from nngen.errors import ModelError

from .graph import Graph, GraphInput, Node, Shape

MOST_ELEMENTS = 1 << 24
QUANTIZERS = ("QuantizeLinear", "DequantizeLinear", "Quant", "IntQuant", "BipolarQuant")
KEEPS_SHAPE = (*QUANTIZERS, "Clip", "Relu", "Identity", "Dropout")
THROUGH_SCALES = (*QUANTIZERS, "Clip", "Identity", "Transpose", "Cast")


def bind_dimensions(graph: Graph) -> Graph:
    """Return the graph with fixed input shapes."""
    inputs, notes = [], list(graph.folded)
    for value in graph.inputs:
        shape, warnings = _bound(graph, value)
        inputs.append(replace(value, shape=shape))
        notes += warnings
    shapes = {value.name: tuple(int(size) for size in value.shape) for value in inputs}
    return replace(graph, inputs=tuple(inputs), shapes={**graph.shapes, **shapes}, folded=tuple(notes))


def _bound(graph: Graph, value: GraphInput) -> tuple[Shape, list[str]]:
    what = f"input {value.name!r}"
    if len(value.shape) < 2:
        raise ModelError(
            f"{graph.file}: {what} must have a batch and a feature dimension, not shape {_text(value.shape)}"
        )
    batch, notes, shape = value.shape[0], [], [1]
    if isinstance(batch, str):
        notes.append(f"warning: symbolic batch {batch!r} of {what} bound to 1")
    elif batch != 1:
        raise ModelError(
            f"{graph.file}: {what} must have batch 1 or a symbolic batch, not {batch}; export with batch 1"
        )
    settled = _settled_by_weights(graph, value)
    for axis, size in enumerate(value.shape[1:], start=1):
        if isinstance(size, str):
            if axis not in settled:
                raise ModelError(
                    f"{graph.file}: {what}: dimension {axis} ({size!r}) is symbolic and no weights settle it; "
                    "export with a fixed size"
                )
            notes.append(f"warning: symbolic dimension {size!r} of {what} bound to {settled[axis]} by the weights")
        bound = settled[axis] if isinstance(size, str) else size
        if bound < 1:
            raise ModelError(f"{graph.file}: {what} must have sizes of at least 1, not shape {_text(value.shape)}")
        shape.append(bound)
    if math.prod(shape) > MOST_ELEMENTS:
        raise ModelError(f"{graph.file}: {what} must have at most {MOST_ELEMENTS} elements, not {math.prod(shape)}")
    return tuple(shape), notes


def _text(shape: tuple[int | str, ...]) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _settled_by_weights(graph: Graph, value: GraphInput) -> dict[int, int]:
    """Return the sizes, by axis, that the first layer's weights ask of an input."""
    consumers = graph.consumers()
    name = value.name
    for _ in graph.nodes:
        readers = consumers.get(name, [])
        if len(readers) != 1 or readers[0].operator not in KEEPS_SHAPE:
            break
        name = readers[0].outputs[0]
    for node in consumers.get(name, []):
        weights = _weight_shape(graph, node.input(1))
        if node.input(0) == name and len(weights) >= 2:
            return _features(node, weights, rank=len(value.shape))
    return {}


def _features(node: Node, weights: Shape, *, rank: int) -> dict[int, int]:
    if node.operator == "Conv" and node.attributes.get("group", 1) == 1:
        return {1: weights[1]}
    if node.operator == "Gemm":
        return {1: weights[1] if node.attributes.get("transB", 0) else weights[0]}
    return {rank - 1: weights[-2]} if node.operator == "MatMul" else {}


def _weight_shape(graph: Graph, name: str) -> Shape:
    """Return the shape of weights, seen through their quantizers; empty where they are not constant."""
    makers = {output: node for node in graph.nodes for output in node.outputs}
    permutations: list[Shape] = []
    for _ in range(len(graph.nodes) + 1):
        constant = graph.constant(name)
        if constant is not None:
            shape = constant.shape
            for permutation in reversed(permutations):
                shape = tuple(shape[axis] for axis in permutation) if len(permutation) == len(shape) else ()
            return shape
        node = makers.get(name)
        if node is None or node.operator not in THROUGH_SCALES:
            break
        if node.operator == "Transpose":
            permutations.append(node.attributes.get("perm", ()))
        name = node.input(0)
    return ()
