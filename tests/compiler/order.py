"""Whether a chip's programs say in which order memory is read and written, whatever time everything takes.

Units of all cores take their commands in order; what else orders them are hand-overs of buffers, and SIGNALs that a
WAIT takes. Each unit has a vector clock: how many commands of each other unit have certainly ended. Two accesses to one
byte, one of them a write, must be ordered by that. Time plays no part: commands run whenever they can.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.ir import CoreProgram
from nngen.isa import COUNTERS, Instruction, Unit, register

IntArray = npt.NDArray[np.int64]

UNITS = (Unit.LOAD, Unit.MVM, Unit.VEC, Unit.POST, Unit.STORE)
_BANKS = 2


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, the first bytes of its runs, and the cores that it reaches over the bus; None: its own."""

    pc: int
    made: Instruction
    addresses: tuple[int, ...] = ()
    targets: tuple[int, ...] | None = None


@dataclass(kw_only=True)
class _Buffer:
    """A two-deep buffer: clocks of the hand-overs and of the releases that nobody has taken yet."""

    used: int = 0
    filled: deque[IntArray] = field(default_factory=deque)
    freed: deque[IntArray] = field(default_factory=deque)


class _Memory:
    """Of each byte: which unit wrote it last, as its how manieth command, and which LOAD read it last."""

    def __init__(self, size: int) -> None:
        self.writer = np.zeros(size, np.int64)
        self.written = np.zeros(size, np.int64)
        self.read = np.zeros(size, np.int64)


class _Chip:
    def __init__(self, cores: Sequence[Core], programs: Sequence[CoreProgram], host_loop_count: int) -> None:
        self.cores = cores
        self.streams = [issue_order(program.instructions, host_loop_count) for program in programs]
        self.issued = [next(stream, None) for stream in self.streams]
        self.queues: list[deque[Command]] = [deque() for _ in cores for _ in UNITS]
        self.clocks = np.zeros((len(self.queues), len(self.queues)), np.int64)
        self.buffers: list[dict[str, _Buffer]] = [{} for _ in cores]
        self.counters: list[list[deque[IntArray]]] = [[deque() for _ in range(COUNTERS)] for _ in cores]
        self.memories = [_Memory(core.activation_bytes) for core in cores]

    def number(self, core: int, unit: Unit) -> int:
        return core * len(UNITS) + UNITS.index(unit)

    def issue(self, core: int) -> bool:
        """Push the next command where its queue has room."""
        command = self.issued[core]
        if command is None:
            return False
        queue = self.queues[self.number(core, _unit_of(command.made))]
        if len(queue) >= self.cores[core].queue_depth:
            return False
        queue.append(command)
        self.issued[core] = next(self.streams[core], None)
        return True

    def step(self, core: int, unit: Unit) -> str | None:
        """Run the head of a unit's queue; return what is wrong, or an empty string where it cannot run yet."""
        number = self.number(core, unit)
        command, made = self.queues[number][0], self.queues[number][0].made
        if not self._can_run(core, unit, made):
            return ""
        self.queues[number].popleft()
        clock = self.clocks[number]
        clock[number] += 1
        if made.mnemonic == "WAIT":
            for _ in range(made["count"]):
                np.maximum(clock, self.counters[core][made["counter"]].popleft(), out=clock)
        elif made.mnemonic in {"SIGNAL", "TELL"}:
            for target in (core,) if command.targets is None else command.targets:
                self.counters[target][made["counter"]].append(clock.copy())
                if len(self.counters[target][made["counter"]]) > 255:
                    return f"core {core}: {made.mnemonic} at {command.pc} is one of more than 255"
        elif made.mnemonic != "SET":
            self._begin(core, unit, made, clock)
            wrong = self._access(core, number, command, clock)
            self._end(core, unit, made, clock)
            return f"core {core}: {wrong}" if wrong else None
        return None

    def _can_run(self, core: int, unit: Unit, made: Instruction) -> bool:
        if made.mnemonic == "WAIT":
            return len(self.counters[core][made["counter"]]) >= made["count"]
        if made.mnemonic in {"SIGNAL", "TELL", "SET", "FILL", "PROG"}:
            return True
        source, target = _buffers(unit, made)
        if source and not self._buffer(core, source).filled:
            return False
        return not (target and made["first"]) or self._buffer(core, target).used < _BANKS

    def _buffer(self, core: int, name: str) -> _Buffer:
        return self.buffers[core].setdefault(name, _Buffer())

    def _begin(self, core: int, unit: Unit, made: Instruction, clock: IntArray) -> None:
        source, target = _buffers(unit, made)
        if source:
            np.maximum(clock, self._buffer(core, source).filled[0], out=clock)
        if target and made["first"]:
            buffer = self._buffer(core, target)
            buffer.used += 1
            if buffer.freed:
                np.maximum(clock, buffer.freed.popleft(), out=clock)

    def _end(self, core: int, unit: Unit, made: Instruction, clock: IntArray) -> None:
        source, target = _buffers(unit, made)
        if target and made["last"]:
            self._buffer(core, target).filled.append(clock.copy())
        if source and made["release"]:
            buffer = self._buffer(core, source)
            buffer.filled.popleft()
            buffer.used -= 1
            buffer.freed.append(clock.copy())

    def _access(self, core: int, number: int, command: Command, clock: IntArray) -> str | None:
        made = command.made
        if made.mnemonic not in {"LOAD", "PROG", "STORE", "FILL"}:
            return None
        length = made["length"] * (4 if made.mnemonic == "PROG" else 1)
        for address in command.addresses:
            for target in (core,) if command.targets is None else command.targets:
                memory, run = self.memories[target], slice(address, address + length)
                if (clock[memory.writer[run]] < memory.written[run]).any():
                    return f"{made.mnemonic} at {command.pc} meets what was written at {address} of core {target}"
                if made.mnemonic in {"LOAD", "PROG"}:
                    memory.read[run] = clock[number]
                    continue
                if (clock[self.number(target, Unit.LOAD)] < memory.read[run]).any():
                    return f"{made.mnemonic} at {command.pc} writes what is read at {address} of core {target}"
                memory.writer[run], memory.written[run] = number, clock[number]
        return None


def find_disorder(
    cores: Sequence[Core], programs: Sequence[CoreProgram], *, seed: int = 0, host_loop_count: int = 1
) -> str | None:
    """Return the first access that is not ordered behind an earlier one, or that all units wait for ever, or None.

    Which unit goes next is drawn from ``seed``.
    """
    chip, rng = _Chip(cores, programs, host_loop_count), np.random.default_rng(seed)
    moves = [(core, unit) for core in range(len(cores)) for unit in (None, *UNITS)]
    while True:
        moved = False
        for index in rng.permutation(len(moves)):
            core, unit = moves[index]
            for _ in range(int(rng.integers(1, 40))):
                if unit is None:
                    done = chip.issue(core)
                elif chip.queues[chip.number(core, unit)]:
                    wrong = chip.step(core, unit)
                    if wrong:
                        return wrong
                    done = wrong is None
                else:
                    done = False
                moved = moved or done
                if not done:
                    break
        if not moved:
            waiting = [core for core in range(len(cores)) if chip.issued[core] or any(_of_core(chip, core))]
            return f"cores {waiting} wait for ever" if waiting else None


def _of_core(chip: _Chip, core: int) -> list[deque[Command]]:
    return chip.queues[core * len(UNITS) : (core + 1) * len(UNITS)]


def _unit_of(made: Instruction) -> Unit:
    unit = made.unit
    assert unit is not None
    return unit


def _buffers(unit: Unit, made: Instruction) -> tuple[str, str]:
    """Return the buffers that a command takes from and gives to."""
    if made.mnemonic in {"FILL", "PROG"}:
        return "", ""
    vec = unit in {Unit.LOAD, Unit.POST} and bool(made["vec"])
    return {
        Unit.LOAD: ("", "vectors" if vec else "rows"),
        Unit.MVM: ("rows", "accumulators"),
        Unit.VEC: ("vectors", "vec accumulators"),
        Unit.POST: ("vec accumulators" if vec else "accumulators", "outputs"),
        Unit.STORE: ("outputs", ""),
    }[unit]


def issue_order(program: Sequence[Instruction | int], host_loop_count: int = 1) -> Iterator[Command]:
    """Yield the commands for units as they issue."""
    walk = _Walk()
    loops: list[list[int]] = []  # last instruction of the body, its first, repetitions that remain
    pc = 0
    while True:
        made = program[pc]
        assert isinstance(made, Instruction)
        if made.mnemonic == "HALT":
            return
        if made.mnemonic == "LOOP":
            loops.append([pc + made["length"], pc + 1, host_loop_count if made["host"] else made["count"]])
        command = walk.command(pc, made)
        if command is not None:
            yield command
        pc += 1
        if loops and pc - 1 == loops[-1][0]:
            loops[-1][2] -= 1
            if loops[-1][2]:
                pc = loops[-1][1]
            else:
                loops.pop()


class _Walk:
    """Registers as the instructions issued so far leave them; each unit takes its own in the same order."""

    def __init__(self) -> None:
        self._values: dict[tuple[Unit, int], int] = {}

    def _get(self, unit: Unit, name: str, element: int = 0) -> int:
        return self._values.get((unit, register(unit, name).index + element), 0)

    def command(self, pc: int, made: Instruction) -> Command | None:
        if made.mnemonic == "SET" and made.unit is not None:
            self._values[made.unit, made["index"]] = made["value"]
        if made.mnemonic == "ADD":
            position = register(Unit.SEQUENCER, "POSITION").index + made["register"]
            self._values[Unit.SEQUENCER, position] = self._moved(made["register"], made["value"])
        if made.unit is None or made.unit is Unit.SEQUENCER:
            return None
        addresses = self._addresses(made) if made.mnemonic in {"LOAD", "PROG", "STORE", "FILL"} else ()
        return Command(pc=pc, made=made, addresses=addresses, targets=self._targets(made))

    def _moved(self, index: int, distance: int) -> int:
        size, moved = self._get(Unit.SEQUENCER, "SIZE", index), self._get(Unit.SEQUENCER, "POSITION", index) + distance
        moved += size if moved < 0 else -size if moved >= size else 0
        assert 0 <= moved < size
        return moved

    def _addresses(self, made: Instruction) -> tuple[int, ...]:
        first = self._get(Unit.SEQUENCER, "BASE", made["register"]) + self._moved(made["register"], made["offset"])
        if made.mnemonic != "LOAD" or not made["strided"]:
            return (first,)
        stride = self._get(Unit.LOAD, "STRIDE")
        return tuple(first + k * stride for k in range(max(1, self._get(Unit.LOAD, "RUNS"))))

    def _targets(self, made: Instruction) -> tuple[int, ...] | None:
        if made.mnemonic != "TELL" and not (made.mnemonic in {"STORE", "FILL"} and made["bus"]):
            return None
        words = [self._get(Unit.STORE, "TARGETS", element) for element in (0, 1)]
        return tuple(core for core in range(64) if words[core // 32] >> core % 32 & 1)
