"""Which cells of a core's macros are taken, as seen by placement: conversions of an ADC's group times word lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.arch import Core

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.int64]


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

    def take(self, *, macro: int, adc: int, conversion: int, width: int, row: int, height: int) -> None:
        """Mark a rectangle of one ADC's group as in use."""
        self._taken[macro, adc, conversion : conversion + width, row : row + height] = True

    def copy(self) -> Occupancy:
        """Return an independent copy."""
        other = Occupancy(self.core)
        other._taken[:] = self._taken
        return other

    def row_starts(self, height: int) -> list[int]:
        """Return the word lines at which a rectangle may begin: the first, and each that follows one in use."""
        ends = (self._taken[..., :-1] & ~self._taken[..., 1:]).any(axis=(0, 1, 2))
        starts = [0, *(np.flatnonzero(ends) + 1).tolist()]
        return [start for start in starts if start + height <= self.core.macro.rows]

    def finder(self, *, row: int, height: int, width: int) -> Callable[[int], list[Window]]:
        """Return what finds free rectangles of so many neighbouring ADCs at these word lines.

        For each macro that has one, it is the rectangle that opens the fewest conversions, then the lowest.
        """
        free = _sliding(_all_free(self._taken[:, :, :, row : row + height]), width, axis=2).min(axis=3)
        opened = _sliding(_all_free(self._taken), width, axis=2).sum(axis=3)
        return lambda adcs: _rectangles(free, opened, adcs)


def _rectangles(free: BoolArray, opened: IntArray, adcs: int) -> list[Window]:
    """Return the best window of each macro; both arrays have the shape (macros, ADCs, first conversions)."""
    fits: BoolArray = _sliding(free, adcs, axis=1).min(axis=3)
    price: IntArray = _sliding(opened, adcs, axis=1).max(axis=3)
    found = []
    for macro in np.flatnonzero(np.any(fits, axis=(1, 2))).tolist():
        places = ((int(price[macro, a, p]), int(p), int(a)) for a, p in np.argwhere(fits[macro]).tolist())
        least, conversion, adc = min(places)
        found.append(Window(macro=macro, adc=adc, conversion=conversion, opened=least))
    return found


def _all_free(taken: BoolArray) -> BoolArray:
    """Return whether a conversion holds nothing on any word line of ``taken``."""
    used: BoolArray = taken.max(axis=3)
    return ~used


def _sliding(values: npt.NDArray[Any], width: int, *, axis: int) -> npt.NDArray[Any]:
    return np.lib.stride_tricks.sliding_window_view(values, width, axis=axis)
