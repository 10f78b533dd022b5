"""Slice, Split, Gather, Pad and Resize: what of an array is there, once, twice, or as padding.

Rules
-----
1. They pick by constants; so each is the same change of an array of positions (see ``layout``), whatever its shape.
2. A Split is as many Slices as it has outputs.
3. Pad adds positions of -1 (``constant``), or repeats those at the edges (``edge``, ``reflect``, ``wrap``).
4. Resize repeats each position a whole number of times: nearest neighbours only. All of ONNX's ways to round mean just
   that for whole factors, but ``align_corners`` and those that round down what lies half a pixel before the first.
5. The batch stays whole, and no result has more than ``MOST_ELEMENTS`` elements.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from .binding import MOST_ELEMENTS
from .folding import slice_index, squeeze_axes
from .graph import Array, Graph, Node, Shape, integers
from .layout import IntArray

Picker = Callable[[Graph, Node, IntArray], IntArray]
PAD_MODES = ("constant", "edge", "reflect", "wrap")
RESIZE_WAY_OUT = "repeat pixels a whole number of times (mode nearest, asymmetric, floor)"


def picked(graph: Graph, node: Node, positions: IntArray) -> IntArray:
    """Return what a node makes of positions, in the file's shape.

    Raises
    ------
    ModelError
        Where a rule of this module is broken.
    """
    made = PICKERS[node.operator](graph, node, positions)
    if made.shape[:1] != (1,) or made.size == 0:
        due = "it must keep the batch as first dimension, and something of the others"
        raise graph.refusal(node, f"{due}, not give shape {list(made.shape)}")
    return made


def picked_shape(graph: Graph, node: Node, inputs: list[Shape]) -> Shape:
    """Return the shape of what a node makes of its first input."""
    if len(inputs[0]) < 2:
        raise graph.refusal(node, f"it must pick from other dimensions than the batch, not of shape {list(inputs[0])}")
    return picked(graph, node, np.broadcast_to(np.zeros((), np.int64), inputs[0])).shape


def _check_size(graph: Graph, node: Node, shape: Sequence[int]) -> None:
    if math.prod(shape) > MOST_ELEMENTS:
        raise graph.refusal(node, f"its output must have at most {MOST_ELEMENTS} elements, not shape {list(shape)}")


def split_slices(graph: Graph, node: Node) -> tuple[list[Node], dict[str, Array]]:
    """Return the Slices that a Split is, and the constants that they read.

    Raises
    ------
    ModelError
        Where its parts are not constant, or no parts of its input.
    """
    shape = graph.shapes[node.input(0)]
    axis = node.attributes.get("axis", 0)
    parts = _parts(graph, node, shape[axis]) if -len(shape) <= axis < len(shape) else ()
    if min(parts, default=0) < 1 or sum(parts) != shape[axis] or len(parts) != len(node.outputs):
        raise graph.refusal(node, f"its parts {list(parts)} must be those of dimension {axis} of {list(shape)}")
    ends = np.cumsum(parts).tolist()
    slices: list[Node] = []
    constants: dict[str, Array] = {}
    for output, end, size in zip(node.outputs, ends, parts, strict=True):
        if not output:
            continue
        names = tuple(_new_name(graph, f"{output}/{key}") for key in ("starts", "ends", "axes"))
        constants |= {name: np.array([value]) for name, value in zip(names, (end - size, end, axis), strict=True)}
        made = Node(
            operator="Slice",
            domain="",
            name=node.name,
            inputs=(node.input(0), *names),
            outputs=(output,),
            attributes={},
        )
        slices.append(made)
    return slices, constants


def _new_name(graph: Graph, name: str) -> str:
    while name in graph.shapes:
        name += "'"
    return name


def _parts(graph: Graph, node: Node, size: int) -> Shape:
    if node.input(1):
        values = graph.constant(node.input(1))
        if values is None:
            raise graph.refusal(node, f"its parts {node.input(1)!r} must be constant")
        return integers(values)
    if "split" in node.attributes:
        return tuple(node.attributes["split"])
    part = -(-size // len(node.outputs))
    return tuple(min(part, size - first) for first in range(0, size, part))


def pad_value(graph: Graph, node: Node) -> float | None:
    """Return the number that a Pad adds; None where it repeats what is there."""
    if _pad_mode(graph, node) != "constant":
        return None
    if graph.opset < 11:
        return float(node.attributes.get("value", 0.0))
    value = graph.constant(node.input(2))
    if node.input(2) and (value is None or value.size != 1):
        raise graph.refusal(node, f"its value {node.input(2)!r} must be one constant number")
    return 0.0 if value is None else float(value.reshape(()))


def _pad_mode(graph: Graph, node: Node) -> str:
    mode = str(node.attributes.get("mode", "constant"))
    if mode not in PAD_MODES:
        raise graph.refusal(node, f"mode must be {', '.join(PAD_MODES)}, not {mode!r}")
    return mode


def _slice(graph: Graph, node: Node, positions: IntArray) -> IntArray:
    return positions[slice_index(graph, node, positions.ndim)]


def _gather(graph: Graph, node: Node, positions: IntArray) -> IntArray:
    indices = graph.constant(node.input(1))
    if indices is None:
        raise graph.refusal(node, f"its indices {node.input(1)!r} must be constant")
    axis = node.attributes.get("axis", 0)
    _check_size(graph, node, (positions.size // positions.shape[axis], indices.size))
    taken: IntArray = np.take(positions, indices.astype(np.int64), axis=axis)
    return taken


def _pad(graph: Graph, node: Node, positions: IntArray) -> IntArray:
    rank, mode = positions.ndim, _pad_mode(graph, node)
    if graph.opset < 11:
        widths = tuple(node.attributes["pads"])
    else:
        values = graph.constant(node.input(1))
        if values is None:
            raise graph.refusal(node, f"its pads {node.input(1)!r} must be constant")
        widths = integers(values)
    given = graph.constant(node.input(3))
    if node.input(3) and given is None:
        raise graph.refusal(node, f"its axes {node.input(3)!r} must be constant")
    axes = tuple(range(rank)) if given is None else squeeze_axes(node, given) or ()
    if len(widths) != 2 * len(axes) or any(not -rank <= axis < rank for axis in axes):
        raise graph.refusal(
            node, f"its pads must be two numbers for each of {len(axes)} dimensions, not {list(widths)}"
        )
    ends = [(0, 0)] * rank
    for number, axis in enumerate(axes):
        ends[axis] = widths[number], widths[number + len(axes)]
    cropped = positions[
        tuple(
            slice(max(0, -first), size - max(0, -last))
            for (first, last), size in zip(ends, positions.shape, strict=True)
        )
    ]
    added = [(max(0, first), max(0, last)) for first, last in ends]
    _check_size(graph, node, [size + sum(pair) for size, pair in zip(cropped.shape, added, strict=True)])
    if mode == "constant":
        return np.pad(cropped, added, constant_values=-1)
    repeated: IntArray = np.pad(cropped, added, mode=mode)  # type: ignore[call-overload]  # one of PAD_MODES
    return repeated


def _resize(graph: Graph, node: Node, positions: IntArray) -> IntArray:
    mode = node.attributes.get("mode", "nearest")
    if mode != "nearest":
        raise graph.refusal(node, f"mode must be nearest, not {mode!r}; {RESIZE_WAY_OUT}")
    how = node.attributes.get("coordinate_transformation_mode", "half_pixel" if graph.opset > 10 else "asymmetric")
    rounding = node.attributes.get("nearest_mode", "round_prefer_floor" if graph.opset > 10 else "floor")
    for axis, factor in _factors(graph, node, positions.shape):
        if factor != int(factor) or factor < 1:
            raise graph.refusal(node, f"its factors must be whole, not {factor:g}; {RESIZE_WAY_OUT}")
        if factor > 1 and not _is_repetition(how, rounding, int(factor)):
            raise graph.refusal(node, f"it must not read pixels by {how} and {rounding}; {RESIZE_WAY_OUT}")
        if axis == 0 and factor > 1:
            raise graph.refusal(node, f"its factor of the batch must be 1, not {factor:g}")
        _check_size(graph, node, (*positions.shape, int(factor)))
        positions = np.repeat(positions, int(factor), axis=axis)
    return positions


def _is_repetition(how: str, rounding: str, factor: int) -> bool:
    """Return whether a way to read pixels reads each of them ``factor`` times, one time after the other."""
    place = np.arange(factor)
    half = (place + 0.5) / factor
    ways = {
        "asymmetric": place / factor,
        "half_pixel": half - 0.5,
        "half_pixel_symmetric": half - 0.5,
        "pytorch_half_pixel": half - 0.5,
        "tf_half_pixel_for_nn": half,
    }
    roundings: dict[str, Callable[[Array], Array]] = {
        "floor": np.floor,
        "ceil": np.ceil,
        "round_prefer_floor": lambda x: np.ceil(x - 0.5),
        "round_prefer_ceil": lambda x: np.floor(x + 0.5),
    }
    return how in ways and rounding in roundings and bool((roundings[rounding](ways[how] + 1) == 1).all())


def _factors(graph: Graph, node: Node, shape: Shape) -> list[tuple[int, float]]:
    if graph.opset > 10 and node.attributes.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise graph.refusal(node, "keep_aspect_ratio_policy must be stretch")
    axes = tuple(axis % len(shape) for axis in node.attributes.get("axes", range(len(shape))))
    names = [node.input(index) for index in ((2, 3) if graph.opset > 10 else (1,))]
    for number, name in enumerate(names):
        if name and graph.constant(name) is None:
            raise graph.refusal(node, f"its scales or sizes {name!r} must be constant")
        values = graph.constant(name)
        if values is not None and values.size:
            if values.size != len(axes):
                raise graph.refusal(
                    node, f"it must have a scale or size for each of {len(axes)} dimensions, not {values.size}"
                )
            sizes = [shape[axis] if number else 1 for axis in axes]
            return [(axis, float(value) / size) for axis, value, size in zip(axes, values.ravel(), sizes, strict=True)]
    raise graph.refusal(node, "it must have scales or sizes")


PICKERS: dict[str, Picker] = {"Gather": _gather, "Pad": _pad, "Resize": _resize, "Slice": _slice}
