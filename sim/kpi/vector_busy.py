"""Busy cycles of a vector layer as it is scheduled: closed forms for LOAD, VEC, POST and STORE.

Only LOAD's and STORE's depend on where the pointers stand: a run touches one memory word more or less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.ir import Chunk, Combination, Copy, Fill, Segment, VectorSchedule
from nngen.isa import vec_cycles

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Places:
    """The positions at which a segment of a band is computed.

    Parameters
    ----------
    origins
        Address of each pointer at the first one.
    rows, row_steps
        Rows, and bytes from one to the next.
    repetitions, steps
        Positions of a row, and bytes from one to the next.
    """

    origins: tuple[int, ...]
    rows: int
    row_steps: tuple[int, ...]
    repetitions: int
    steps: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many there are."""
        return self.rows * self.repetitions

    def words(self, pointer: int, offset: int, length: int, word_bytes: int, *, runs: int = 1, stride: int = 0) -> int:
        """Return the memory words that runs touch, summed over all positions."""
        down = np.arange(self.rows, dtype=np.int64)[:, None, None] * self.row_steps[pointer]
        across = np.arange(self.repetitions, dtype=np.int64)[:, None] * self.steps[pointer]
        first = self.origins[pointer] + offset + down + across + np.arange(runs, dtype=np.int64) * stride
        return int(((first % word_bytes + length + word_bytes - 1) // word_bytes).sum())


@dataclass(frozen=True, kw_only=True)
class ChunkBusy:
    """Busy cycles of one chunk, summed over its positions; LOAD and VEC fill by fill."""

    load: tuple[int, ...]
    vec: tuple[int, ...]
    post: int
    store: int


def places_of(scheduled: VectorSchedule) -> Iterator[tuple[Segment, Places]]:
    """Yield each segment of each band with where it is computed."""
    origins = np.array([pointer.address for pointer in scheduled.pointers])
    row_steps = np.array([pointer.row_step for pointer in scheduled.pointers])
    for band in scheduled.bands:
        start = origins.copy()
        for segment in band.segments:
            yield (
                segment,
                Places(
                    origins=tuple(start.tolist()),
                    rows=band.rows,
                    row_steps=tuple(row_steps.tolist()),
                    repetitions=segment.repetitions,
                    steps=segment.steps,
                ),
            )
            start += segment.repetitions * np.array(segment.steps)
        origins = origins + band.rows * row_steps


def chunk_busy(chunk: Chunk, places: Places, *, output_pointer: int, word_bytes: int) -> ChunkBusy:
    """Return the busy cycles of a chunk."""
    return ChunkBusy(
        load=tuple(_load(fill.copies, places, word_bytes) for fill in chunk.fills),
        vec=tuple(places.count * _vec(fill, word_bytes) for fill in chunk.fills),
        post=places.count * sum(one.count for one in chunk.outputs),
        store=places.words(output_pointer, chunk.offset, chunk.length, word_bytes),
    )


def _load(copies: Sequence[Copy], places: Places, word_bytes: int) -> int:
    return sum(
        places.words(copy.pointer, copy.offset, copy.length, word_bytes, runs=copy.runs, stride=copy.stride)
        for copy in copies
    )


def _vec(fill: Fill, word_bytes: int) -> int:
    return sum(_cycles(one, word_bytes) for one in fill.combinations)


def _cycles(one: Combination, word_bytes: int) -> int:
    return vec_cycles(length=one.length, taps=one.taps, element_bytes=one.element_bytes, word_bytes=word_bytes)
