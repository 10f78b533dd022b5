"""Chunks of depthwise layers and pools: what they load, and how VEC combines it.

1. Gathered: each element of the kernel is copied for all pixels of the chunk, one element behind the other; VEC takes
   them as taps. This works for any stride and dilation, and for some of the channels.
2. As a strip: the kernel rows under neighbouring pixels are copied as they are, each input once; VEC takes a kernel row
   as taps, a pixel apart, one row after the other. Horizontal stride 1, all channels.
3. What does not fit the vector buffer comes in several fills that add up; a single pixel always works.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from nngen.compiler.scheduler.stretches import Stretch
from nngen.ir import Chunk, Combination, DepthwiseLayer, Fill, Operation, PoolLayer, WindowLayer
from nngen.isa import Unit, register

from ._site import MOST_COPIES, Cut, Site

Kernel = tuple[tuple[int, int], tuple[int, int]]  # elements: rows [a, b) and columns [c, d)

_Item = TypeVar("_Item")

_MOST_TAPS = (1 << register(Unit.VEC, "TAPS").width) - 1


def window_chunk(site: Site, layer: WindowLayer, cut: Cut, kernel: Kernel, *, strip: bool) -> Chunk | None:
    """Return the chunk that computes a cut, or None where it does not fit, or not in this way."""
    if not site.fits_outputs(cut):
        return None
    fills = _strip(site, layer, cut, kernel) if strip else _gathered(site, layer, cut, kernel)
    outputs = site.outputs(cut)
    if fills is None or outputs is None:
        return None
    if cut.pixels > 1 and sum(len(fill.copies) for fill in fills) > MOST_COPIES:
        return None
    element_bytes = site.target.element_bytes
    return Chunk(
        fills=tuple(fills),
        outputs=outputs,
        offset=site.pointers.offsets[-1] + cut.channels[0] * element_bytes,
        length=cut.elements * element_bytes,
    )


def _gathered(site: Site, layer: WindowLayer, cut: Cut, kernel: Kernel) -> list[Fill] | None:
    pixel_bytes = cut.width * site.sources[0].element_bytes
    length = cut.pixels * pixel_bytes
    at_once = min(site.vector.buffer_bytes // length, _MOST_TAPS)
    if not at_once:
        return None
    (top, bottom), (left, right) = kernel
    elements = [(y, x) for y in range(top, bottom) for x in range(left, right)]
    fills: list[Fill] = []
    for part in _equal_parts(elements, at_once):
        places = [(element, pixel) for element in part for pixel in range(cut.pixels)]
        pieces = [
            Stretch(_offset(site, layer, cut, element, pixel=pixel), pixel_bytes, place * pixel_bytes)
            for place, (element, pixel) in enumerate(places)
        ]
        combination = _combination(site, layer, cut, part, source=0, stride=length, overwrite=not fills)
        if combination is None:
            return None
        fills.append(Fill(copies=site.copies(0, pieces), combinations=(combination,)))
    return fills


def _strip(site: Site, layer: WindowLayer, cut: Cut, kernel: Kernel) -> list[Fill] | None:
    (top, bottom), (left, right) = kernel
    if cut.pixels == 1 or layer.strides[1] != 1 or cut.width != site.walk.channels:
        return None
    pixel_bytes = cut.width * site.sources[0].element_bytes
    across = layer.dilations[1]
    row_bytes = (cut.pixels + (right - left - 1) * across) * pixel_bytes
    at_once = site.vector.buffer_bytes // row_bytes
    if not at_once or right - left > _MOST_TAPS:
        return None
    fills: list[Fill] = []
    for rows in _equal_parts(range(top, bottom), at_once):
        pieces = [Stretch(_offset(site, layer, cut, (y, left)), row_bytes, i * row_bytes) for i, y in enumerate(rows)]
        combinations = [
            _combination(
                site,
                layer,
                cut,
                [(y, x) for x in range(left, right)],
                source=i * row_bytes,
                stride=across * pixel_bytes,
                overwrite=not fills and i == 0,
            )
            for i, y in enumerate(rows)
        ]
        made = [c for c in combinations if c is not None]
        if len(made) < len(combinations):
            return None
        fills.append(Fill(copies=site.copies(0, pieces), combinations=tuple(made)))
    return fills


def _offset(site: Site, layer: WindowLayer, cut: Cut, element: tuple[int, int], *, pixel: int = 0) -> int:
    """Return where the channels of a kernel element (y, x) at a pixel of the chunk stand, from the surface on."""
    y, x = element
    region, (top, left, _, _) = site.regions[layer.input], layer.pads
    (down, across), tensor = layer.dilations, site.sources[0]
    rows, columns = y * down - top, pixel * layer.strides[1] + x * across - left
    return rows * region.pitch + columns * region.pixel_bytes + cut.channels[0] * tensor.element_bytes


def _combination(
    site: Site,
    layer: WindowLayer,
    cut: Cut,
    taps: Sequence[tuple[int, int]],
    *,
    source: int,
    stride: int,
    overwrite: bool,
) -> Combination | None:
    word = 0
    if isinstance(layer, DepthwiseLayer):
        numbers = tuple(y * layer.kernel[1] + x for y, x in taps)
        placed = site.coefficients.place(numbers, cut.channels, cut.pixels)
        if placed is None:
            return None
        word = placed
    tensor = site.sources[0]
    return Combination(
        operation=_operation(layer),
        source=source,
        entry=0,
        length=cut.elements,
        taps=len(taps),
        stride=stride if len(taps) > 1 else 0,
        element_bytes=tensor.element_bytes,
        signed=tensor.signed,
        overwrite=overwrite,
        coefficient=word,
    )


def _operation(layer: WindowLayer) -> Operation:
    if isinstance(layer, PoolLayer):
        return "max" if layer.kind == "max" else "sum"
    return "weight"


def _equal_parts(items: Sequence[_Item], most: int) -> list[Sequence[_Item]]:
    """Return the items in parts of at most ``most``: equal ones, where that takes at most twice as many as it must."""
    fewest = -(-len(items) // most)
    length = next((n for n in range(most, 0, -1) if len(items) % n == 0), 1)
    if len(items) > 2 * fewest * length:
        length = -(-len(items) // fewest)
    return [items[first : first + length] for first in range(0, len(items), length)]
