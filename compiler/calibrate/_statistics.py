"""Sums of errors as exact integers, so that every machine decides alike."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from nngen.numerics import Requantization

IntArray = npt.NDArray[np.int64]
LARGEST_INT64 = (1 << 63) - 1


@dataclass(frozen=True, kw_only=True)
class ErrorSums:
    """Errors of accumulators, summed over samples and positions.

    Parameters
    ----------
    count
        Errors of each output channel.
    sums, squares
        Sum of the errors and of their squares, for each channel.
    """

    count: int
    sums: tuple[int, ...]
    squares: tuple[int, ...]

    @classmethod
    def of(cls, errors: IntArray) -> ErrorSums:
        """Return the sums of errors of shape ``(..., outputs)``."""
        flat = errors.reshape(-1, errors.shape[-1])
        largest = int(np.abs(flat).max(initial=0))
        wide = flat if largest**2 * len(flat) <= LARGEST_INT64 else flat.astype(object)
        return cls(count=len(flat), sums=_integers(flat.sum(axis=0)), squares=_integers((wide * wide).sum(axis=0)))

    def __add__(self, other: ErrorSums) -> ErrorSums:
        return ErrorSums(
            count=self.count + other.count,
            sums=tuple(a + b for a, b in zip(self.sums, other.sums, strict=True)),
            squares=tuple(a + b for a, b in zip(self.squares, other.squares, strict=True)),
        )

    def spread(self, requantization: Requantization) -> Fraction:
        """Return what the mean's correction leaves: the mean squared error in output codes, summed over channels."""
        scales = zip(requantization.multiplier.tolist(), requantization.shift.tolist(), strict=True)
        return sum(
            (
                Fraction((self.count * square - total**2) * m**2, self.count**2 << (2 * s))
                for (m, s), total, square in zip(scales, self.sums, self.squares, strict=True)
            ),
            Fraction(0),
        )

    def correction(self, requantization: Requantization) -> IntArray:
        """Return the mean error of each channel in units of b, rounded to even."""
        pairs = zip(self.sums, requantization.multiplier.tolist(), strict=True)
        return np.array([round(Fraction(total * m, self.count)) for total, m in pairs], np.int64)


def _integers(values: npt.NDArray[np.generic]) -> tuple[int, ...]:
    return tuple(int(value) for value in values.tolist())
