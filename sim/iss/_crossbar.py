"""The macros and their converters: every conversion of an MVM at once, for all samples, as matrix products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.numerics import Converter, combine_cells

from ._registers import Participant

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.floating]
ByteArray = npt.NDArray[np.uint8]

_FLOAT32_EXACT = 1 << 24
_TABLE_LIMIT = 1 << 18
_BYTE_BITS = 8


class Crossbar:
    """The programmed macros of a core.

    Parameters
    ----------
    cells
        Levels, int64 of shape ``(macros, rows, columns)``.

    Raises
    ------
    ProgramError
        Where the cells have another shape.
    """

    def __init__(self, core: Core, cells: npt.NDArray[np.integer]) -> None:
        macro = core.macro
        shape = (core.macros, macro.rows, macro.columns)
        if cells.shape != shape:
            raise ProgramError(f"cells must be an array of shape {shape}, not {cells.shape}")
        self._macro = macro
        self._mask = np.uint8((1 << min(macro.dac_bits, _BYTE_BITS)) - 1)
        pairs = np.stack([combine_cells(levels).T for levels in cells])
        # Every partial sum of a dot product is an integer below this bound: exact in whichever float holds it.
        self._largest = int(np.abs(pairs).sum(axis=2).max()) * ((1 << macro.dac_bits) - 1)
        self._dtype = np.dtype(np.float32 if self._largest < _FLOAT32_EXACT else np.float64)
        self._pairs = pairs.astype(self._dtype).reshape(core.macros, macro.adcs, macro.columns_per_adc, macro.rows)
        self._windows: dict[tuple[tuple[tuple[int, int], ...], int, int], FloatArray] = {}
        self._converters: dict[int, tuple[Converter, IntArray | None]] = {}

    def planes(self, rows: ByteArray, count: int) -> FloatArray:
        """Split row buffers into planes.

        Parameters
        ----------
        rows
            Shape ``(macros, rows, samples)``.
        count
            Planes of the MVM; those beyond the bits of a byte hold only zeros and are left out.

        Returns
        -------
        Shape ``(macros, rows, planes * samples)``.
        """
        macros, height, samples = rows.shape
        bits = self._macro.dac_bits
        shifts = np.arange(0, min(count * bits, _BYTE_BITS), bits, dtype=np.uint8)[:, None]
        planes = (rows[:, :, None, :] >> shifts) & self._mask
        return planes.reshape(macros, height, shifts.size * samples).astype(self._dtype)

    def convert(
        self, participants: Sequence[Participant], planes: FloatArray, *, step: int, width: int
    ) -> tuple[IntArray, IntArray]:
        """Return the code of every conversion.

        Parameters
        ----------
        participants
            The macros that ``planes`` belongs to, in order.
        step, width
            Column step of the command and conversions of each ADC and plane (steps x slices).

        Returns
        -------
        Codes of shape ``(macros, adcs * width, planes * samples)``, and per macro what they are to be shifted by.
        """
        q = np.matmul(self._window(participants, step, width), planes)
        gains = [participant.log2_gain for participant in participants]
        shifts = np.array([self._converter(gain)[0].shift for gain in gains], np.int64)
        if len(set(gains)) == 1:
            return self._codes(q, gains[0]), shifts
        return np.stack([self._codes(of_macro, gain) for of_macro, gain in zip(q, gains, strict=True)]), shifts

    def _codes(self, q: FloatArray, log2_gain: int) -> IntArray:
        converter, table = self._converter(log2_gain)
        if table is None:
            return converter.convert(q.astype(np.int64))
        return table[q.astype(np.intp)]

    def _converter(self, log2_gain: int) -> tuple[Converter, IntArray | None]:
        """Return a converter and the code of every q it can see (index q; a negative one counts from the end)."""
        known = self._converters.get(log2_gain)
        if known is None:
            converter = self._macro.converter(1 << log2_gain)
            if converter.gain > converter.step:
                raise ProgramError(
                    f"gain of an MVM must be at most the converter's step {converter.step}, not {1 << log2_gain}"
                )
            largest = self._largest
            table = None
            if largest < _TABLE_LIMIT:
                table = converter.convert(np.concatenate([np.arange(largest + 1), np.arange(-largest, 0)]))
            known = self._converters[log2_gain] = converter, table
        return known

    def _window(self, participants: Sequence[Participant], step: int, width: int) -> FloatArray:
        """Return the pairs that are converted, shape ``(macros, adcs * width, rows)``; zero beyond an ADC's columns."""
        key = tuple((p.macro, p.first_step) for p in participants), step, width
        window = self._windows.get(key)
        if window is None:
            macro = self._macro
            window = np.zeros((len(participants), macro.adcs, width, macro.rows), self._dtype)
            for into, participant in zip(window, participants, strict=True):
                start = participant.first_step + step
                columns = self._pairs[participant.macro, :, start : start + width]
                into[:, : columns.shape[1]] = columns
            window = self._windows[key] = window.reshape(len(participants), macro.adcs * width, macro.rows)
        return window
