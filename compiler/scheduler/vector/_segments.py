"""Cuts a row of outputs into equal chunks: as many pixels each as make the layer fastest.

1. Where not all channels fit at once, a chunk is one pixel and part of its channels, of as few equal parts as there
   must be.
2. Else numbers of pixels are tried that divide the row, or nearly so, and such that end at a memory word.
3. Of plans that cost at most 1 % more than the fastest, the one of the smallest chunks is taken: fewer instructions,
   coefficients, and cycles until the first output.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

from nngen.errors import CapacityError
from nngen.ir import Chunk, Segment
from nngen.sim.kpi import Places

from ._cost import segments_cycles
from ._site import Cut, Site

_NEAR = 1.01
_SMALLEST = 16  # chunks below this part of the largest are not tried
_APART = 1.08  # ratio of sizes that are tried, but for divisors of the row

Build = Callable[[Site, Cut], Chunk | None]


@dataclass(frozen=True, kw_only=True)
class Patch:
    """Neighbouring columns of a band of rows that see the same window; ``covered`` is as in :class:`Cut`."""

    first_row: int
    rows: int
    first_column: int
    covered: tuple[int | None, ...]

    @property
    def columns(self) -> int:
        """How many they are."""
        return len(self.covered)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    cycles: float
    pixels: int
    build: Build


def best_segments(site: Site, patch: Patch, builds: tuple[Build, ...]) -> tuple[Segment, ...]:
    """Return the segments of a patch, of the plan that takes the fewest cycles, or nearly so.

    Raises
    ------
    CapacityError
        Where not even one channel of one pixel fits.
    """
    whole = Cut(covered=patch.covered[:1], channels=(0, site.walk.channels))
    if all(build(site.trial(), whole) is None for build in builds):
        return _by_channels(site, patch, builds)
    plans = list(_plans(site, patch, builds))
    limit = _NEAR * min(plan.cycles for plan in plans)
    best = min((plan for plan in plans if plan.cycles <= limit), key=lambda plan: (plan.pixels, plan.cycles))
    return tuple(_segments(site, patch, best.pixels, best.build) or ())


def _plans(site: Site, patch: Patch, builds: tuple[Build, ...]) -> Iterator[_Plan]:
    for pixels in _sizes(site, patch.columns):
        for build in builds:
            trial = site.trial()
            segments = _segments(trial, patch, pixels, build)
            if segments is not None:
                places = _places(site, patch, segments)
                yield _Plan(cycles=segments_cycles(site, segments, places), pixels=pixels, build=build)


def _sizes(site: Site, columns: int) -> list[int]:
    """Return the numbers of pixels that are worth a try, ascending."""
    most = min(columns, site.vector.accumulators // site.walk.channels)
    word = site.core.word_bytes
    sizes: list[int] = []
    for size in range(max(1, most // _SMALLEST), most + 1):
        even = size == -(-columns // -(-columns // size))  # as few chunks, and no larger than they must be
        if (
            columns % size == 0
            or size == most
            or ((even or size % word == 0) and (not sizes or size >= _APART * sizes[-1]))
        ):
            sizes.append(size)
    return sizes


def _segments(site: Site, patch: Patch, pixels: int, build: Build) -> list[Segment] | None:
    """Return chunks of so many pixels, and one of what is left; None where a chunk does not fit."""
    segments = []
    for covered, repetitions in _parts(patch, pixels):
        chunk = build(site, Cut(covered=covered, channels=(0, site.walk.channels)))
        if chunk is None:
            return None
        segments.append(_segment(site, repetitions, len(covered), (chunk,)))
    return segments


def _parts(patch: Patch, pixels: int) -> Iterator[tuple[tuple[int | None, ...], int]]:
    """Yield parts of so many columns, equal ones that follow each other as one, and how often they come."""
    if len(set(patch.covered)) == 1:
        count, rest = divmod(patch.columns, pixels)
        yield from ((patch.covered[:size], times) for size, times in ((pixels, count), (rest, 1)) if size and times)
        return
    parts = [patch.covered[first : first + pixels] for first in range(0, patch.columns, pixels)]
    for covered, alike in groupby(parts):
        yield covered, len(list(alike))


def _segment(site: Site, repetitions: int, pixels: int, chunks: tuple[Chunk, ...]) -> Segment:
    steps = tuple(pixels * step for step in site.pointers.column_steps)
    return Segment(repetitions=repetitions, chunks=chunks, steps=steps)


def _by_channels(site: Site, patch: Patch, builds: tuple[Build, ...]) -> tuple[Segment, ...]:
    channels, word = site.walk.channels, site.core.word_bytes
    for parts in range(2, channels + 1):
        width = -(-channels // parts)
        for rounded in (-(-width // word) * word, width):
            for build in builds:
                if _channel_segments(site.trial(), patch, rounded, build) is not None:
                    return tuple(_channel_segments(site, patch, rounded, build) or ())
    raise CapacityError(
        f"layer '{site.layer.name}': not one output fits at a time: enlarge {site.table}.vector.buffer_bytes "
        f"or {site.table}.memory.output_buffer_bytes"
    )


def _channel_segments(site: Site, patch: Patch, width: int, build: Build) -> list[Segment] | None:
    """Return chunks of one pixel and so many channels; None where one does not fit."""
    segments = []
    for covered, alike in groupby(patch.covered):
        chunks = []
        for first in range(0, site.walk.channels, width):
            end = min(first + width, site.walk.channels)
            chunk = build(site, Cut(covered=(covered,), channels=(first, end)))
            if chunk is None:
                return None
            chunks.append(chunk)
        segments.append(_segment(site, len(list(alike)), 1, tuple(chunks)))
    return segments


def _places(site: Site, patch: Patch, segments: list[Segment]) -> list[Places]:
    pointers, column_steps = site.pointers.pointers, site.pointers.column_steps
    row_steps = tuple(pointer.row_step for pointer in pointers)
    origins = [
        pointer.address + patch.first_row * pointer.row_step + patch.first_column * step
        for pointer, step in zip(pointers, column_steps, strict=True)
    ]
    places = []
    for segment in segments:
        places.append(
            Places(
                origins=tuple(origins),
                rows=patch.rows,
                row_steps=row_steps,
                repetitions=segment.repetitions,
                steps=segment.steps,
            )
        )
        origins = [o + segment.repetitions * step for o, step in zip(origins, segment.steps, strict=True)]
    return places
