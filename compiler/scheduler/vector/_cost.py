"""What a segment costs in time: the slowest of its units, and what hand-over of the banks adds between two of them.

Two banks stand between neighbouring units. While one is written the other is read, but a bank changes hands only some
cycles after the last write, and is free again only after the last read: a pair of banks takes both busy times and these
latencies for every two turns.
"""

from __future__ import annotations

from collections.abc import Sequence

from nngen.ir import Chunk, Segment
from nngen.isa import (
    ACCUMULATOR_RELEASE_LATENCY,
    LOAD_LATENCY,
    OUTPUT_RELEASE_LATENCY,
    STORE_LATENCY,
    VEC_LATENCY,
    VECTOR_RELEASE_LATENCY,
    post_latency,
)
from nngen.sim.kpi import ChunkBusy, Places, chunk_busy

from ._site import Site

_SET_CYCLES = 1 + VEC_LATENCY  # of VEC: the register, once the pipeline is empty


def segments_cycles(site: Site, segments: Sequence[Segment], places: Sequence[Places]) -> float:
    """Return the estimated cycles of segments, with one fill and one drain of the pipeline."""
    total, longest = 0.0, 0.0
    for segment, place in zip(segments, places, strict=True):
        for chunk in segment.chunks:
            busy = chunk_busy(chunk, place, output_pointer=site.pointers.numbers[-1], word_bytes=site.core.word_bytes)
            total += _chunk_cycles(site, chunk, busy, place.count, moves=len(segment.steps) / len(segment.chunks))
            longest = max(longest, _latency(site, busy, place.count))
    return total + longest


def _chunk_cycles(site: Site, chunk: Chunk, busy: ChunkBusy, count: int, *, moves: float) -> float:
    filling = sum(
        max(load, vec, (load + vec + count * (LOAD_LATENCY + VECTOR_RELEASE_LATENCY)) / 2)
        for load, vec in zip(busy.load, busy.vec, strict=True)
    )
    combining = sum(busy.vec) + count * _SET_CYCLES * _changes(chunk)
    latency = post_latency(site.core.tables)
    return max(
        filling,
        combining,
        busy.post,
        busy.store,
        count * (_instructions(chunk) + moves),
        (combining + busy.post + count * (VEC_LATENCY + ACCUMULATOR_RELEASE_LATENCY)) / 2,
        (busy.post + busy.store + count * (latency + OUTPUT_RELEASE_LATENCY)) / 2,
    )


def _latency(site: Site, busy: ChunkBusy, count: int) -> float:
    """Return the cycles that a chunk takes from its first LOAD to its last write, less those of its slowest unit."""
    stages = [sum(busy.load), busy.vec[-1], busy.post, busy.store]
    latencies = LOAD_LATENCY + VEC_LATENCY + post_latency(site.core.tables) + STORE_LATENCY
    return (sum(stages) - max(stages)) / count + latencies


def _instructions(chunk: Chunk) -> int:
    return sum(len(fill.copies) + len(fill.combinations) for fill in chunk.fills) + len(chunk.outputs) + 1


def _changes(chunk: Chunk) -> int:
    """Return how often VEC's registers change from one command to the next, when the chunk is repeated."""
    looks = [
        (one.taps, one.stride if one.taps > 1 else None, one.element_bytes, one.signed)
        for fill in chunk.fills
        for one in fill.combinations
    ]
    return sum(look != before for look, before in zip(looks, [looks[-1], *looks[:-1]], strict=True))
