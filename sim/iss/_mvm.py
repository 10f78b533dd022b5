"""MVM: planes, conversions and what is added to the accumulators."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ._arithmetic import wrap
from ._crossbar import Crossbar, FloatArray
from ._digest import DigestArray, mvm_digest
from ._observation import MvmObservation, Observer
from ._operation import ACCUMULATORS, ROWS, Operation
from ._registers import Participant
from ._state import Digest, IntArray, State

_LARGEST_SHIFT = 63  # beyond every accumulator: such a code changes nothing
_OFFSET = "offset"


class MvmUnit:
    """Executes MVM.

    Parameters
    ----------
    observe
        Is told of the conversions at every macro.
    numbers
        Of the program's operations, by identity; what the observer is told.
    """

    def __init__(
        self,
        state: State,
        crossbar: Crossbar,
        *,
        observe: Observer | None = None,
        numbers: Mapping[int, int] | None = None,
    ) -> None:
        self._observe, self._numbers = observe, numbers or {}
        self._state = state
        self._crossbar = crossbar
        self._core = state.core
        self._macro = state.core.macro

    def mvm(self, operation: Operation, _address: int) -> Digest:
        """Execute an MVM."""
        state = self._state
        participants = state.registers.participants(operation.fields["classes"])
        written: Digest = 0
        if participants:  # without any, every fold of the digest is 0
            written = self._accumulate(operation, participants)
        if operation.release:
            number = state.reader[ROWS]
            bank = state.rows[number]
            for start, end in state.written[number]:
                bank[:, start:end] = 0
            state.written[number].clear()
            state.planes.clear()
        return written

    def _accumulate(self, operation: Operation, participants: tuple[Participant, ...]) -> Digest:
        fields, core, state = operation.fields, self._core, self._state
        steps, slices, entry = fields["steps"], state.registers.slices, fields["entry"]
        macros = [participant.macro for participant in participants]
        everywhere = slice(None) if len(macros) == core.macros else macros
        planes = self._planes(macros)
        codes, shifts = self._crossbar.convert(
            participants, planes, step=fields["step"], width=steps * slices, samples=state.samples
        )
        codes = codes.reshape(len(macros), self._macro.adcs, steps, slices, -1, state.samples)
        if self._observe is not None:
            self._tell(operation, participants, planes, codes)
        weights = self._weights(codes.shape[4], slices, shifts)
        offsets = self._offsets(planes, codes.shape[4]) if self._macro.encoding == _OFFSET else None
        bank = state.accumulators[state.writer[ACCUMULATORS]]
        window = bank[everywhere, :, entry : entry + steps]
        added = np.einsum("maicpn,mcp->main", codes, weights)
        if offsets is not None:
            added -= offsets.sum(axis=1)[:, None, None]
        before = 0 * window if fields["overwrite"] else window.copy()
        bank[everywhere, :, entry : entry + steps] = wrap(before + added, core.accumulator_bits)
        return self._digest(codes, weights, offsets, before, tuple(macros)) if state.digesting else 0

    def _tell(
        self, operation: Operation, participants: tuple[Participant, ...], planes: FloatArray, codes: IntArray
    ) -> None:
        """Tell the observer what each macro converted; rows that were never written drive nothing."""
        assert self._observe is not None
        macros, height, _ = planes.shape
        driven = np.zeros((macros, self._macro.rows, codes.shape[4], self._state.samples), np.int64)
        driven[:, :height] = planes.reshape(macros, height, -1, self._state.samples)
        for participant, rows, of in zip(participants, driven, codes, strict=True):
            self._observe(
                MvmObservation(
                    instruction=self._numbers[id(operation)],
                    macro=participant.macro,
                    place=participant.first_step + operation.fields["step"],
                    gain=1 << participant.log2_gain,
                    planes=rows,
                    codes=of.reshape(self._macro.adcs, -1, *of.shape[3:]),
                )
            )

    def _planes(self, macros: list[int]) -> FloatArray:
        state = self._state
        key = (state.registers.planes, *macros)
        planes = state.planes.get(key)
        if planes is None:
            number = state.reader[ROWS]
            # What lies beyond the last row that was written is zero, and drives nothing.
            height = max((end for _, end in state.written[number]), default=1)
            rows = state.rows[number][:, :height]
            rows = rows if len(macros) == len(rows) else rows[macros]
            planes = state.planes[key] = self._crossbar.planes(rows, state.registers.planes)
        return planes

    def _weights(self, planes: int, slices: int, shifts: IntArray) -> IntArray:
        """Return what each code counts, modulo the accumulator's range, shape ``(macros, slices, planes)``."""
        macro, registers = self._macro, self._state.registers
        amounts = (
            shifts[:, None, None] + (np.arange(slices) * macro.cell_bits)[:, None] + np.arange(planes) * macro.dac_bits
        )
        weights: IntArray = np.int64(1) << np.minimum(amounts, _LARGEST_SHIFT)
        if registers.negate_slice:
            weights[:, -1] *= -1
        return weights * self._signs(planes)

    def _signs(self, planes: int) -> IntArray:
        """Return the sign of each plane; planes beyond a code's bits are left out, so the top one may be, too."""
        signs = np.ones(planes, np.int64)
        if self._state.registers.negate_top and planes == self._state.registers.planes:
            signs[-1] = -1
        return signs

    def _offsets(self, planes: FloatArray, count: int) -> IntArray:
        """Return what encoding `offset` takes away with each plane, shape ``(macros, planes, samples)``."""
        driven = planes.sum(axis=1).astype(np.int64).reshape(len(planes), count, self._state.samples)
        shifts = np.arange(count) * self._macro.dac_bits + self._state.registers.weight_offset
        weights = (np.int64(1) << shifts) * self._signs(count)
        offsets: IntArray = driven * weights[:, None]
        return offsets

    def _digest(
        self, codes: IntArray, weights: IntArray, offsets: IntArray | None, before: IntArray, macros: tuple[int, ...]
    ) -> DigestArray:
        """Return the digests of an MVM from its codes (macros, adcs, steps, slices, planes, samples)."""
        terms = codes * weights[:, None, None, :, :, None]
        if offsets is not None:
            terms[:, :, :, 0] -= offsets[:, None, None]
        terms = terms.swapaxes(3, 4)  # macros, adcs, steps, planes, slices, samples
        m, a, steps, planes, slices, samples = terms.shape
        history = before[:, :, :, None] + np.cumsum(terms.reshape(m, a, steps, -1, samples), axis=3)
        history = history.reshape(m, a, steps, planes, slices, samples).swapaxes(2, 3)
        idle = self._state.registers.planes - planes  # planes beyond a code: conversions of zeros, accumulators stay
        if idle:
            last = history[:, :, -1:, :, -1:]
            history = np.concatenate([history, np.broadcast_to(last, (m, a, idle, steps, slices, samples))], axis=2)
        return mvm_digest(history.reshape(m, a, -1, samples), macros, accumulator_bits=self._core.accumulator_bits)
