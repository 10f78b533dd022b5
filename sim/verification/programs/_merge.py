"""Orders in which the commands of several units can be issued without a deadlock, whatever the time they take.

Numbered rules:

1. Commands are written down in an order in which a machine that finishes each before it takes the next would run them.
2. Each unit's own commands stay in this order; between units it changes at random.
3. A command is issued next only where its unit's queue has room once everything issued before has run as far as it
   can. The first command (rule 1) that has not run can always run, so something can always be issued.
4. No unit takes away what another one waits for: only one unit waits on a counter. So what can run stays able to run,
   and what runs in one order of time runs in every other. Where two units wait on one counter, whichever comes first,
   both count as waiting until all the signals are there that both need.
5. At the end everything has run, all banks are free and all counters 0, so blocks can follow each other in any order.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence

from nngen.arch import Core
from nngen.isa import COUNTERS, Instruction, Unit

from ._counters import Counters
from ._draw import Draw
from ._units import UNITS

BANKS = 2
Item = tuple[int, tuple[Instruction, ...]]
"""A unit's code, and instructions that nothing comes between: one command, at most, of the unit, SETs of the unit and
what the sequencer executes itself; or a LOOP around one command."""

# What a command takes from and what it gives to; of a pair, the second is that of commands with `vec`.
_SOURCES = {
    "MVM": ("rows", "rows"),
    "VEC": ("vector", "vector"),
    "POST": ("sums", "vector sums"),
    "STORE": ("outputs", "outputs"),
}
_TARGETS = {
    "LOAD": ("rows", "vector"),
    "MVM": ("sums", "sums"),
    "VEC": ("vector sums", "vector sums"),
    "POST": ("outputs", "outputs"),
}
_NEITHER = ("", "")


class UntimedCore:
    """A core in which commands take no time: queues, banks, counters, and what can run."""

    def __init__(self, queue_depth: int, counters: Counters) -> None:
        self._depth = queue_depth
        self._contested = counters.contested
        self._needed = sum(counters.shares)
        self._one_served = False
        self._queues: list[deque[Instruction]] = [deque() for _ in range(UNITS)]
        self._used: Counter[str] = Counter()
        self._filled: Counter[str] = Counter()
        self._counters = [0] * COUNTERS

    @property
    def idle(self) -> bool:
        """Whether everything has run, all banks are free and all counters 0."""
        banks = (*self._used.values(), *self._filled.values())
        return not (any(self._queues) or any(banks) or any(self._counters))

    def takes(self, item: Item) -> bool:
        """Whether an item could be issued without waiting; of several commands: whether all could run at once."""
        unit, instructions = item
        queued = [made for made in instructions if made.unit is not Unit.SEQUENCER]
        if len(queued) <= 1 and instructions[0].mnemonic != "LOOP":
            return len(self._queues[unit]) < self._depth
        return not self._queues[unit] and all(made.mnemonic == "SET" or self._can_run(made) for made in queued)

    def issue(self, item: Item) -> None:
        """Issue an item and let everything run as far as it can."""
        unit, instructions = item
        if unit:
            self._queues[unit].extend(_queued(instructions))
            self._drain()

    def _drain(self) -> None:
        progress = True
        while progress:
            progress = False
            for queue in self._queues:
                while queue and self._can_run(queue[0]):
                    self._run(queue.popleft())
                    progress = True

    def _can_run(self, command: Instruction) -> bool:
        operands = command.operands
        if command.mnemonic == "WAIT":
            needs_all = operands["counter"] == self._contested and not self._one_served
            return self._counters[operands["counter"]] >= (self._needed if needs_all else operands["count"])
        source, target = _banks(command)
        if source and not self._filled[source]:
            return False
        return not operands.get("first") or self._used[target] < BANKS

    def _run(self, command: Instruction) -> None:
        operands = command.operands
        if command.mnemonic == "WAIT":
            self._counters[operands["counter"]] -= operands["count"]
            self._one_served ^= operands["counter"] == self._contested
        elif command.mnemonic == "SIGNAL":
            self._counters[operands["counter"]] += 1
        else:
            source, target = _banks(command)
            self._used[target] += operands.get("first", 0)
            self._filled[target] += operands.get("last", 0)
            if operands.get("release"):
                self._used[source] -= 1
                self._filled[source] -= 1


def _banks(command: Instruction) -> tuple[str, str]:
    """Return what a command takes from and gives to; empty where it does not."""
    vec = command.operands.get("vec", 0)
    return _SOURCES.get(command.mnemonic, _NEITHER)[vec], _TARGETS.get(command.mnemonic, _NEITHER)[vec]


def _queued(instructions: tuple[Instruction, ...]) -> Sequence[Instruction]:
    """Return the commands of an item that travel a queue."""
    if len(instructions) == 1:
        return instructions
    if instructions[0].mnemonic == "LOOP":
        return instructions[1:] * instructions[0]["count"]
    return [made for made in instructions if made.unit is not Unit.SEQUENCER]


def merge(core: Core, draw: Draw, items: Sequence[Item], counters: Counters) -> tuple[Instruction, ...]:
    """Return the instructions of ``items`` (rule 1) in a random order that keeps the rules."""
    machine = UntimedCore(core.queue_depth, counters)
    streams = [[item for item in reversed(items) if item[0] == unit] for unit in range(UNITS)]
    weights = _weights(draw)
    stays = draw.choice((0.0, 0.0, 0.5, 0.9))
    result: list[Instruction] = []
    unit = 0
    while True:
        open_units = [code for code, stream in enumerate(streams) if stream and machine.takes(stream[-1])]
        if not open_units:
            break
        if unit not in open_units or not draw.chance(stays):
            unit = draw.choices(open_units, [weights[code] for code in open_units])[0]
        item = streams[unit].pop()
        machine.issue(item)
        result += item[1]
    assert machine.idle, "items must be written down in an order in which they can run, and give everything back"
    assert not any(streams)
    return tuple(result)


def _weights(draw: Draw) -> list[float]:
    """Return how much each unit hurries: all alike, those in front, those behind, or any."""
    style = draw.randrange(4)
    if style == 0:
        return [1.0] * UNITS
    if style == 1:
        return [10.0**-code for code in range(UNITS)]
    if style == 2:
        return [10.0**code for code in range(UNITS)]
    return [draw.choice((0.03, 1.0, 30.0)) for _ in range(UNITS)]
