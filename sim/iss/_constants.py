"""What a program loads beside instructions and cells: constant records as runs, coefficients, look-up tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.ir.program import ConstantRecord

IntArray = npt.NDArray[np.int64]
_ABSENT = ConstantRecord(macro=0, adc=0, entry=0, last=False)  # constant memory that was not written
_TABLE_ENTRIES = 256


@dataclass(frozen=True, kw_only=True)
class RecordRun:
    """The records of one POST.

    Parameters
    ----------
    macros, accumulators
        Macro that each record names, and index of its accumulator among those of a macro, up to the last record that
        ends a sum.
    starts
        First record of each sum; None where each has one.
    multiplier, offset, shift, negative_multiplier, negative_offset
        Of each sum, shape ``(sums, 1)``, or ``(1, 1)`` where all have the same.
    """

    macros: IntArray
    accumulators: IntArray
    starts: IntArray | None
    multiplier: IntArray
    offset: IntArray
    shift: IntArray
    negative_multiplier: IntArray
    negative_offset: IntArray


class ConstantMemory:
    """The constant records of a core, as runs.

    Raises
    ------
    ProgramError
        Where a record names an accumulator that does not exist.
    """

    def __init__(self, core: Core, records: Sequence[ConstantRecord]) -> None:
        self._core = core
        self._records = records
        self._runs: dict[tuple[int, int], RecordRun] = {}
        self._each: dict[tuple[int, int, bool], RecordRun] = {}
        limits = {"macro": core.macros, "adc": core.macro.adcs, "entry": core.accumulator_entries}
        for i, record in enumerate(records):
            for name, limit in limits.items():
                if not 0 <= getattr(record, name) < limit:
                    raise ProgramError(f"record {i} {name} must be below {limit}, not {getattr(record, name)}")

    def run(self, first: int, count: int) -> RecordRun:
        """Return the records ``first`` to ``first + count - 1`` as sums of the accumulators they name."""
        known = self._runs.get((first, count))
        if known is None:
            records = self._slice(first, count)
            ends = [i for i, record in enumerate(records) if record.last]
            used = records[: ends[-1] + 1] if ends else []
            starts = None if len(ends) == len(used) else np.array([0, *(end + 1 for end in ends[:-1])], np.int64)
            known = self._runs[first, count] = self._make(used, [record for record in used if record.last], starts)
        return known

    def each(self, first: int, count: int, *, single: bool) -> RecordRun:
        """Return the constants of ``count`` outputs with a record each, or with ``single`` one for all."""
        known = self._each.get((first, count, single))
        if known is None:
            known = self._make([], self._slice(first, 1 if single else count), None)
            self._each[first, count, single] = known
        return known

    def _slice(self, first: int, count: int) -> list[ConstantRecord]:
        records = [*self._records[first : first + count]]
        return records + [_ABSENT] * (count - len(records))

    def _make(
        self, used: Sequence[ConstantRecord], ends: Sequence[ConstantRecord], starts: IntArray | None
    ) -> RecordRun:
        entries = self._core.accumulator_entries
        columns = np.array(
            [(r.multiplier, r.offset, r.shift, r.negative_multiplier, r.negative_offset) for r in ends], np.int64
        ).reshape(-1, 5, 1)
        return RecordRun(
            macros=np.array([r.macro for r in used], np.int64),
            accumulators=np.array([r.adc * entries + r.entry for r in used], np.int64),
            starts=starts,
            multiplier=columns[:, 0],
            offset=columns[:, 1],
            shift=columns[:, 2],
            negative_multiplier=columns[:, 3],
            negative_offset=columns[:, 4],
        )


def coefficient_memory(core: Core, coefficients: IntArray) -> IntArray:
    """Return the whole coefficient memory, shape ``(coefficient_words, word_bytes)``; beyond what is given it holds 0.

    Raises
    ------
    ProgramError
        Where it does not fit the core.
    """
    words = core.vector.coefficient_words if core.vector else 0
    return _padded("coefficients", coefficients, (words, core.word_bytes))


def table_memory(core: Core, tables: IntArray) -> IntArray:
    """Return all look-up tables, shape ``(tables, 256)``; those that are not given hold 0.

    Raises
    ------
    ProgramError
        Where they do not fit the core.
    """
    return _padded("tables", tables, (core.tables, _TABLE_ENTRIES))


def _padded(name: str, given: IntArray, shape: tuple[int, int]) -> IntArray:
    memory = np.zeros(shape, np.int64)
    if len(given):
        if given.ndim != 2 or len(given) > shape[0] or given.shape[1] != shape[1]:
            raise ProgramError(f"{name} must be an array of at most shape {shape}, not {given.shape}")
        memory[: len(given)] = given
    return memory
