"""Which cells of a core's macros are taken, as seen by placement: conversions of an ADC's group times word lines."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.arch import Core

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]

_NOWHERE = np.iinfo(np.int64).max  # in the order of places, behind all of them


@dataclass(frozen=True, kw_only=True)
class Window:
    """A free rectangle in neighbouring ADCs of one macro.

    Parameters
    ----------
    macro
        Where.
    adc
        First ADC.
    conversion
        First conversion, counted from each ADC's first one.
    opened
        Pairs of one ADC in it that hold nothing yet on any word line.
    """

    macro: int
    adc: int
    conversion: int
    opened: int


class Occupancy:
    """Cells in use, changed by :meth:`take`."""

    def __init__(self, core: Core) -> None:
        self.core = core
        macro = core.macro
        self._taken: BoolArray = np.zeros((core.macros, macro.adcs, macro.columns_per_adc, macro.rows), np.bool_)
        # What follows from it and is asked for often: conversions that hold anything, and word lines behind rectangles.
        self._used: BoolArray = np.zeros(self._taken.shape[:3], np.bool_)
        self._ends: set[int] = set()

    def take(self, *, macro: int, adcs: range, conversion: int, width: int, row: int, height: int) -> None:
        """Mark the same rectangle of neighbouring ADCs' groups as in use."""
        taken = macro, slice(adcs.start, adcs.stop), slice(conversion, conversion + width)
        self._taken[(*taken, slice(row, row + height))] = True
        self._used[taken] = True
        self._ends.add(row + height)

    def copy(self) -> Occupancy:
        """Return an independent copy."""
        other = copy(self)
        other._taken, other._used, other._ends = self._taken.copy(), self._used.copy(), set(self._ends)
        return other

    def row_starts(self, height: int) -> list[int]:
        """Return the word lines at which a rectangle may begin: the first, and each that follows one in use."""
        ends = [end for end in sorted(self._ends) if end + height <= self.core.macro.rows]
        return [0, *(end for end in ends if (self._taken[..., end - 1] & ~self._taken[..., end]).any())]

    def finder(self, *, row: int, height: int, width: int) -> Callable[[int], list[Window]]:
        """Return what finds free rectangles of so many neighbouring ADCs at these word lines.

        For each macro that has one, it is the rectangle that opens the fewest conversions, then the lowest.
        """
        free = _sliding(_all_free(self._taken[:, :, :, row : row + height]), width, axis=2).min(axis=3)
        opened = _sliding(~self._used, width, axis=2).sum(axis=3)
        return lambda adcs: _rectangles(free, opened, adcs)


def _rectangles(free: BoolArray, opened: IntArray, adcs: int) -> list[Window]:
    """Return the best window of each macro; both arrays have the shape (macros, ADCs, first conversions)."""
    fits: BoolArray = _sliding(free, adcs, axis=1).min(axis=3)
    price: IntArray = _sliding(opened, adcs, axis=1).max(axis=3)
    macros, firsts, conversions = fits.shape
    # One number orders places by price, conversion and ADC; what does not fit comes behind all of them.
    order = (price * conversions + np.arange(conversions)) * firsts + np.arange(firsts)[:, None]
    order = np.where(fits, order, _NOWHERE).reshape(macros, -1)
    best = order.min(axis=1).tolist()
    return [
        Window(
            macro=m,
            adc=number % firsts,
            conversion=number // firsts % conversions,
            opened=number // firsts // conversions,
        )
        for m, number in enumerate(best)
        if number < _NOWHERE
    ]


def _all_free(taken: BoolArray) -> BoolArray:
    """Return whether a conversion holds nothing on any word line of ``taken``."""
    used: BoolArray = taken.max(axis=3)
    return ~used


def _sliding(values: npt.NDArray[Any], width: int, *, axis: int) -> npt.NDArray[Any]:
    return np.lib.stride_tricks.sliding_window_view(values, width, axis=axis)
