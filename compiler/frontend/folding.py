"""What a node with constant inputs computes, for the operators found in front of weights and shapes.

Rules
-----
1. A node whose inputs are all constant, of a foldable operator, becomes constants (applied by ``shapes``).
2. ``Shape`` of a tensor whose shape is known becomes a constant.
3. ``DequantizeLinear`` is never folded: its integers are the network's weights.
4. ``QuantizeLinear`` of float weights folds as onnxruntime computes it: float32 division, round half even, saturate.
5. No folded result is larger than its inputs together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .graph import Array, Graph, Node, integers
from .quantizers import quantize_constant

Folder = Callable[[Graph, Node, list[Array]], Array]
CONSTANT_ATTRIBUTES = {
    "value": None,
    "value_float": np.float32,
    "value_floats": np.float32,
    "value_int": np.int64,
    "value_ints": np.int64,
}
CAST_TYPES = {
    1: np.float32,
    2: np.uint8,
    3: np.int8,
    5: np.int16,
    4: np.uint16,
    6: np.int32,
    7: np.int64,
    9: np.bool_,
    11: np.float64,
}


def fold(graph: Graph, node: Node) -> Array:
    """Return what a foldable node with constant inputs computes.

    Raises
    ------
    ModelError
        Where its inputs or attributes do not fit.
    """
    inputs = [graph.constants[name] for name in node.inputs if name]
    try:
        return np.asarray(FOLDABLE[node.operator](graph, node, inputs))
    except (ValueError, IndexError, KeyError, TypeError, OverflowError):
        shapes = [list(array.shape) for array in inputs]
        raise graph.refusal(node, f"its constants of shapes {shapes} do not fit each other or its attributes") from None


def _constant(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    for name, kind in CONSTANT_ATTRIBUTES.items():
        if name in node.attributes:
            return np.asarray(node.attributes[name], kind)
    raise graph.refusal(node, "it must hold a tensor or numbers")


def _clip(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    lowest, highest = clip_bounds(graph, node)
    return np.clip(inputs[0], lowest, highest).astype(inputs[0].dtype)


def clip_bounds(graph: Graph, node: Node) -> tuple[Array | None, Array | None]:
    """Return the bounds of a Clip (None where open); they are attributes before operator set 11.

    Raises
    ------
    ModelError
        Where a bound is not a constant number.
    """
    if graph.opset < 11:
        edges = [node.attributes.get(key) for key in ("min", "max")]
        found: list[Array | None] = [None if edge is None else np.array(edge, np.float32) for edge in edges]
        return found[0], found[1]
    found = []
    for name in (node.input(1), node.input(2)):
        bound = graph.constant(name)
        if name and (bound is None or bound.size != 1 or np.isnan(bound).any()):
            raise graph.refusal(node, f"its bound {name!r} must be one constant number")
        found.append(None if bound is None else bound.reshape(()))
    return found[0], found[1]


def _gather(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    if inputs[1].size > inputs[0].size:
        raise graph.refusal(node, f"it must pick at most {inputs[0].size} elements, not {inputs[1].size}")
    return np.take(inputs[0], inputs[1].astype(np.int64), axis=node.attributes.get("axis", 0))


def _cast(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    return inputs[0].astype(CAST_TYPES[node.attributes["to"]])


def _slice(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    return inputs[0][slice_index(graph, node, inputs[0].ndim)]


def slice_index(graph: Graph, node: Node, rank: int) -> tuple[slice, ...]:
    """Return what a Slice takes of each dimension; its numbers are attributes before operator set 10.

    Raises
    ------
    ModelError
        Where a number is not constant.
    """
    numbers = []
    for position, key in enumerate(("starts", "ends", "axes", "steps"), start=1):
        name = node.input(position)
        if name and graph.constant(name) is None:
            raise graph.refusal(node, f"its {key} {name!r} must be constant")
        values = graph.constant(name)
        numbers.append(tuple(node.attributes.get(key, ())) if values is None else integers(values))
    starts, ends, axes, steps = numbers
    index = [slice(None)] * rank
    axes, steps = axes or tuple(range(len(starts))), steps or (1,) * len(starts)
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        index[axis] = slice(start, end, step)
    return tuple(index)


def reshape_target(node: Node, shape: tuple[int, ...], target: tuple[int, ...]) -> tuple[int, ...]:
    """Return the target of a Reshape with 0 (copy the size) resolved; -1 is left."""
    if node.attributes.get("allowzero", 0):
        return target
    return tuple(shape[axis] if size == 0 else size for axis, size in enumerate(target))


def squeeze_axes(node: Node, axes: Array | None) -> tuple[int, ...] | None:
    """Return the axes of Squeeze or Unsqueeze: an input since operator set 13, an attribute before."""
    if axes is not None:
        return integers(axes)
    return tuple(node.attributes["axes"]) if "axes" in node.attributes else None


def reduced_axes(graph: Graph, node: Node) -> tuple[int, ...]:
    """Return the axes of a reduction, counted from 0: all where none are given."""
    rank = len(graph.shapes[node.input(0)])
    axes = squeeze_axes(node, graph.constant(node.input(1)))
    if node.input(1) and graph.constant(node.input(1)) is None:
        raise graph.refusal(node, f"its axes {node.input(1)!r} must be constant")
    if not axes:
        return () if node.attributes.get("noop_with_empty_axes", 0) else tuple(range(rank))
    if any(not -rank <= axis < rank for axis in axes):
        raise ValueError(f"axes {list(axes)} must be those of {rank} dimensions")
    return tuple(dict.fromkeys(axis % rank for axis in axes))


def _kept_small(graph: Graph, node: Node, result: Array, inputs: list[Array]) -> Array:
    if result.size > sum(array.size for array in inputs):
        raise graph.refusal(node, "its result must not be larger than its constants")
    return result


def _unsqueeze(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    return np.expand_dims(inputs[0], squeeze_axes(node, inputs[1] if len(inputs) > 1 else None) or ())


def _squeeze(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    return np.squeeze(inputs[0], squeeze_axes(node, inputs[1] if len(inputs) > 1 else None))


def _flatten(graph: Graph, node: Node, inputs: list[Array]) -> Array:
    rows = int(np.prod(inputs[0].shape[: node.attributes.get("axis", 1)], dtype=np.int64))
    return inputs[0].reshape(rows, -1)


FOLDABLE: dict[str, Folder] = {
    "Cast": _cast,
    "Clip": _clip,
    "Concat": lambda graph, node, inputs: np.concatenate(inputs, axis=node.attributes["axis"]),
    "Constant": _constant,
    "Flatten": _flatten,
    "Gather": _gather,
    "Identity": lambda graph, node, inputs: inputs[0],
    "Pow": lambda graph, node, inputs: _kept_small(graph, node, np.power(inputs[0], inputs[1]), inputs),
    "QuantizeLinear": quantize_constant,
    "Reshape": lambda graph, node, inputs: inputs[0].reshape(
        reshape_target(node, inputs[0].shape, integers(inputs[1]))
    ),
    "Shape": lambda graph, node, inputs: np.array(inputs[0].shape, np.int64),
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Transpose": lambda graph, node, inputs: np.transpose(inputs[0], node.attributes.get("perm")),
    "Unsqueeze": _unsqueeze,
}
