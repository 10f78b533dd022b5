"""Operand classes: a quantity of an instruction word, and the ranges of its values that must each be seen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.isa import Field

IntArray = npt.NDArray[np.int64]
WordArray = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class ValueRange:
    """Values ``low`` … ``high``; ``possible`` is False where no instruction with such a value is ever executed."""

    low: int
    high: int
    label: str
    possible: bool = True


Ranges = tuple[ValueRange, ...]


@dataclass(frozen=True, kw_only=True)
class OperandClasses:
    """The classes of one quantity of an instruction.

    Parameters
    ----------
    name
        Of the quantity; empty for instructions without operands, which have one class.
    fields
        Whose sum it is.
    ranges
        The classes: ascending, without a gap, over all values that the fields can hold.
    counts_ones
        The quantity is the number of bits that are 1.
    conditions
        (field, lowest, highest): only words in which all these fields lie within their bounds are counted.
    """

    name: str
    fields: tuple[Field, ...]
    ranges: Ranges
    counts_ones: bool = False
    conditions: tuple[tuple[Field, int, int], ...] = ()

    def label(self, number: int) -> str:
        """Return how bins call a class."""
        return f"{self.name}={self.ranges[number].label}" if self.name else ""

    def counted(self, words: WordArray) -> npt.NDArray[np.bool_] | None:
        """Return which words are counted; None: all."""
        if not self.conditions:
            return None
        counted = np.ones(len(words), bool)
        for field, lowest, highest in self.conditions:
            value = field_values(words, field)
            counted &= (value >= lowest) & (value <= highest)
        return counted

    def numbers(self, words: WordArray) -> IntArray:
        """Return the number of each word's class."""
        value = np.zeros(len(words), dtype=np.int64)
        for field in self.fields:
            value += _ones(words, field) if self.counts_ones else field_values(words, field)
        lows = np.array([r.low for r in self.ranges[1:]], dtype=np.int64)
        return np.searchsorted(lows, value, side="right").astype(np.int64)


def field_values(words: WordArray, field: Field) -> IntArray:
    """Return the value of a field in each word."""
    raw = (words >> np.uint64(field.offset)) & np.uint64((1 << field.width) - 1)
    value = raw.astype(np.int64)
    if not field.signed:
        return value
    sign = 1 << (field.width - 1)
    return (value ^ sign) - sign


def _ones(words: WordArray, field: Field) -> IntArray:
    total = np.zeros(len(words), dtype=np.int64)
    for bit in range(field.offset, field.offset + field.width):
        total += ((words >> np.uint64(bit)) & np.uint64(1)).astype(np.int64)
    return total


def each_value(count: int, *, highest: int) -> Ranges:
    """Return a class for each value below ``count``."""
    return _filled([*(ValueRange(i, i, str(i)) for i in range(count)), ValueRange(count, highest, "too large", False)])


def magnitudes(least: int, most: int, *, highest: int, step: int = 1) -> Ranges:
    """Return 0, 1, the largest and what lies between, as far as they are in ``least`` … ``most``.

    Of multiples of a ``step`` there is no 1, and nothing between where only the ends are in.
    """
    between = step == 1 or most - max(least, 0) > step
    return _filled(
        [
            ValueRange(0, least - 1, "too small", False),
            ValueRange(max(least, 0), min(most, 0), "0"),
            ValueRange(max(least, 1), min(most, 1, step), "1", step == 1),
            ValueRange(max(least, 2), most - 1, "between", between),
            ValueRange(max(least, 2, most), most, "max"),
            ValueRange(most + 1, highest, "too large", False),
        ]
    )


def signs(lowest: int, highest: int, *, reach: tuple[int, int]) -> Ranges:
    """Return negative, zero and positive; the field's ends are classes of their own where they are within reach."""
    low_end, high_end = int(reach[0] <= lowest), int(reach[1] >= highest)
    return _filled(
        [
            ValueRange(lowest, lowest + low_end - 1, "lowest"),
            ValueRange(lowest + low_end, -1, "negative"),
            ValueRange(0, 0, "zero"),
            ValueRange(1, highest - high_end, "positive"),
            ValueRange(highest - high_end + 1, highest, "highest"),
        ]
    )


def sums(least: int, bound: int, *, highest: int) -> Ranges:
    """Return whether a sum reaches its bound."""
    return _filled(
        [
            ValueRange(0, least - 1, "too small", False),
            ValueRange(least, bound - 1, "below bound"),
            ValueRange(bound, min(bound, highest), "bound"),
            ValueRange(bound + 1, highest, "too large", False),
        ]
    )


def ones(width: int) -> Ranges:
    """Return classes of the number of ones in ``width`` bits."""
    return _filled(
        [
            ValueRange(0, 0, "none"),
            ValueRange(1, min(1, width - 1), "one"),
            ValueRange(2, width - 1, "several"),
            ValueRange(width, width, "all"),
        ]
    )


def register_values(bits: int, *, highest: int) -> Ranges:
    """Return classes of what SET writes into a register of ``bits`` bits."""
    all_ones = (1 << bits) - 1
    return _filled(
        [
            ValueRange(0, 0, "0"),
            ValueRange(1, 1, "1"),
            ValueRange(2, all_ones - 1, "other"),
            ValueRange(max(2, all_ones), all_ones, "ones"),
            ValueRange(all_ones + 1, highest, "wider"),
        ]
    )


def _filled(ranges: Iterable[ValueRange]) -> Ranges:
    """Return the ranges that hold a value."""
    return tuple(r for r in ranges if r.low <= r.high)
