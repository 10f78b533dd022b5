"""The time of a chip with several cores: each core runs as far as it can by itself, then the chip decides.

What a core cannot decide by itself is a WAIT, which a SIGNAL of another core may end, and whatever claims a port or the
bus. Of all that is undecided the earliest is certain: everything else, known or not, happens no earlier, and takes
effect later.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.isa import (
    BUS_SIGNAL_LATENCY,
    ISSUE_LATENCY,
    LONGEST_HOLD,
    STALL_SEED_BITS,
    UNIT_CODES,
    Unit,
    core_stall_rotation,
)

from ._arbiter import NEVER, Arbiter, Ask
from ._stream import Stream
from ._timing import Engine, timing_of
from ._timing_result import Timing
from ._units import PortUnit, longest_latency

_STORE = UNIT_CODES[Unit.STORE] - 1


class _TimedCore:
    """A core on its way.

    Attributes
    ----------
    waits
        When its earliest WAIT can start; NEVER where none can.
    bus_writes
        Words that came over the bus.
    """

    def __init__(self, engine: Engine, stream: Stream) -> None:
        self.engine = engine
        self.targets = stream.targets
        self.walk: Iterator[None] | None = engine.steps()
        self.waits = NEVER
        self.bus_writes = 0
        store = engine.units[_STORE]
        assert isinstance(store, PortUnit)
        self.store = store

    @property
    def finished(self) -> bool:
        return self.walk is None

    def advance(self) -> None:
        """Run as far as the core can by itself."""
        if self.walk is not None and next(self.walk, _END) is _END:
            self.walk = None
        self.look()

    def look(self) -> None:
        """Note when the earliest WAIT can start."""
        found = None if self.finished else self.engine.earliest_wait()
        self.waits = NEVER if found is None else found[0]

    def asks(self) -> Ask | None:
        """Return what the head of STORE's queue asks for."""
        pending = self.store.pending
        if not pending or not pending[0][0].claims:
            return None
        since = self.store.asks_at()
        if since < 0:
            return None
        operation, service = pending[0][0], pending[0][3]
        ports = self.targets[0] if operation.bus and operation.works else ()
        return Ask(since=since, cycles=service, bus=bool(operation.bus), ports=ports)


_END = object()


class _Chip:
    """All cores of a chip on their way."""

    def __init__(self, cores: Sequence[_TimedCore]) -> None:
        self._cores = cores
        self._arbiter = Arbiter(len(cores))

    def run(self) -> None:
        """Run all programs to their ends."""
        for number in range(len(self._cores)):
            self._advance(number)
        while self._decide():
            pass
        idle_since = max(core.engine.idle_since for core in self._cores)
        for core in self._cores:
            if not core.finished:
                core.engine.deadlock(idle_since)

    def _decide(self) -> bool:
        """Decide the earliest thing that is undecided; False where nothing ever happens any more."""
        waits = [core.waits for core in self._cores]
        earliest, cycle = min(waits), self._arbiter.next_cycle()
        if earliest == cycle == NEVER:
            return False
        if earliest <= cycle:
            number = waits.index(earliest)
            self._cores[number].engine.take_earliest_wait()
            self._advance(number)
            return True
        started = self._arbiter.decide(cycle)
        for number in started:
            self._start(self._cores[number], cycle)
        for number in started:
            self._advance(number)
        return True

    def _advance(self, number: int) -> None:
        core = self._cores[number]
        core.advance()
        self._arbiter.asks[number] = core.asks()

    def _start(self, core: _TimedCore, cycle: int) -> None:
        """Start the command at the head of STORE's queue."""
        operation, service = core.store.pending[0][0], core.store.pending[0][3]
        targets = [self._cores[target] for target in core.targets.popleft()] if operation.bus else []
        core.store.begin(cycle)
        for target in targets:
            if operation.works:
                target.bus_writes += service
            else:
                insort(target.store.counters[operation.counter].signals, cycle + BUS_SIGNAL_LATENCY)
                target.look()


def time_streams(
    cores: Sequence[Core],
    streams: Sequence[Stream],
    *,
    watchdog: int,
    stall_seed: int = 0,
    trace: bool,
) -> tuple[Timing, ...]:
    """Time the programs of all cores of a chip with several, given as streams of operations.

    Raises
    ------
    ProgramError
        Where the programs never end and the watchdog is off, or where the watchdog strikes while a chip waits that will
        go on.
    """
    # A chip that will go on is never idle for longer than a pipeline takes, a signal over the bus, or a held command.
    least = max(map(longest_latency, cores)) + BUS_SIGNAL_LATENCY + LONGEST_HOLD + ISSUE_LATENCY
    if 0 < watchdog <= least:
        raise ProgramError(f"watchdog of a chip with several cores must be 0 or above {least} cycles, not {watchdog}")
    engines = [
        Engine(core, stream.operations, stream, watchdog, trace=trace, stall_seed=_rotated(stall_seed, number))
        for number, (core, stream) in enumerate(zip(cores, streams, strict=True))
    ]
    timed = [_TimedCore(engine, stream) for engine, stream in zip(engines, streams, strict=True)]
    _Chip(timed).run()
    timings = [timing_of(engine, trace=trace) for engine in engines]
    for timing, core in zip(timings, timed, strict=True):
        timing.events["bus_writes"] = core.bus_writes
    return tuple(timings)


def _rotated(seed: int, core: int) -> int:
    """Return the seed of a core's stalls."""
    places = core_stall_rotation(core)
    return (seed << places | seed >> (STALL_SEED_BITS - places)) & ((1 << STALL_SEED_BITS) - 1)
