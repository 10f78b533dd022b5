"""The sequencer: which instruction comes next, its address, and why the program ends. No time in sight.

The order of issue does not depend on time, so the timing engine and the functional machine walk the same stream.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nngen.arch import Core
from nngen.isa import LOOP_DEPTH, REGISTERS, Cause, Unit, register

from ._operation import Operation

BASE = register(Unit.SEQUENCER, "BASE").index
SIZE = register(Unit.SEQUENCER, "SIZE").index
POSITION = register(Unit.SEQUENCER, "POSITION").index
_REGISTER_COUNT = max(r.index + r.count for r in REGISTERS if r.unit is Unit.SEQUENCER)

Step = tuple[Operation, int, int]


class Sequencer:
    """Walks a program.

    Parameters
    ----------
    operations
        The decoded program memory.
    host_loop_count
        Repetitions of LOOP instructions that ask the host.

    Attributes
    ----------
    pc
        Address of the instruction the sequencer looks at.
    cause
        Why it stopped; NONE before, and after HALT.
    """

    def __init__(self, core: Core, operations: Sequence[Operation], host_loop_count: int) -> None:
        self.pc = 0
        self.cause = Cause.NONE
        self._operations = operations
        self._host_loop_count = host_loop_count
        self._limits = core.activation_bytes, core.reach_bytes
        self._registers = [0] * _REGISTER_COUNT
        # Innermost last: (address of the last instruction of the body, of its first, repetitions that remain).
        self._loops: list[list[int]] = []
        self._execute = {"SET": self._set, "ADD": self._add, "LOOP": self._loop, "NOP": self._nothing}

    def steps(self) -> Iterator[Step]:
        """Yield (operation, pc, memory address or 0) in order of issue, until HALT (not yielded) or an error."""
        operations, loops = self._operations, self._loops
        end = len(operations)
        while True:
            pc = self.pc
            if pc == end:
                self.cause = Cause.PROGRAM
                return
            operation = operations[pc]
            address = 0
            cause = operation.cause
            if cause is Cause.NONE:
                if operation.addressed:
                    address = self._address(operation)
                    cause = Cause.ADDRESS if address < 0 else cause
                elif not operation.unit:
                    if operation.mnemonic == "HALT":
                        return
                    cause = self._execute[operation.mnemonic](operation)
            if cause is not Cause.NONE:
                self.cause = cause
                return
            yield operation, pc, address
            if loops and pc == loops[-1][0]:
                self.pc = self._repeat(loops[-1])
            else:
                self.pc = pc + 1

    def _repeat(self, loop: list[int]) -> int:
        """Return where the program goes on after the last instruction of the innermost body."""
        loop[2] -= 1
        if loop[2]:
            return loop[1]
        self._loops.pop()
        return loop[0] + 1

    def _moved(self, index: int, distance: int) -> int:
        """Return POSITION + distance, wrapped once into the window; -1 where it stays outside."""
        size = self._registers[SIZE + index]
        moved = self._registers[POSITION + index] + distance
        if moved >= size:
            moved -= size
        elif moved < 0:
            moved += size
        return moved if 0 <= moved < size else -1

    def _address(self, operation: Operation) -> int:
        """Return the first byte of a run; -1 where it is not wholly in memory, or begins within an element."""
        moved = self._moved(operation.register, operation.offset)
        if moved < 0:
            return -1
        address = self._registers[BASE + operation.register] + moved
        if address % operation.alignment or address + operation.span > self._limits[operation.bus]:
            return -1
        return address

    def _set(self, operation: Operation) -> Cause:
        self._registers[operation.fields["index"]] = operation.fields["value"]
        return Cause.NONE

    def _add(self, operation: Operation) -> Cause:
        moved = self._moved(operation.register, operation.fields["value"])
        if moved < 0:
            return Cause.ADDRESS
        self._registers[POSITION + operation.register] = moved
        return Cause.NONE

    def _loop(self, operation: Operation) -> Cause:
        count = self._host_loop_count if operation.fields["host"] else operation.fields["count"]
        last = self.pc + operation.length
        loops = self._loops
        if count == 0 or len(loops) == LOOP_DEPTH or (loops and last >= loops[-1][0]):
            return Cause.LOOP
        loops.append([last, self.pc + 1, count])
        return Cause.NONE

    def _nothing(self, _operation: Operation) -> Cause:
        return Cause.NONE
