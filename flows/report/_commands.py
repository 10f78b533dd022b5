"""The executed commands of a run as arrays: who worked when, and for which layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.ir import CoreProgram
from nngen.isa import BY_MNEMONIC, QUEUED_UNITS, Instruction, Unit
from nngen.sim.iss import Retirement, Timing

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Commands:
    """What one unit executed, in order; arrays of the same length.

    Parameters
    ----------
    core, unit
        Who.
    start, end
        First and last busy cycle.
    pc, layer
        Address of the instruction, and number in the network of the layer whose program it is.
    work
        Whether it moves or computes data, unlike SET, WAIT and SIGNAL, which every unit takes.
    entries
        The retirements behind them.
    """

    core: int = 0
    unit: Unit
    start: IntArray
    end: IntArray
    pc: IntArray
    layer: IntArray
    work: BoolArray
    entries: tuple[Retirement, ...]

    def within(self, first: int, end: int) -> BoolArray:
        """Return which commands are busy in some of the cycles [first, end)."""
        chosen: BoolArray = (self.end >= first) & (self.start < end)
        return chosen

    def busy_before(self, cycles: IntArray, *, layer: int | None = None) -> IntArray:
        """Return in how many cycles before each of ``cycles`` the unit was busy (with one layer)."""
        chosen = slice(None) if layer is None else self.layer == layer
        start, end = self.start[chosen], self.end[chosen] + 1
        done = np.concatenate([[0], np.cumsum(end - start)])
        begun = np.searchsorted(start, cycles, side="left")  # commands that start before the cycle
        last = np.maximum(begun - 1, 0)
        rest = np.maximum(end[last] - cycles, 0) if len(end) else np.zeros_like(cycles)
        counted: IntArray = np.where(begun > 0, done[begun] - rest, 0)
        return counted


def commands_by_unit(timing: Timing, program: CoreProgram, layers: Sequence[str]) -> tuple[Commands, ...]:
    """Return the commands of every unit of a core with a queue, from a timing with trace.

    Parameters
    ----------
    timing
        The run.
    program
        What the core ran.
    layers
        Names of the network's layers in order.
    """
    starts = np.array([start for _, start in program.layer_starts], np.int64)
    numbers = np.array([layers.index(name) for name, _ in program.layer_starts], np.int64)
    entries: dict[Unit, list[Retirement]] = {unit: [] for unit in QUEUED_UNITS}
    for entry in timing.trace:
        if entry.unit in entries:
            entries[entry.unit].append(entry)
    return tuple(_commands(program.core, unit, found, starts, numbers) for unit, found in entries.items())


def _is_work(instruction: Instruction | int) -> bool:
    return isinstance(instruction, Instruction) and BY_MNEMONIC[instruction.mnemonic].unit is not None


def _commands(core: int, unit: Unit, entries: list[Retirement], starts: IntArray, numbers: IntArray) -> Commands:
    table = np.array([(entry.start, entry.end, entry.pc) for entry in entries], np.int64).reshape(-1, 3)
    part = np.maximum(np.searchsorted(starts, table[:, 2], side="right") - 1, 0)
    return Commands(
        core=core,
        unit=unit,
        start=table[:, 0],
        end=table[:, 1],
        pc=table[:, 2],
        layer=numbers[part] if len(numbers) else part,
        work=np.array([_is_work(entry.instruction) for entry in entries], np.bool_),
        entries=tuple(entries),
    )
