"""The macros and their converters: every conversion of an MVM at once, for all samples, as matrix products."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.isa import cells_per_word, words_per_row
from nngen.numerics import Converter, combine_cells

from ._registers import Participant

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.floating]
CodeArray = npt.NDArray[np.unsignedinteger]

_FLOAT32_EXACT = 1 << 24
_TABLE_LIMIT = 1 << 18
_PAIR = 2
_SINGLE_THREADED = 1 << 18
_SMALLEST_PART = 8


class Crossbar:
    """The macros of a core with their cells.

    Parameters
    ----------
    cells
        Levels, int64 of shape ``(macros, rows, columns)``.
    programmed
        Whether a program writes cells: sums may then be as large as any cells make them.

    Attributes
    ----------
    words_per_row
        Programming words of a row.

    Raises
    ------
    ProgramError
        Where the cells have another shape.
    """

    def __init__(self, core: Core, cells: npt.NDArray[np.integer], *, programmed: bool = False) -> None:
        macro = core.macro
        shape = (core.macros, macro.rows, macro.columns)
        if cells.shape != shape:
            raise ProgramError(f"cells must be an array of shape {shape}, not {cells.shape}")
        self.words_per_row = words_per_row(core)
        self._macro = macro
        self._code_bits = core.activation_bits
        self._mask = (1 << macro.dac_bits) - 1
        self._cells_per_word = cells_per_word(core)
        self._cell_mask = (1 << macro.cell_bits) - 1
        self._levels: list[IntArray] = [levels.astype(np.int64) for levels in cells]
        # Every partial sum of a dot product is an integer below this bound: exact in whichever float holds it.
        self._largest = macro.full_scale if programmed else self._largest_sum()
        self._dtype = np.dtype(np.float32 if self._largest < _FLOAT32_EXACT else np.float64)
        # What conversions compute with, (adcs, columns of an ADC, rows); in front of that samples, where they differ.
        self._weights: list[FloatArray] = [self._weights_of(levels) for levels in self._levels]
        self._windows: dict[tuple[tuple[tuple[int, int], ...], int, int], FloatArray] = {}
        self._converters: dict[int, tuple[Converter, IntArray | None]] = {}

    def fresh(self) -> Crossbar:
        """Return macros with the same cells that may be programmed and leave these as they are."""
        other = copy(self)
        other._levels, other._weights = list(self._levels), list(self._weights)
        other._windows = dict(self._windows)
        return other

    # ------------------------------------------------------------------ cells

    def program(self, macro: int, row: int, words: IntArray) -> None:
        """Write programming words of consecutive rows, each from its first column on.

        Parameters
        ----------
        words
            Shape ``(words, samples)``, or ``(words, 1)`` where they are the same for all samples.
        """
        levels = self._levels[macro]
        shared = levels.ndim == 2 and words.shape[1] == 1
        if levels.ndim == 2 and not shared:
            levels = np.repeat(levels[:, :, None], words.shape[1], axis=2)
        number = np.arange(len(words))
        rows = np.repeat(row + number // self.words_per_row, self._cells_per_word)
        places = np.arange(self._cells_per_word)
        columns = (number % self.words_per_row * self._cells_per_word)[:, None] + places
        columns = columns.reshape(-1)
        there = (rows < self._macro.rows) & (columns < self._macro.columns)
        values = words[:, None] >> (places * self._macro.cell_bits)[:, None] & self._cell_mask
        values = values.reshape(-1, words.shape[1])[there]
        levels = levels.copy()
        levels[rows[there], columns[there]] = values[:, 0] if shared else values
        self._levels[macro] = levels
        self._weights[macro] = self._weights_of(levels)
        self._windows.clear()

    def _weights_of(self, levels: IntArray) -> FloatArray:
        macro = self._macro
        if levels.ndim > 2:
            return np.stack([self._weights_of(levels[:, :, sample]) for sample in range(levels.shape[2])])
        weights = combine_cells(levels) if macro.lines == _PAIR else levels
        return weights.T.astype(self._dtype).reshape(macro.adcs, macro.columns_per_adc, macro.rows)

    def _largest_sum(self) -> int:
        pairs = [combine_cells(levels) if self._macro.lines == _PAIR else levels for levels in self._levels]
        return max(int(np.abs(pair).sum(axis=0).max()) for pair in pairs) * self._mask

    # ------------------------------------------------------------------ conversions

    def planes(self, rows: CodeArray, count: int) -> FloatArray:
        """Split row buffers into planes.

        Parameters
        ----------
        rows
            Shape ``(macros, rows, samples)``.
        count
            Planes of the MVM; those beyond the bits of a code hold only zeros and are left out.

        Returns
        -------
        Shape ``(macros, rows, planes * samples)``.
        """
        macros, height, samples = rows.shape
        bits = self._macro.dac_bits
        shifts = range(0, min(count * bits, self._code_bits), bits)
        planes: FloatArray = np.empty((macros, height, len(shifts), samples), self._dtype)
        for plane, shift in enumerate(shifts):
            planes[:, :, plane] = (rows >> rows.dtype.type(shift)) & rows.dtype.type(self._mask)
        return planes.reshape(macros, height, len(shifts) * samples)

    def convert(
        self, participants: Sequence[Participant], planes: FloatArray, *, step: int, width: int, samples: int
    ) -> tuple[IntArray, IntArray]:
        """Return the code of every conversion.

        Parameters
        ----------
        participants
            The macros that ``planes`` belongs to, in order.
        planes
            Those of the first rows; the others are not driven.
        step, width
            Column step of the command and conversions of each ADC and plane (steps x slices).
        samples
            The innermost part of the last axis of ``planes``.

        Returns
        -------
        Codes of shape ``(macros, adcs * width, planes * samples)``, and per macro what they are to be shifted by.
        """
        q = _product(self._window(participants, step, width)[..., : planes.shape[1]], planes, samples)
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
        """Return what is converted, shape ``(macros, adcs * width, rows)``; zero beyond an ADC's columns.

        Where samples differ, they come as an axis behind the macros.
        """
        key = tuple((p.macro, p.first_step) for p in participants), step, width
        window = self._windows.get(key)
        if window is None:
            macro = self._macro
            weights = [self._weights[participant.macro] for participant in participants]
            samples = max((of.shape[:-3] for of in weights), default=())
            window = np.zeros((len(weights), *samples, macro.adcs, width, macro.rows), self._dtype)
            for into, participant, of in zip(window, participants, weights, strict=True):
                start = participant.first_step + step
                columns = of[..., start : start + width, :]
                into[..., : columns.shape[-2], :] = columns
            window = window.reshape(len(weights), *samples, macro.adcs * width, macro.rows)
            self._windows[key] = window
        return window


def _product(window: FloatArray, planes: FloatArray, samples: int) -> FloatArray:
    """Return dot products of shape ``(macros, conversions, planes * samples)``."""
    macros, rows, width = planes.shape
    if window.ndim == planes.ndim:
        product: FloatArray = np.matmul(_cut(window, rows * width), planes[:, None])
        return product.reshape(macros, -1, width)
    by_sample = np.moveaxis(planes.reshape(macros, rows, -1, samples), 3, 1)
    q: FloatArray = np.moveaxis(np.matmul(window, by_sample), 1, 3)
    return q.reshape(macros, q.shape[1], -1)


def _cut(window: FloatArray, each: int) -> FloatArray:
    """Return conversions in parts, shape ``(macros, parts, conversions of a part, rows)``.

    OpenBLAS spreads a product over threads from so many multiplications on; for one that is little larger, waiting for
    them costs more than they bring, ten times and more where others use the processor, too. ``each`` are the
    multiplications of a conversion.
    """
    macros, conversions, rows = window.shape
    most = min(conversions, _SINGLE_THREADED // each)
    part = next((size for size in range(most, _SMALLEST_PART - 1, -1) if conversions % size == 0), conversions)
    return window.reshape(macros, conversions // part, part, rows)
