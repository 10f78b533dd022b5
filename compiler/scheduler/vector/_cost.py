"""What a segment costs in time: the slowest of its units, and what hand-over of the banks adds between two of them.

Two banks stand between neighbouring units. While one is written the other is read, but a bank changes hands only some
cycles after the last write, and is free again only after the last read: a pair of banks takes both busy times and these
latencies for every two turns.

The sequencer issues in order, so it runs ahead only as far as queues take commands: of a unit with n commands a chunk,
``1 + queue depth / n`` chunks at most are under way at once, from their first LOAD to the end of that unit's last one.
"""

from __future__ import annotations

from collections.abc import Sequence

from nngen.ir import Chunk, Segment
from nngen.isa import (
    ACCUMULATOR_RELEASE_LATENCY,
    LOAD_LATENCY,
    OUTPUT_RELEASE_LATENCY,
    VEC_LATENCY,
    VECTOR_RELEASE_LATENCY,
    post_latency,
    store_latency,
)
from nngen.sim.kpi import ChunkBusy, Places, chunk_busy

from ._site import Site

_SET_CYCLES = 1 + VEC_LATENCY  # of VEC: the register, once the pipeline is empty


def segments_cycles(site: Site, segments: Sequence[Segment], places: Sequence[Places]) -> float:
    """Return the estimated cycles of segments, with one fill and one drain of the pipeline."""
    total, longest, posting = 0.0, 0.0, 0.0
    for segment, place in zip(segments, places, strict=True):
        for chunk in segment.chunks:
            busy = chunk_busy(chunk, place, output_pointer=site.pointers.numbers[-1], word_bytes=site.core.word_bytes)
            cycles = _chunk_cycles(site, chunk, busy, place.count, moves=len(segment.steps) / len(segment.chunks))
            # A small chunk behind a large one: VEC has to wait for POST, which still works on the large one.
            total += cycles + place.rows * max(0.0, posting - cycles / place.count)
            posting = busy.post / place.count + VEC_LATENCY + ACCUMULATOR_RELEASE_LATENCY
            longest = max(longest, _latency(site, busy, place.count))
    return total + longest


def _chunk_cycles(site: Site, chunk: Chunk, busy: ChunkBusy, count: int, *, moves: float) -> float:
    combining = sum(busy.vec) + count * _SET_CYCLES * _changes(chunk)
    latency = post_latency(site.core.tables)
    commands = sum(len(fill.combinations) for fill in chunk.fills)
    loading = sum(busy.load) + count * LOAD_LATENCY
    until_combined = loading + combining + count * VEC_LATENCY
    return max(
        sum(busy.load),
        combining,
        _buffer_cycles(busy, count),
        busy.post,
        busy.store,
        count * (_instructions(chunk) + moves),
        (combining + busy.post + count * (VEC_LATENCY + ACCUMULATOR_RELEASE_LATENCY)) / 2,
        (busy.post + busy.store + count * (latency + OUTPUT_RELEASE_LATENCY)) / 2,
        until_combined / (1 + site.core.queue_depth / commands),
        (until_combined + busy.post) / (1 + site.core.queue_depth / len(chunk.outputs)),
    )


def _buffer_cycles(busy: ChunkBusy, count: int) -> float:
    """Return what the vector buffers take: an even number of fills finds the same banks, an odd one swaps them."""
    turns = [
        load + vec + count * (LOAD_LATENCY + VECTOR_RELEASE_LATENCY)
        for load, vec in zip(busy.load, busy.vec, strict=True)
    ]
    return sum(turns) / 2 if len(turns) % 2 else max(sum(turns[::2]), sum(turns[1::2]))


def _latency(site: Site, busy: ChunkBusy, count: int) -> float:
    """Return the cycles that a chunk takes from its first LOAD to its last write, less those of its slowest unit."""
    stages = [busy.load[0], busy.vec[-1], busy.post, busy.store]
    core = site.core
    latencies = LOAD_LATENCY + VEC_LATENCY + post_latency(core.tables) + store_latency(bus=core.bus is not None)
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
