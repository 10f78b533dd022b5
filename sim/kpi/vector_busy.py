"""Busy cycles of a vector layer as it is scheduled: closed forms for LOAD, VEC, POST and STORE.

Only LOAD's and STORE's depend on where the pointers stand: a run touches one memory word more or less.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

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
        steps = (
            (self.rows, self.row_steps[pointer] % word_bytes),
            (self.repetitions, self.steps[pointer] % word_bytes),
            (runs, stride % word_bytes),
        )
        words, beyond = divmod(length + word_bytes - 1, word_bytes)
        first = (self.origins[pointer] + offset) % word_bytes
        return self.count * runs * words + _runs_from(first, steps, word_bytes, at_least=word_bytes - beyond)


@cache
def _runs_from(first: int, steps: tuple[tuple[int, int], ...], word_bytes: int, *, at_least: int) -> int:
    """Return how many runs begin at byte ``at_least`` of a word, or behind it: those that touch a word more."""
    places = np.zeros(word_bytes, np.int64)
    places[first] = 1
    for count, step in steps:
        if step:
            places = _repeated(places, count, step)
        else:
            places *= count
    return int(places[at_least:].sum())


def _repeated(places: IntArray, count: int, step: int) -> IntArray:
    """Return how many runs begin at each byte of a word where each of them comes ``count`` times, ``step`` apart."""
    word_bytes = len(places)
    often, rest = divmod(count, word_bytes)  # after as many steps as a word has bytes, places come again
    turns = np.arange(word_bytes)
    moved: IntArray = np.zeros(word_bytes, np.int64)
    for turn in turns:
        moved += (often + (turn < rest)) * np.roll(places, turn * step)
    return moved


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
