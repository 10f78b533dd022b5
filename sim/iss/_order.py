"""In which order commands take effect: the order of issue within a unit, between units what buffers and counters allow.

A command that finds its buffer empty, both banks taken or its counter too low waits in its unit's queue, and what is
issued after it overtakes it. Time plays no part: programs in which it would decide what is computed race.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from nngen.isa import COUNTERS, Unit

from ._operation import OUTPUTS, UNITS_BY_CODE, Operation
from ._sequencer import Step

BANKS = 2
# number in order of issue, operation, memory address
Numbered = tuple[int, Operation, int]


class _State:
    """Banks and counters."""

    def __init__(self) -> None:
        self.used = [0] * (OUTPUTS + 1)
        self.filled = [0] * (OUTPUTS + 1)
        self.counters = [0] * COUNTERS

    def ready(self, operation: Operation) -> bool:
        """Whether a command can run."""
        if operation.works:
            if operation.source and not self.filled[operation.source]:
                return False
            return not operation.first or self.used[operation.target] < BANKS
        return not operation.waits or self.counters[operation.counter] >= operation.count

    def ran(self, operation: Operation) -> None:
        """Note that it did."""
        if operation.works:
            self.used[operation.target] += operation.first
            self.filled[operation.target] += operation.last
            if operation.release:
                self.filled[operation.source] -= 1
                self.used[operation.source] -= 1
        elif operation.waits:
            self.counters[operation.counter] -= operation.count
        elif operation.signals:
            self.counters[operation.counter] += 1


class Order:
    """The instructions of a core in the order of their effect.

    Parameters
    ----------
    steps
        In order of issue.
    executed
        How many commands each unit executes at most.
    depth
        How many commands may wait for each unit where another core may end the waiting; None: there is no other.
    """

    def __init__(
        self, steps: Iterable[Step], executed: Mapping[Unit, int] | None = None, *, depth: int | None = None
    ) -> None:
        self._steps = steps
        self._depth = depth
        self._state = _State()
        self._queues: list[deque[Numbered]] = [deque() for _ in UNITS_BY_CODE]
        self._left = [-1 if executed is None else executed.get(unit, 0) for unit in UNITS_BY_CODE]
        self._waiting = 0

    def signal(self, counter: int) -> None:
        """Note a SIGNAL that came over the bus."""
        self._state.counters[counter] += 1

    def steps(self) -> Iterator[Numbered | None]:
        """Yield every instruction that is executed; None where only a signal over the bus could let one go on."""
        state, left = self._state, self._left
        for number, (operation, _, address) in enumerate(self._steps):
            unit = operation.unit
            if not unit:
                yield number, operation, address
                continue
            queue = self._queues[unit]
            while self._depth is not None and len(queue) >= self._depth:
                yield from self._released()
                if len(queue) >= self._depth:
                    yield None
            if queue or not left[unit] or not state.ready(operation):
                queue.append((number, operation, address))
                self._waiting += 1
                continue
            left[unit] -= 1
            self._ran(operation)
            yield number, operation, address
            yield from self._released()
        while self._depth is not None and self._waiting:
            yield from self._released()
            if self._waiting:
                yield None

    def _ran(self, operation: Operation) -> None:
        if not (operation.signals and operation.bus):  # that is for the chip to hand on
            self._state.ran(operation)

    def _released(self) -> Iterator[Numbered]:
        """Yield the commands that have been waiting and can run now."""
        while self._waiting and (following := self._next()):
            self._waiting -= 1
            self._left[following[1].unit] -= 1
            self._ran(following[1])
            yield following

    def _next(self) -> Numbered | None:
        for unit, queue in enumerate(self._queues):
            if queue and self._left[unit] and self._state.ready(queue[0][1]):
                return queue.popleft()
        return None
