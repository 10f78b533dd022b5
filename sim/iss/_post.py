"""POST: runs of constant records, gathered, summed and requantized at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.ir.program import ConstantRecord
from nngen.numerics import ROUNDINGS, Rounding, requantize

from ._registers import Registers

IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
_FLOOR: Rounding = "floor"
_ABSENT = ConstantRecord(macro=0, adc=0, entry=0, last=False)  # constant memory that was not written


def wrap(values: IntArray, bits: int) -> IntArray:
    """Return values as two's complement numbers of ``bits`` bits."""
    half = np.int64(1 << (bits - 1))
    return ((values + half) & np.int64((1 << bits) - 1)) - half


@dataclass(frozen=True, kw_only=True)
class RecordRun:
    """The records of one POST.

    Parameters
    ----------
    sources
        Index of each record's accumulator in a flat bank, up to the last record that ends a sum.
    starts
        First record of each sum; None where each has one.
    multiplier, offset, shift
        Of each sum, shape ``(sums, 1)``.
    """

    sources: IntArray
    starts: IntArray | None
    multiplier: IntArray
    offset: IntArray
    shift: IntArray


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
        limits = {"macro": core.macros, "adc": core.macro.adcs, "entry": core.accumulator_entries}
        for i, record in enumerate(records):
            for name, limit in limits.items():
                if not 0 <= getattr(record, name) < limit:
                    raise ProgramError(f"record {i} {name} must be below {limit}, not {getattr(record, name)}")

    def run(self, first: int, count: int) -> RecordRun:
        """Return the records ``first`` to ``first + count - 1``."""
        known = self._runs.get((first, count))
        if known is None:
            known = self._runs[first, count] = self._make(first, count)
        return known

    def _make(self, first: int, count: int) -> RecordRun:
        records = [*self._records[first : first + count]]
        records += [_ABSENT] * (count - len(records))
        ends = [i for i, record in enumerate(records) if record.last]
        used = records[: ends[-1] + 1] if ends else []
        adcs, entries = self._core.macro.adcs, self._core.accumulator_entries
        constants = np.array([(r.multiplier, r.offset, r.shift) for r in used if r.last], np.int64).reshape(-1, 3, 1)
        return RecordRun(
            sources=np.array([(r.macro * adcs + r.adc) * entries + r.entry for r in used], np.int64),
            starts=None if len(ends) == len(used) else np.array([0, *(end + 1 for end in ends[:-1])], np.int64),
            multiplier=constants[:, 0],
            offset=constants[:, 1],
            shift=constants[:, 2],
        )


def post_outputs(run: RecordRun, bank: IntArray, registers: Registers, *, accumulator_bits: int) -> IntArray:
    """Return the clipped outputs of a POST.

    Parameters
    ----------
    bank
        Accumulators of shape ``(macros * adcs * entries, samples)``.

    Returns
    -------
    Shape ``(sums, samples)``.
    """
    sums = bank[run.sources]
    if run.starts is not None:
        sums = wrap(np.add.reduceat(sums, run.starts, axis=0), accumulator_bits)
    code = registers.rounding
    rounding = ROUNDINGS[code] if code < len(ROUNDINGS) else _FLOOR
    outputs = requantize(sums, run.multiplier, run.offset, run.shift, rounding) + registers.zero_point
    lowest, highest = registers.bounds
    return np.where(outputs > highest, highest, np.maximum(outputs, lowest))


def output_bytes(outputs: IntArray, *, width: int) -> ByteArray:
    """Return outputs as they lie in the output buffer: ``width`` bytes each, the lowest first."""
    if width == 1:
        return outputs.astype(np.uint8)
    shifts = np.arange(0, 8 * width, 8, dtype=np.int64)[:, None]
    return (outputs[:, None, :] >> shifts).astype(np.uint8).reshape(-1, outputs.shape[1])
