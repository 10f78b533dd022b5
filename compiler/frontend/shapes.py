"""Pass: constants folded and shapes inferred, in one walk, because each needs the other.

Rules
-----
1. A foldable node whose inputs are all constant is replaced by its result (see ``folding``).
2. ``Shape`` of a tensor with a known shape is replaced by it.
3. Every other node's output shape follows from its operator; shapes that do not fit are refused at the node.
4. A node that can only be folded, but has an input that is not constant, is refused.
5. A Split becomes its Slices (see ``picking``).
6. Batch stays the first dimension with size 1; no tensor grows beyond ``MOST_ELEMENTS``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from .binding import MOST_ELEMENTS
from .convolution import Window
from .folding import FOLDABLE, fold, reduced_axes, reshape_target, squeeze_axes
from .functions import FUNCTIONS
from .graph import Graph, Node, Shape, integers
from .grouping import check_groups
from .padding import pad_amounts
from .picking import PICKERS, picked_shape, split_slices

Rule = Callable[[Graph, Node, list[Shape]], Shape]


def infer_shapes(graph: Graph) -> Graph:
    """Return the graph with foldable nodes gone and the shapes of all tensors known."""
    constants, shapes = dict(graph.constants), dict(graph.shapes)
    shapes.update({name: array.shape for name, array in constants.items()})
    state = replace(graph, constants=constants, shapes=shapes)
    kept: list[Node] = []
    folded = 0
    for node in _without_splits(graph, state):
        constant = all(name in constants for name in node.inputs if name)
        if node.operator == "Shape" and not constant:
            constants[node.outputs[0]] = np.array(shapes[node.inputs[0]], np.int64)
        elif node.operator in FOLDABLE and constant:
            constants[node.outputs[0]] = fold(state, node)
        else:
            shapes[node.outputs[0]] = _shape(state, node)
            kept.append(node)
            continue
        shapes[node.outputs[0]] = constants[node.outputs[0]].shape
        folded += node.operator != "Constant"
    note = (f"{folded} nodes with constant inputs computed at build time",) if folded else ()
    return replace(state, nodes=tuple(kept), folded=graph.folded + note)


def _without_splits(graph: Graph, state: Graph) -> Iterator[Node]:
    """Yield the nodes in order, each Split as Slices; ``state`` knows the shapes of all tensors before it."""
    for node in graph.nodes:
        if node.operator != "Split":
            yield node
            continue
        slices, constants = split_slices(state, node)
        state.constants.update(constants)
        state.shapes.update({name: array.shape for name, array in constants.items()})
        yield from slices


def _shape(graph: Graph, node: Node) -> Shape:
    if not node.inputs or not node.outputs or node.operator not in RULES:
        raise graph.refusal(node, "its inputs must be constant, so that it can be computed at build time")
    inputs = [graph.shapes.get(name, ()) for name in node.inputs]
    try:
        shape = RULES[node.operator](graph, node, inputs)
    except ValueError as error:
        raise graph.refusal(node, f"its shapes {[list(shape) for shape in inputs]} do not fit: {error}") from None
    except (IndexError, TypeError, KeyError, OverflowError):
        raise graph.refusal(node, "its inputs and attributes must be those of its operator") from None
    if math.prod(shape) > MOST_ELEMENTS:
        raise graph.refusal(node, f"its output must have at most {MOST_ELEMENTS} elements, not shape {list(shape)}")
    return shape


def _same(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    return inputs[0]


def _conv(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    image, weights = inputs[0], inputs[1]
    if len(image) not in (3, 4) or len(weights) != len(image):
        shapes = f"{list(image)} and {list(weights)}"
        raise graph.refusal(node, f"it must be a convolution in one or two dimensions, not one of shapes {shapes}")
    window = Window.of(graph, node, image[2:], weights[2:])
    check_groups(graph, node, channels=image[1], outputs=weights[0], group_channels=weights[1])
    return (image[0], weights[0], *window.output[4 - len(image) :])


def _pool(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    image = inputs[0]
    if len(image) not in (3, 4):
        raise graph.refusal(node, f"it must pool in one or two dimensions, not an input of shape {list(image)}")
    window = Window.of(graph, node, image[2:], node.attributes["kernel_shape"])
    return (*image[:2], *window.output[4 - len(image) :])


def _global_pool(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    if len(inputs[0]) not in (3, 4):
        raise graph.refusal(node, f"it must pool in one or two dimensions, not an input of shape {list(inputs[0])}")
    return (*inputs[0][:2], *[1] * (len(inputs[0]) - 2))


def _reduce(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    axes = reduced_axes(graph, node)
    if node.attributes.get("keepdims", 1):
        return tuple(1 if axis in axes else size for axis, size in enumerate(inputs[0]))
    return tuple(size for axis, size in enumerate(inputs[0]) if axis not in axes)


def _concat(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    axis, rank = node.attributes["axis"], len(inputs[0])
    if not -rank <= axis < rank or any(len(shape) != rank for shape in inputs):
        raise ValueError(f"axis {axis} must be one of all inputs")
    others = {shape[: axis % rank] + shape[axis % rank + 1 :] for shape in inputs}
    if len(others) != 1:
        raise ValueError(f"they may differ along axis {axis} only")
    total = sum(shape[axis] for shape in inputs)
    return tuple(total if index == axis % rank else size for index, size in enumerate(inputs[0]))


def _matrix(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    left, right = inputs[0], inputs[1]
    if len(left) != 2 or len(right) != 2:
        raise graph.refusal(node, f"it must multiply two matrices, not shapes {list(left)} and {list(right)}")
    if node.attributes.get("transA", 0):
        raise graph.refusal(node, f"transA must be 0, not {node.attributes['transA']}")
    if node.attributes.get("transB", 0):
        right = right[::-1]
    if left[1] != right[0]:
        raise graph.refusal(node, f"its weights must have {left[1]} rows like its input has features, not {right[0]}")
    return left[0], right[1]


def _flatten(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    axis = node.attributes.get("axis", 1)
    return math.prod(inputs[0][:axis]), math.prod(inputs[0][axis:])


def _reshape(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    target = graph.constant(node.input(1))
    if target is None:
        raise graph.refusal(node, "its target shape must be constant")
    sizes = reshape_target(node, inputs[0], integers(target))
    elements, known = math.prod(inputs[0]), math.prod(size for size in sizes if size != -1)
    if sizes.count(-1) > 1 or min(sizes, default=1) < -1 or known == 0 or elements % known:
        raise ValueError(f"{elements} elements cannot take shape {list(sizes)}")
    shape = tuple(elements // known if size == -1 else size for size in sizes)
    if math.prod(shape) != elements:
        raise ValueError(f"{elements} elements cannot take shape {list(sizes)}")
    return shape


def _transpose(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    order = tuple(node.attributes.get("perm", range(len(inputs[0]))[::-1]))
    if sorted(order) != list(range(len(inputs[0]))):
        raise ValueError(f"{list(order)} is no order of {len(inputs[0])} dimensions")
    return tuple(inputs[0][axis] for axis in order)


def _squeeze(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    axes = squeeze_axes(node, graph.constant(node.input(1)))
    rank = len(inputs[0])
    gone = {axis for axis, size in enumerate(inputs[0]) if size == 1} if axes is None else {a % rank for a in axes}
    if any(inputs[0][axis] != 1 for axis in gone):
        raise ValueError(f"only dimensions of size 1 can be left out, not {sorted(gone)}")
    return tuple(size for axis, size in enumerate(inputs[0]) if axis not in gone)


def _unsqueeze(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    axes = squeeze_axes(node, graph.constant(node.input(1))) or ()
    rank = len(inputs[0]) + len(axes)
    new = {axis % rank for axis in axes}
    old = iter(inputs[0])
    if len(new) != len(axes) or rank > 8:
        raise ValueError(f"{list(axes)} must name each new dimension once")
    return tuple(1 if axis in new else next(old) for axis in range(rank))


def _pad(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    if "pads" not in node.attributes:
        return picked_shape(graph, node, inputs)
    amounts, rank = pad_amounts(graph, node), len(inputs[0])
    if len(amounts) != 2 * rank:
        raise ValueError(f"{rank} dimensions must have {2 * rank} pads, not {len(amounts)}")
    shape = tuple(size + amounts[axis] + amounts[axis + rank] for axis, size in enumerate(inputs[0]))
    if min(shape, default=1) < 1:
        raise ValueError(f"pads {list(amounts)} leave nothing")
    return shape


def _broadcast(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    return np.broadcast_shapes(*inputs)


RULES: dict[str, Rule] = {
    **dict.fromkeys(FUNCTIONS, _same),
    **dict.fromkeys(PICKERS, picked_shape),
    "Add": _broadcast,
    "AveragePool": _pool,
    **dict.fromkeys(("BipolarQuant", "IntQuant", "MultiThreshold", "Quant", "Trunc"), _same),
    "BatchNormalization": _same,
    "Cast": _same,
    "Clip": _same,
    "Concat": _concat,
    "Conv": _conv,
    "DequantizeLinear": _same,
    "Div": _broadcast,
    "Dropout": _same,
    "Flatten": _flatten,
    "Floor": _same,
    "Gemm": _matrix,
    "GlobalAveragePool": _global_pool,
    "GlobalMaxPool": _global_pool,
    "Identity": _same,
    "LogSoftmax": _same,
    "MatMul": _matrix,
    "MaxPool": _pool,
    "Mul": _broadcast,
    "PRelu": _broadcast,
    "Pad": _pad,
    "QuantizeLinear": _same,
    "ReduceMean": _reduce,
    "Relu": _same,
    "RequantShift": _same,
    "Reshape": _reshape,
    "Softmax": _same,
    "Squeeze": _squeeze,
    "Sub": _broadcast,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}
