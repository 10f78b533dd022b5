"""POST: runs of constant records, gathered, summed and requantized at once."""

from __future__ import annotations

import numpy as np

from nngen.numerics import ROUNDINGS, Rounding, requantize

from ._arithmetic import wrap
from ._constants import ConstantMemory, RecordRun
from ._digest import post_digest
from ._operation import ACCUMULATORS, OUTPUTS, VEC_ACCUMULATORS, Operation
from ._state import ByteArray, Digest, IntArray, State

_FLOOR: Rounding = "floor"
_TABLE_MASK = 0xFF


class PostUnit:
    """Executes POST.

    Parameters
    ----------
    tables
        Look-up tables, int64 of shape ``(tables, 256)``.
    """

    def __init__(self, state: State, constants: ConstantMemory, tables: IntArray) -> None:
        self._state = state
        self._constants = constants
        self._tables = tables

    def post(self, operation: Operation, _address: int) -> Digest:
        """Execute a POST."""
        state, fields = self._state, operation.fields
        if operation.first:
            state.position = 0
        if fields["vec"]:
            run = self._constants.each(fields["record"], fields["count"], single=bool(fields["single"]))
            entry = fields["entry"]
            sums = state.vec_accumulators[state.reader[VEC_ACCUMULATORS], entry : entry + fields["count"]]
        else:
            run = self._constants.run(fields["record"], fields["count"])
            sums = self._sums(run)
        written = self._append(self._outputs(run, sums)) if len(sums) else 0
        if operation.last:
            state.position = 0
        return written

    def _sums(self, run: RecordRun) -> IntArray:
        """Return what is requantized, shape ``(sums, samples)``."""
        state = self._state
        macros = state.core.macros
        bank = state.accumulators[state.reader[ACCUMULATORS]].reshape(macros, -1, state.samples)
        added = state.registers.added_macros
        if added is None:
            sums: IntArray = bank[run.macros, run.accumulators]
        else:
            sums = np.zeros((len(run.macros), state.samples), np.int64)
            for named, members in enumerate(added):
                records = np.flatnonzero(run.macros == named)
                for macro in members:
                    sums[records] += bank[macro, run.accumulators[records]]
        if run.starts is not None and len(sums):
            sums = np.add.reduceat(sums, run.starts, axis=0)
        return sums if run.starts is None and added is None else wrap(sums, state.core.accumulator_bits)

    def _outputs(self, run: RecordRun, sums: IntArray) -> IntArray:
        """Return the outputs, clipped and looked up."""
        registers = self._state.registers
        code = registers.rounding
        rounding = ROUNDINGS[code] if code < len(ROUNDINGS) else _FLOOR
        multiplier, offset = run.multiplier, run.offset
        if registers.negative:
            negative = sums * multiplier + offset < 0
            multiplier = np.where(negative, run.negative_multiplier, multiplier)
            offset = np.where(negative, run.negative_offset, offset)
        outputs = requantize(sums, multiplier, offset, run.shift, rounding) + registers.zero_point
        lowest, highest = registers.bounds
        outputs = np.where(outputs > highest, highest, np.maximum(outputs, lowest))
        table = registers.table
        return outputs if table is None else self._tables[table][outputs & _TABLE_MASK]

    def _append(self, outputs: IntArray) -> Digest:
        """Append the outputs that fit the output buffer, and return their digests."""
        state = self._state
        width = state.registers.output_bytes
        room = (state.core.output_buffer_bytes - state.position) // width
        outputs = outputs[:room]
        moved = len(outputs) * width
        start = state.position - state.position % width  # longer outputs are aligned
        state.outputs[state.writer[OUTPUTS], start : start + moved] = output_bytes(outputs, width=width)
        state.position += moved
        return post_digest(outputs) if state.digesting and len(outputs) else 0


def output_bytes(outputs: IntArray, *, width: int) -> ByteArray:
    """Return outputs as they lie in the output buffer: ``width`` bytes each, the lowest first."""
    if width == 1:
        return outputs.astype(np.uint8)
    shifts = np.arange(0, 8 * width, 8, dtype=np.int64)[:, None]
    return (outputs[:, None, :] >> shifts).astype(np.uint8).reshape(-1, outputs.shape[1])
