"""Counts how often each bin was met: fast over long logs, by whole arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.isa import OPCODE_OFFSET, OPCODE_WIDTH, Cause
from nngen.sim.cosim.scripted import Kind

from ._bins import Bin, BinList, Block, CommandBins
from ._causes import cause_bins, names_met
from ._classes import IntArray, WordArray
from ._commands import UNITS
from ._file import bins_hash, format_coverage, parse_coverage

ByteArray = npt.NDArray[np.uint8]

# The state of a retirement, from bit 0 up.
_DEPTH_MASK = 0b111
_QUEUE_OFFSET, _QUEUE_MASK = 3, 0b11
_WAITED_OFFSET = 5

_NO_COMMAND = -1
_NO_PREDECESSOR = -1


class Coverage:
    """What was seen of the bins of a core.

    Parameters
    ----------
    core
        Whose bins they are.

    Attributes
    ----------
    bins
        The bins, possible or not; the same order for equal cores.
    counts
        int64, how often each was met. Those of runs on equal cores may be added: ``a.counts += b.counts``.
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self._list = BinList(core)
        self._causes = cause_bins(core)
        self.bins: tuple[Bin, ...] = tuple(self._list.bins)
        self.counts: IntArray = np.zeros(len(self.bins), dtype=np.int64)
        self._numbers = {found.name: number for number, found in enumerate(self.bins)}
        self._commands = _command_table(self._list.commands)
        fixed = [*(of.command.fixed_bits for of in self._list.commands), (0, 0)]  # _NO_COMMAND stands last
        self._fixed_masks = np.array([mask for mask, _ in fixed], dtype=np.uint64)
        self._fixed_values = np.array([value for _, value in fixed], dtype=np.uint64)
        self._columns = [_column_table(of, self._list.commands) for of in self._list.commands]

    @classmethod
    def from_json(cls, core: Core, text: str, *, name: str = "coverage file") -> Coverage:
        """Return what :meth:`to_json` wrote for an equal core.

        Raises
        ------
        InputError
            The text is malformed, or its counts are of other bins; the message begins with ``name``.
        """
        coverage = cls(core)
        sha256 = bins_hash(coverage._list, core)
        coverage.counts[:] = parse_coverage(text, bins_sha256=sha256, bins=len(coverage.bins), name=name)
        return coverage

    def to_json(self) -> str:
        """Return the counts as the text of a file."""
        return format_coverage(bins_hash(self._list, self.core), tuple(self.counts.tolist()))

    @property
    def retirements(self) -> int:
        """Instructions that were collected."""
        depths = {of.command.mnemonic: of.depth for of in self._list.commands}
        return int(sum(self.counts[block.slice].sum() for block in depths.values()) + self.counts[self._list.unknown])

    def count(self, name: str) -> int:
        """Return how often the bin of this name was met."""
        return int(self.counts[self._numbers[name]])

    def met(self) -> dict[str, int]:
        """Return the bins that were met, with how often."""
        return {self.bins[number].name: int(self.counts[number]) for number in np.flatnonzero(self.counts)}

    def merge(self, other: Coverage) -> None:
        """Add what another one has seen.

        Raises
        ------
        ValueError
            It is of another core.
        """
        if other.core != self.core:
            raise ValueError("coverage that is merged must be of the same core")
        self.counts += other.counts

    def add_cause(self, cause: int, word: int | None = None) -> None:
        """Count why a program ended.

        Parameters
        ----------
        cause
            The register CAUSE.
        word
            The instruction at CAUSE_PC, where it is known.

        Raises
        ------
        ValueError
            No such cause is defined.
        """
        for name in names_met(self._causes, Cause(cause), word):
            self.counts[self._numbers[name]] += 1

    def collect(self, entries: npt.NDArray[np.void], starts: Sequence[int] | IntArray = (0,)) -> None:
        """Count retirements, best those of many runs at once: a call has a cost of its own.

        Parameters
        ----------
        entries
            Of type ``ENTRY_DTYPE``, one run after the other; each unit's retirements in its order. Those of other kinds
            are passed over, but a reset ends a run.
        starts
            Numbers of the entries with which a run begins: what retired before them is nobody's predecessor.

        Raises
        ------
        ValueError
            A start is not the number of an entry.
        """
        if len(entries) == 0:
            return
        begins = entries["kind"] == Kind.RESET
        begins[_checked(starts, len(entries))] = True
        order = _by_unit(entries)
        units, words = entries["unit"][order], entries["word"][order].astype(np.uint64)
        commands = self._of(units, words)
        known = commands != _NO_COMMAND
        self.counts[self._list.unknown] += len(order) - int(known.sum())
        runs = np.cumsum(begins)[order]
        before = _predecessors(commands[known], runs[known], units[known])
        self._count(commands[known], before, words[known], entries["state"][order][known])

    def _of(self, units: ByteArray, words: WordArray) -> IntArray:
        """Return the number of each retirement's command."""
        commands = self._commands[units, (words >> np.uint64(OPCODE_OFFSET)).astype(np.uint8)]
        wrong = words & self._fixed_masks[commands] != self._fixed_values[commands]
        commands[wrong] = _NO_COMMAND
        return commands

    def _count(self, commands: IntArray, before: IntArray, words: WordArray, states: ByteArray) -> None:
        for number, of in enumerate(self._list.commands):
            chosen = np.flatnonzero(commands == number)
            if len(chosen) == 0:
                continue
            self._count_state(of, states[chosen])
            columns = self._columns[number][before[chosen]]
            self._count_operands(of, words[chosen], columns)

    def _count_state(self, of: CommandBins, states: ByteArray) -> None:
        self._add(of.depth, states & _DEPTH_MASK)
        self._add(of.start, states >> _WAITED_OFFSET & 1)
        if of.queue is not None:
            self._add(of.queue, states >> _QUEUE_OFFSET & _QUEUE_MASK)

    def _count_operands(self, of: CommandBins, words: WordArray, columns: IntArray) -> None:
        width = len(of.predecessors)
        for classes, block in of.operands:
            counted = classes.counted(words)
            if counted is None:
                self._add(block, classes.numbers(words) * width + columns)
            else:
                self._add(block, classes.numbers(words[counted]) * width + columns[counted])

    def _add(self, block: Block, numbers: IntArray | ByteArray) -> None:
        self.counts[block.slice] += np.bincount(numbers, minlength=block.size)


def _checked(starts: Sequence[int] | IntArray, entries: int) -> IntArray:
    numbers = np.asarray(starts, dtype=np.int64)
    if ((numbers < 0) | (numbers >= entries)).any():
        raise ValueError(f"starts of runs must be numbers of the {entries} entries, not {numbers.tolist()}")
    return numbers


def _by_unit(entries: npt.NDArray[np.void]) -> IntArray:
    """Return the numbers of the retirements, unit by unit, each in its order: a predecessor stands before."""
    retired = np.flatnonzero(entries["kind"] == Kind.RETIRE)
    return retired[np.argsort(entries["unit"][retired], kind="stable")]


def _predecessors(commands: IntArray, runs: IntArray, units: ByteArray) -> IntArray:
    """Return the number of the command before each one in its unit and run."""
    before = np.full(len(commands), _NO_PREDECESSOR, dtype=np.int64)
    same = (runs[1:] == runs[:-1]) & (units[1:] == units[:-1])
    before[1:][same] = commands[:-1][same]
    return before


def _command_table(commands: Sequence[CommandBins]) -> IntArray:
    """Return the number of the command by (what the unit column can hold, opcode)."""
    table = np.full((256, 1 << OPCODE_WIDTH), _NO_COMMAND, dtype=np.int64)
    for number, of in enumerate(commands):
        table[UNITS.index(of.command.unit), of.command.format.opcode] = number
    return table


def _column_table(of: CommandBins, commands: Sequence[CommandBins]) -> IntArray:
    """Return the column of a cross by the number of the command before; -1, none, stands last."""
    table = np.zeros(len(commands) + 1, dtype=np.int64)
    for number, other in enumerate(commands):
        if other.command.unit is of.command.unit:
            table[number] = of.predecessors.index(other.command.format)
    table[_NO_PREDECESSOR] = of.predecessors.index(None)
    return table
