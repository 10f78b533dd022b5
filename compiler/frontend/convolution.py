"""Geometry of a window that moves over an image: strides, pads, dilations and output size from a node's attributes.

Rules
-----
1. One dimension is an image of height 1.
2. ``kernel_shape``, where given, is that of the weights; strides and dilations are at least 1, pads at least 0.
3. ``auto_pad`` SAME_UPPER and SAME_LOWER pad to ceil(input / stride) positions; VALID pads nothing.
4. The padded input is at least as large as the window spans, and no pad is as large as that.
5. ``ceil_mode`` pads the far ends further, so that the last window that begins inside fits; padding that counts in a
   mean must not grow so.
"""

from __future__ import annotations

from dataclasses import dataclass

from .graph import Graph, Node, Shape

Pair = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a kernel moves over an image: ``pads`` are (top, left, bottom, right)."""

    kernel: Pair
    strides: Pair
    pads: tuple[int, int, int, int]
    dilations: Pair
    output: Pair

    @classmethod
    def of(cls, graph: Graph, node: Node, image: Shape, kernel: Shape) -> Window:
        """Return the geometry of a Conv or pool over an image of (height, width), or (width,) in one dimension.

        Raises
        ------
        ModelError
            Where a rule of this module is broken.
        """
        rank = len(image)
        declared = tuple(node.attributes.get("kernel_shape", kernel))
        if declared != tuple(kernel) or len(kernel) != rank or min(kernel) < 1:
            raise graph.refusal(node, f"kernel_shape must be {list(kernel)} like its weights, not {list(declared)}")
        strides = _numbers(graph, node, "strides", rank)
        dilations = _numbers(graph, node, "dilations", rank)
        extent = tuple((size - 1) * spread + 1 for size, spread in zip(kernel, dilations, strict=True))
        pads = _pads(graph, node, image, extent, strides)
        padded = tuple(size + pads[axis] + pads[axis + rank] for axis, size in enumerate(image))
        if any(size < span for size, span in zip(padded, extent, strict=True)):
            raise graph.refusal(node, f"its padded input must be at least {list(extent)}, not {list(padded)}")
        if node.attributes.get("ceil_mode", 0):
            pads = _further(graph, node, image, extent, strides, pads)
            padded = tuple(size + pads[axis] + pads[axis + rank] for axis, size in enumerate(image))
        sizes = zip(padded, extent, strides, strict=True)
        output = tuple((size - span) // stride + 1 for size, span, stride in sizes)
        return cls(
            kernel=_pair(kernel),
            strides=_pair(strides),
            pads=(pads[0], pads[1], pads[2], pads[3]) if rank == 2 else (0, pads[0], 0, pads[1]),
            dilations=_pair(dilations),
            output=_pair(output),
        )

    @classmethod
    def whole(cls, image: Pair) -> Window:
        """Return the window that covers an image."""
        return cls(kernel=image, strides=(1, 1), pads=(0, 0, 0, 0), dilations=(1, 1), output=(1, 1))


def _pair(sizes: Shape) -> Pair:
    return (sizes[0], sizes[1]) if len(sizes) == 2 else (1, sizes[0])


def _numbers(graph: Graph, node: Node, key: str, rank: int) -> Shape:
    values = tuple(node.attributes.get(key, (1,) * rank))
    if len(values) != rank or min(values) < 1:
        due = "two numbers" if rank == 2 else "one number"
        raise graph.refusal(node, f"{key} must be {due} of at least 1, not {list(values)}")
    return values


def _pads(graph: Graph, node: Node, image: Shape, extent: Shape, strides: Shape) -> Shape:
    mode = node.attributes.get("auto_pad", "NOTSET")
    rank = len(image)
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        before, after = [], []
        for size, width, stride in zip(image, extent, strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + width - size, 0)
            less, more = total // 2, total - total // 2
            before.append(less if mode == "SAME_UPPER" else more)
            after.append(more if mode == "SAME_UPPER" else less)
        return (*before, *after)
    pads = (0,) * 2 * rank if mode == "VALID" else tuple(node.attributes.get("pads", (0,) * 2 * rank))
    if mode not in ("NOTSET", "VALID"):
        raise graph.refusal(node, f"auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, not {mode!r}")
    if len(pads) != 2 * rank or min(pads) < 0:
        due = "four" if rank == 2 else "two"
        raise graph.refusal(node, f"pads must be {due} numbers of at least 0, not {list(pads)}")
    if any(pad >= extent[axis % rank] for axis, pad in enumerate(pads)):
        raise graph.refusal(node, f"pads must be smaller than the kernel {list(extent)}, not {list(pads)}")
    return pads


def _further(graph: Graph, node: Node, image: Shape, extent: Shape, strides: Shape, pads: Shape) -> Shape:  # noqa: PLR0917 - the window
    """Return the pads with ends that reach to the last window (rule 5)."""
    rank = len(image)
    ends = []
    for axis, (size, span, stride) in enumerate(zip(image, extent, strides, strict=True)):
        before, after = pads[axis], pads[axis + rank]
        last = -(-(before + size + after - span) // stride)
        last -= last * stride >= before + size  # it would begin in the padding
        ends.append(max(after, last * stride + span - before - size))
    if node.attributes.get("count_include_pad", 0) and tuple(ends) != pads[rank:]:
        raise graph.refusal(node, "ceil_mode must be 0 where padding counts in the mean and windows reach beyond it")
    return (*pads[:rank], *ends)
