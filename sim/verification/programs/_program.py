"""Test programs: blocks that keep the protocol as a whole, loops around them, and everything that a run needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nngen.ir.program import ConstantRecord, CoreProgram
from nngen.isa import Instruction, instruction

IntArray = npt.NDArray[np.int64]

# Cycles, beside those in which the ADCs of a shift-adder take turns, for which no live machine pauses: neither a
# pipeline takes that long nor a stall. A watchdog that waits longer finds only those that never go on.
PATIENCE = 100

NOP = instruction("NOP")
HALT = instruction("HALT")


@dataclass(frozen=True, kw_only=True)
class Block:
    """Instructions that keep the protocol as a whole: a program without them keeps it too."""

    instructions: tuple[Instruction | int, ...]


@dataclass(frozen=True, kw_only=True)
class Repeat:
    """A LOOP around ``body``, which is executed ``count`` times, or with ``host`` as often as the host says."""

    count: int
    host: bool
    body: tuple[Block | Repeat, ...]


@dataclass(frozen=True, kw_only=True)
class TestProgram:
    """A program with all that decides what it does.

    Parameters
    ----------
    name
        What it is for, or the seed it comes from.
    opening
        Defines all state that a start does not.
    body
        What can be shortened.
    ending
        HALT, or what stops the core instead.
    records
        Constant memory.
    cells
        Cell levels per macro, int64 of shape ``(macros, rows, columns)``.
    loop_count, watchdog
        Host registers LOOP_COUNT and WATCHDOG.
    coefficients, tables
        What VEC and POST find in memories that the host writes; beyond it they hold zeros.
    traffic
        First byte, and the one behind the last, of the activation memory that the program never touches.
    """

    __test__ = False  # pytest would take it for a class of tests

    name: str
    opening: tuple[Instruction, ...]
    body: tuple[Block | Repeat, ...]
    ending: tuple[Instruction | int, ...]
    records: tuple[ConstantRecord, ...]
    cells: IntArray
    loop_count: int
    watchdog: int
    traffic: tuple[int, int]
    coefficients: IntArray = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    tables: IntArray = field(default_factory=lambda: np.zeros((0, 256), np.int64))

    @property
    def writes_cells(self) -> bool:
        """Whether the program changes the cells of macros."""
        return any(isinstance(made, Instruction) and made.mnemonic == "PROG" for made in self.instructions)

    @property
    def instructions(self) -> tuple[Instruction | int, ...]:
        """What the program memory holds; 64-bit words stand where no instruction does."""
        return (*self.opening, *flatten(self.body), *self.ending)

    def core_program(self) -> CoreProgram:
        """Return what a core loads."""
        return CoreProgram(
            core=0, instructions=self.instructions, layer_starts=(), records=self.records, cells=self.cells,
            coefficients=self.coefficients, tables=self.tables,
        )  # fmt: skip


def flatten(elements: Sequence[Block | Repeat]) -> list[Instruction | int]:
    """Return the instructions of blocks and loops.

    A loop without instructions vanishes. A body that ends in a loop gets a NOP behind it: no two loops may end at the
    same instruction.
    """
    return [made for element in elements for made in _instructions(element)]


def _instructions(element: Block | Repeat) -> Sequence[Instruction | int]:
    if isinstance(element, Block):
        return element.instructions
    body: list[Instruction | int] = []
    ends_in_loop = False
    for part in element.body:
        made = _instructions(part)
        if made:
            body += made
            ends_in_loop = isinstance(part, Repeat)
    if not body:
        return ()
    if ends_in_loop:
        body.append(NOP)
    return (instruction("LOOP", count=element.count, length=len(body), host=int(element.host)), *body)
