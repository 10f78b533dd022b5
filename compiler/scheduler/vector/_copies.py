"""Chunks of copies: rows, columns and channels that are picked out of a tensor, by LOADs alone.

1. A period of rows (see ``_periods``) is written by one row of a band, one of them after the other.
2. A period of the elements along a row is one column of the walk.
3. Neighbours in memory are one run; runs at one distance are one strided LOAD.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from nngen.compiler.scheduler.stretches import Stretch
from nngen.ir import Chunk, Combination, CopyLayer, Fill, Outputs

from ._periods import elements_read
from ._site import MOST_COPIES, Cut, Site


def copy_chunk(site: Site, layer: CopyLayer, cut: Cut, number: int) -> Chunk | None:
    """Return the chunk that computes a cut of row ``number`` of those at once, or None where it does not fit."""
    source, target = site.sources[0], site.target
    length = cut.elements * source.element_bytes
    if not site.fits_outputs(cut) or length > site.vector.buffer_bytes:
        return None
    copies = site.copies(0, _pieces(site, layer, cut, number))
    if cut.pixels > 1 and len(copies) > MOST_COPIES:
        return None
    record, single = site.records.place((0, 1), None)
    combination = Combination(
        operation="sum",
        source=0,
        entry=0,
        length=cut.elements,
        element_bytes=source.element_bytes,
        signed=source.signed,
        overwrite=True,
    )
    region = site.regions[layer.output]
    row_bytes = site.walk.columns * site.walk.output.column_step
    return Chunk(
        fills=(Fill(copies=copies, combinations=(combination,)),),
        outputs=(Outputs(entry=0, count=cut.elements, record=record, single=single),),
        offset=site.pointers.offsets[-1] + cut.channels[0] * target.element_bytes + number * (region.pitch - row_bytes),
        length=cut.elements * target.element_bytes,
    )


def _pieces(site: Site, layer: CopyLayer, cut: Cut, number: int) -> list[Stretch]:
    """Return what the LOADs bring; the pointer has moved along a row for each of the rows at once before this one."""
    source, step = site.sources[0], site.walk.inputs[0].column_step
    start = layer.rows_read[number] * site.regions[source.name].pitch - number * site.walk.columns * step
    size = source.element_bytes
    runs = _runs(elements_read(layer, source.shape[2])[: site.walk.channels][slice(*cut.channels)])
    pieces, place = [], 0
    for pixel in range(cut.pixels):
        for first, count in runs:
            pieces.append(Stretch(start + pixel * step + first * size, count * size, place))
            place += count * size
    return pieces


@lru_cache(256)
def _runs(elements: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return first element and length of each run of neighbours."""
    array = np.array(elements)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(array) != 1) + 1])
    lengths = np.diff([*starts, len(array)])
    return tuple(zip(array[starts].tolist(), lengths.tolist(), strict=True))
