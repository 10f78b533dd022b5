"""Units, banks and counters as the timing engine sees them: small state, and when a command may start.

Nothing here steps through cycles. A command's start is the largest of a few known times, or unknown yet: whoever makes
it known comes later in program order. Banks only ever open with time for the unit that waits for them, so commands may
be resolved in any order; only WAIT needs the order of time (see ``_timing``).
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import Callable

from nngen.arch import Core
from nngen.isa import (
    ACCUMULATOR_RELEASE_LATENCY,
    COUNTERS,
    ISSUE_LATENCY,
    LOAD_LATENCY,
    OUTPUT_RELEASE_LATENCY,
    ROW_RELEASE_LATENCY,
    VEC_LATENCY,
    VECTOR_RELEASE_LATENCY,
    mvm_latency,
    post_latency,
    store_latency,
)
from nngen.isa import Unit as UnitName

from ._operation import (
    ACCUMULATORS,
    NO_BANK,
    OUTPUTS,
    ROWS,
    UNITS_BY_CODE,
    VEC_ACCUMULATORS,
    VECTORS,
    Operation,
)

BANKS = 2
NEVER = 1 << 62

_RELEASE_LATENCIES = {
    NO_BANK: 0,
    ROWS: ROW_RELEASE_LATENCY,
    ACCUMULATORS: ACCUMULATOR_RELEASE_LATENCY,
    VECTORS: VECTOR_RELEASE_LATENCY,
    VEC_ACCUMULATORS: ACCUMULATOR_RELEASE_LATENCY,
    OUTPUTS: OUTPUT_RELEASE_LATENCY,
}

# operation, pc, first cycle it stands in the queue, S, two amounts of work, number in order of issue, cycles it is held
Command = tuple[Operation, int, int, int, int, int, int, int]
# number in order of issue, unit code, pc, issue, head, start, end, retire, two amounts of work
Record = tuple[int, int, int, int, int, int, int, int, int, int]


class Bank:
    """A two-deep resource between a writer and a reader, as the times at which its counters change.

    Attributes
    ----------
    acquired
        How often a writer took a bank.
    taken
        How often the reader gave one back.
    filled, freed
        Cycles in which each hand-over and each release became visible, ascending.
    """

    __slots__ = ("acquired", "filled", "free_latency", "freed", "taken")

    def __init__(self, free_latency: int) -> None:
        self.acquired = 0
        self.taken = 0
        self.filled: list[int] = []
        self.freed: list[int] = []
        self.free_latency = free_latency


class Counter:
    """A counter of SIGNAL and WAIT: when each signal became visible, how many are used up, the last cycle of a WAIT."""

    __slots__ = ("last_take", "signals", "taken")

    def __init__(self) -> None:
        self.signals: list[int] = []
        self.taken = 0
        self.last_take = -1


class Unit:
    """A unit with its queue.

    Parameters
    ----------
    code
        Its code in instructions.
    latency
        Cycles from the end of a command to its effects.
    banks, counters
        All of them.

    Attributes
    ----------
    pushed
        Commands issued so far.
    ends
        Last cycle of each command that is resolved.
    pending
        Commands whose start is not known yet.
    drained
        First cycle in which the pipeline is empty.
    """

    __slots__ = (
        "banks", "busy", "code", "counters", "drained", "end", "ends", "last_effect", "latency", "pending", "pushed",
        "record", "stalled", "work_a", "work_b",
    )  # fmt: skip

    def __init__(
        self, code: int, latency: int, *, banks: list[Bank], counters: list[Counter],
        last_effect: list[int], record: Callable[[Record], None] | None,
    ) -> None:  # fmt: skip
        self.code = code
        self.latency = latency
        self.banks = banks
        self.counters = counters
        self.last_effect = last_effect
        self.record = record
        self.pushed = 0
        self.ends: list[int] = []
        self.pending: deque[Command] = deque()
        self.end = -1
        self.drained = 0
        self.busy = self.stalled = self.work_a = self.work_b = 0

    def head_time(self, command: Command) -> int:
        """Return the first cycle in which the next command is the head of the queue."""
        ready = command[2]
        return ready if ready > self.end else self.end + 1

    def resolve(self, command: Command) -> bool:
        """Settle when the next command runs; False where that is not known yet, as for every WAIT."""
        operation, _, ready, _, _, _, _, hold = command
        before = self.end
        head = ready if ready > before else before + 1
        if operation.works:
            return self._work(command, head)
        if operation.waits:
            return False
        start = max(head + hold, self.drained)
        if operation.signals:
            insort(self.counters[operation.counter].signals, start + 1)
        self._finish(command, head, start, start)
        return True

    def _work(self, command: Command, head: int) -> bool:
        """Settle when a command that works runs; False where that is not known yet."""
        operation, _, _, service, a, b, _, hold = command
        banks = self.banks
        start = head + hold
        if operation.source:
            source = banks[operation.source]
            if source.taken >= len(source.filled):
                return False
            start = max(start, source.filled[source.taken])
        if operation.first:
            target = banks[operation.target]
            release = target.acquired - BANKS
            if release >= 0:
                if release >= len(target.freed):
                    return False
                start = max(start, target.freed[release])
            target.acquired += 1
        end = start + service - 1
        self.drained = effect = end + self.latency
        if operation.last:
            banks[operation.target].filled.append(effect)
        if operation.release:
            source = banks[operation.source]
            source.taken += 1
            source.freed.append(end + source.free_latency)
        self.work_a += a
        self.work_b += b
        self._finish(command, head, start, end)
        return True

    def take(self, start: int) -> None:
        """Run the WAIT at the head in cycle ``start``."""
        command = self.pending.popleft()
        operation = command[0]
        counter = self.counters[operation.counter]
        counter.taken += operation.count
        counter.last_take = start
        self._finish(command, self.head_time(command), start, start)

    def wait_start(self) -> int:
        """Return when the WAIT at the head could start by the signals known now; -1 where they are too few."""
        command = self.pending[0]
        operation = command[0]
        counter = self.counters[operation.counter]
        needed = counter.taken + operation.count
        if needed > len(counter.signals):
            return -1
        return max(self.head_time(command) + command[7], counter.signals[needed - 1], counter.last_take + 1)

    def _finish(self, command: Command, head: int, start: int, end: int) -> None:
        _, pc, ready, service, a, b, number, _ = command
        retire = end + self.latency - 1  # of every command of a unit: its port shows them one by one, in order
        self.stalled += start - head
        self.busy += service
        self.end = end
        self.ends.append(end)
        self.last_effect[pc] = retire
        if self.record is not None:
            self.record((number, self.code, pc, ready - ISSUE_LATENCY, head, start, end, retire, a, b))


class PortUnit(Unit):
    """STORE of a chip with several cores: what claims a port or the bus starts when the chip's arbiter says so."""

    __slots__ = ()

    def resolve(self, command: Command) -> bool:
        """Settle when the next command runs; False where that is not known yet, as for all that has to ask."""
        return not command[0].claims and super().resolve(command)

    def asks_at(self) -> int:
        """Return from when on the command at the head asks for what it claims; -1 where that is not known yet."""
        command = self.pending[0]
        operation, hold = command[0], command[7]
        start = self.head_time(command) + hold
        if operation.signals:
            return max(start, self.drained)
        if operation.source:
            source = self.banks[operation.source]
            if source.taken >= len(source.filled):
                return -1
            start = max(start, source.filled[source.taken])
        return start

    def begin(self, start: int) -> None:
        """Run the command at the head from cycle ``start`` on."""
        command = self.pending.popleft()
        operation, _, _, service, a, b, _, _ = command
        head, end = self.head_time(command), start + service - 1
        if operation.works:
            self.drained = end + self.latency
        if operation.release:
            source = self.banks[operation.source]
            source.taken += 1
            source.freed.append(end + source.free_latency)
        self.work_a += a
        self.work_b += b
        self._finish(command, head, start, end)


def unexecuted(unit: Unit) -> list[Record]:
    """Return records of the commands that a unit never executes; only the first of them ever is head."""
    heads = (NEVER if i else unit.head_time(command) for i, command in enumerate(unit.pending))
    return [
        (number, unit.code, pc, ready - ISSUE_LATENCY, head, NEVER, NEVER, NEVER, a, b)
        for head, (_, pc, ready, _, a, b, number, _) in zip(heads, unit.pending, strict=True)
    ]


def longest_latency(core: Core) -> int:
    """Return the cycles in which every pipeline empties."""
    return max(unit.latency for unit in make_units(core, [], None))


def make_units(core: Core, last_effect: list[int], record: Callable[[Record], None] | None) -> list[Unit]:
    """Return the units in order of their codes, joined by fresh banks and counters; VEC, too, where it has no work."""
    latencies = {
        UnitName.LOAD: LOAD_LATENCY,
        UnitName.MVM: mvm_latency(core.macro.accumulation_cycles),
        UnitName.POST: post_latency(core.tables),
        UnitName.STORE: store_latency(bus=core.bus is not None),
        UnitName.VEC: VEC_LATENCY,
    }
    banks = [Bank(_RELEASE_LATENCIES[number]) for number in range(len(_RELEASE_LATENCIES))]
    counters = [Counter() for _ in range(COUNTERS)]
    return [
        (PortUnit if name is UnitName.STORE and core.bus is not None else Unit)(
            code, latencies[name], banks=banks, counters=counters, last_effect=last_effect, record=record
        )
        for code, name in enumerate(UNITS_BY_CODE)
        if code
    ]
