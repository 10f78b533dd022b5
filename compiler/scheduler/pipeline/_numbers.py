"""Counters and address registers of a pipeline: which stream has which, on which core.

1. Counter 0 of every core is its own: a layer is stored, the next one may load.
2. Each core that writes a stream has a counter at all other cores that read it, of one number: rows or tensors that are
   there. Each core that reads it has one at all other cores that write it: rows or tensors that they may write.
3. A stream with a window, or with several slots, takes an address register on each core that writes or reads it: from
   the last one downwards, so that vector layers keep the first. Those of the host come first, then windows, then
   tensors that could have a second slot: as far as registers reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from nngen.compiler.scheduler.cores import NumberedCore
from nngen.errors import CapacityError
from nngen.isa import ADDRESS_REGISTERS, COUNTERS

from ._streams import Stream

OWN = 0  # counter: what this core stored
_FIRST_REGISTER = 3  # those below serve layers
_MOST_BY_CHOICE = 3  # address registers of a core that streams take where they need not


@dataclass(kw_only=True)
class Counters:
    """Counter numbers: of what a core writes, at its readers, and of what a core reads, at its writers."""

    written: dict[tuple[str, int], int] = field(default_factory=dict)
    read: dict[tuple[str, int], int] = field(default_factory=dict)


def counters_of(streams: Iterable[Stream], cores: Sequence[NumberedCore]) -> Counters:
    """Return the counters of all streams.

    Raises
    ------
    CapacityError
        Where a core has too few.
    """
    taken = {core.number: {OWN} for core in cores}
    counters = Counters()
    for stream in streams:
        for writer in stream.writers:
            counters.written[stream.tensor, writer] = _number(stream, stream.readers_of(writer), taken, cores)
        for reader in sorted(stream.readers):
            counters.read[stream.tensor, reader] = _number(stream, stream.writers_for(reader), taken, cores)
    return counters


def _number(stream: Stream, places: Sequence[int], taken: dict[int, set[int]], cores: Sequence[NumberedCore]) -> int:
    """Return a counter that is free on some cores, and take it."""
    free = [number for number in range(COUNTERS) if not any(number in taken[place] for place in places)]
    if not free:
        crowded = max(places, key=lambda place: len(taken[place]))
        raise CapacityError(
            f"tensor '{stream.tensor}': in a pipeline {cores[crowded].name} needs a counter for each core with which "
            f"it exchanges a tensor, and has {COUNTERS}: map layers that follow each other to fewer cores, as strategy "
            "throughput does"
        )
    for place in places:
        taken[place].add(free[0])
    return free[0]


def with_registers(
    streams: Sequence[Stream], cores: Sequence[NumberedCore], *, slots: int
) -> tuple[tuple[Stream, ...], dict[tuple[str, int], int]]:
    """Return the streams as registers allow, and the address register of each on each of its cores.

    ``slots`` are those of tensors between cores, where there are registers for more than one.

    Raises
    ------
    CapacityError
        Where a core has too few for the tensors of the host.
    """
    used = {core.number: 0 for core in cores}
    numbers: dict[tuple[str, int], int] = {}
    chosen: dict[str, Stream] = {}
    order = sorted(streams, key=lambda stream: (not stream.host, stream.window is None))
    for stream in order:
        wanted = stream if stream.host or stream.window else stream.with_slots(slots)
        limit = ADDRESS_REGISTERS - _FIRST_REGISTER if stream.host else _MOST_BY_CHOICE
        crowded = [core for core in wanted.cores if used[core] >= limit]
        if wanted.has_register and crowded:
            if stream.host:
                raise CapacityError(
                    f"tensor '{stream.tensor}': {cores[crowded[0]].name} has {limit} address registers for inputs and "
                    "outputs of several inferences, and needs more: build for one inference"
                )
            wanted = replace(stream, window=None, slots=1)
        if wanted.has_register:
            for core in wanted.cores:
                numbers[stream.tensor, core] = ADDRESS_REGISTERS - 1 - used[core]
                used[core] += 1
        chosen[stream.tensor] = wanted
    return tuple(chosen[stream.tensor] for stream in streams), numbers
