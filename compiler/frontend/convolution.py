"""Geometry of a 2-D convolution: strides, padding and output size from its attributes.

Rules
-----
1. ``group`` and every dilation are 1.
2. ``kernel_shape``, where given, is that of the weights; strides are at least 1, pads at least 0.
3. ``auto_pad`` SAME_UPPER and SAME_LOWER pad to ceil(input / stride) positions; VALID pads nothing.
4. The padded input is at least as large as the kernel, and no pad is as large as the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass

from .graph import Graph, Node, Shape


@dataclass(frozen=True, kw_only=True)
class Window:
    """How a kernel moves over an image: ``pads`` are (top, left, bottom, right)."""

    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    output: tuple[int, int]

    @classmethod
    def of(cls, graph: Graph, node: Node, image: Shape, kernel: Shape) -> Window:
        """Return the geometry of a Conv over an image of (height, width).

        Raises
        ------
        ModelError
            Where a rule of this module is broken.
        """
        group, dilations = node.attributes.get("group", 1), node.attributes.get("dilations", (1, 1))
        if group != 1:
            raise graph.refusal(node, f"group must be 1, not {group}; grouped convolutions are not supported")
        if tuple(dilations) != (1, 1):
            raise graph.refusal(node, f"dilations must be [1, 1], not {list(dilations)}")
        declared = node.attributes.get("kernel_shape", kernel)
        if tuple(declared) != tuple(kernel) or min(kernel) < 1:
            raise graph.refusal(node, f"kernel_shape must be {list(kernel)} like its weights, not {list(declared)}")
        strides = tuple(node.attributes.get("strides", (1, 1)))
        if len(strides) != 2 or min(strides) < 1:
            raise graph.refusal(node, f"strides must be two numbers of at least 1, not {list(strides)}")
        pads = _pads(graph, node, image, kernel, strides)
        padded = (image[0] + pads[0] + pads[2], image[1] + pads[1] + pads[3])
        if padded[0] < kernel[0] or padded[1] < kernel[1]:
            raise graph.refusal(node, f"its padded input must be at least {list(kernel)}, not {list(padded)}")
        output = ((padded[0] - kernel[0]) // strides[0] + 1, (padded[1] - kernel[1]) // strides[1] + 1)
        return cls(strides=(strides[0], strides[1]), pads=pads, output=output)


def _pads(graph: Graph, node: Node, image: Shape, kernel: Shape, strides: Shape) -> tuple[int, int, int, int]:
    mode = node.attributes.get("auto_pad", "NOTSET")
    if mode in ("SAME_UPPER", "SAME_LOWER"):
        before, after = [], []
        for size, width, stride in zip(image, kernel, strides, strict=True):
            total = max((-(-size // stride) - 1) * stride + width - size, 0)
            less, more = total // 2, total - total // 2
            before.append(less if mode == "SAME_UPPER" else more)
            after.append(more if mode == "SAME_UPPER" else less)
        return before[0], before[1], after[0], after[1]
    pads = (0, 0, 0, 0) if mode == "VALID" else tuple(node.attributes.get("pads", (0, 0, 0, 0)))
    if mode not in ("NOTSET", "VALID"):
        raise graph.refusal(node, f"auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, not {mode!r}")
    if len(pads) != 4 or min(pads) < 0:
        raise graph.refusal(node, f"pads must be four numbers of at least 0, not {list(pads)}")
    if any(pad >= kernel[axis % 2] for axis, pad in enumerate(pads)):
        raise graph.refusal(node, f"pads must be smaller than the kernel {list(kernel)}, not {list(pads)}")
    return pads[0], pads[1], pads[2], pads[3]
