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


def order_of_effect(steps: Iterable[Step], executed: Mapping[Unit, int] | None = None) -> Iterator[Numbered]:
    """Yield every instruction that is executed.

    Parameters
    ----------
    steps
        In order of issue.
    executed
        How many commands each unit executes at most.
    """
    state = _State()
    queues: list[deque[Numbered]] = [deque() for _ in UNITS_BY_CODE]
    left = [-1 if executed is None else executed.get(unit, 0) for unit in UNITS_BY_CODE]
    waiting = 0
    for number, (operation, _, address) in enumerate(steps):
        unit = operation.unit
        if not unit:
            yield number, operation, address
            continue
        queue = queues[unit]
        if queue or not left[unit] or not state.ready(operation):
            queue.append((number, operation, address))
            waiting += 1
            continue
        left[unit] -= 1
        state.ran(operation)
        yield number, operation, address
        while waiting and (following := _next(queues, left, state)):
            waiting -= 1
            left[following[1].unit] -= 1
            state.ran(following[1])
            yield following


def _next(queues: list[deque[Numbered]], left: list[int], state: _State) -> Numbered | None:
    """Take a command that has been waiting and can run now."""
    for unit, queue in enumerate(queues):
        if queue and left[unit] and state.ready(queue[0][1]):
            return queue.popleft()
    return None
