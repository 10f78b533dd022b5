"""Requantization of accumulators to codes: ``y = clip(round((acc * m + b) / 2^s) + z, lo, hi)``.

Where a second pair (m2, b2) is given, it takes the place of (m, b) wherever ``acc * m + b < 0``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nngen.errors import NngenError

IntArray = npt.NDArray[np.int64]
Rounding = Literal["half_even", "half_up", "floor"]
ROUNDINGS: tuple[Rounding, ...] = ("half_even", "half_up", "floor")
LARGEST_SHIFT = 63
FLOAT64_EXACT = 1 << 53


@dataclass(frozen=True, kw_only=True)
class Requantization:
    """Constants of one layer.

    Parameters
    ----------
    multiplier, offset, shift
        m, b and s per output channel, int64 arrays of shape ``(outputs,)``.
    zero_point, lowest, highest
        z, lo and hi, common to all channels.
    rounding
        How the division by 2^s rounds.
    correction
        Mean error of the converters in units of b, found by calibration; subtracted from b on the machine.
    negative_multiplier, negative_offset
        m2 and b2, for a negative pre-activation (LeakyRelu, PRelu), each of shape ``(outputs,)``; empty where there are
        none. They share s.
    """

    multiplier: IntArray
    offset: IntArray
    shift: IntArray
    zero_point: int
    lowest: int
    highest: int
    rounding: Rounding = "half_even"
    correction: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    negative_multiplier: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    negative_offset: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def corrected_offset(self) -> IntArray:
        """b as the machine uses it."""
        return self.offset - self.correction if self.correction.size else self.offset

    @property
    def has_negative(self) -> bool:
        """Whether a second (m, b) serves negative pre-activations."""
        return self.negative_multiplier.size > 0

    @property
    def corrected_negative_offset(self) -> IntArray:
        """b2 as the machine uses it: the error of the converters counts m2 instead of m times."""
        if not self.correction.size:
            return self.negative_offset
        m = np.where(self.multiplier == 0, 1, self.multiplier).astype(np.float64)
        return self.negative_offset - np.rint(self.correction * (self.negative_multiplier / m)).astype(np.int64)

    def apply(self, accumulators: npt.NDArray[Any], *, corrected: bool = False) -> IntArray:
        """Requantize accumulators of shape ``(..., outputs)``: integers, in any type that holds them."""
        pairs = [(self.multiplier, self.corrected_offset if corrected else self.offset)]
        if self.has_negative:
            offset = self.corrected_negative_offset if corrected else self.negative_offset
            pairs.append((self.negative_multiplier, offset))
        if self._fits_float64(accumulators, pairs):
            return self._by_float64(accumulators, pairs)
        products = [accumulators.astype(np.int64) * m + b for m, b in pairs]
        product = np.where(products[0] < 0, products[1], products[0]) if self.has_negative else products[0]
        return np.clip(rounded_shift(product, self.shift, self.rounding) + self.zero_point, self.lowest, self.highest)

    def _fits_float64(self, accumulators: npt.NDArray[Any], pairs: list[tuple[IntArray, IntArray]]) -> bool:
        """Return whether acc * m + b, and half of 2^s beside it, are below 2^53 whatever the channel."""
        if not accumulators.size:
            return False
        largest = max(int(accumulators.max()), -int(accumulators.min()))
        sums = max(largest * int(np.abs(m).max()) + int(np.abs(b).max()) for m, b in pairs)
        return sums + (1 << int(self.shift.max())) < FLOAT64_EXACT

    def _by_float64(self, accumulators: npt.NDArray[Any], pairs: list[tuple[IntArray, IntArray]]) -> IntArray:
        """Requantize in float64, where all is exact: half the time of int64, whose product NumPy does not vectorize."""
        values = [accumulators * np.ldexp(m, -self.shift) for m, _ in pairs]
        for one, (_, b) in zip(values, pairs, strict=True):
            np.add(one, np.ldexp(b, -self.shift), out=one)
        value = np.where(values[0] < 0, values[1], values[0]) if self.has_negative else values[0]
        if self.rounding == "half_even":
            np.rint(value, out=value)
        else:
            np.floor(value + 0.5 if self.rounding == "half_up" else value, out=value)
        np.clip(value, self.lowest - self.zero_point, self.highest - self.zero_point, out=value)
        codes: IntArray = value.astype(np.int64)
        codes += self.zero_point
        return codes

    def repeated(self, times: int) -> Requantization:
        """Return constants for ``times`` groups of the same channels, one group after the other."""
        return self._with_arrays(lambda array: np.tile(array, times))

    def channels(self, start: int, stop: int) -> Requantization:
        """Return the constants of channels [start, stop)."""
        return self._with_arrays(lambda array: array[start:stop])

    def _with_arrays(self, change: Callable[[IntArray], IntArray]) -> Requantization:
        return replace(
            self,
            multiplier=change(self.multiplier),
            offset=change(self.offset),
            shift=change(self.shift),
            correction=change(self.correction),
            negative_multiplier=change(self.negative_multiplier),
            negative_offset=change(self.negative_offset),
        )


def concatenated(parts: Sequence[Requantization]) -> Requantization:
    """Return the constants of several groups of channels, one after the other; the first has what is common to all."""
    return replace(
        parts[0],
        multiplier=np.concatenate([part.multiplier for part in parts]),
        offset=np.concatenate([part.offset for part in parts]),
        shift=np.concatenate([part.shift for part in parts]),
        correction=np.concatenate([part.correction for part in parts]),
        negative_multiplier=np.concatenate([part.negative_multiplier for part in parts]),
        negative_offset=np.concatenate([part.negative_offset for part in parts]),
    )


def requantize(
    accumulators: npt.NDArray[np.integer],
    multiplier: IntArray,
    offset: IntArray,
    shift: IntArray,
    rounding: Rounding,
) -> IntArray:
    """Return round((acc * m + b) / 2^s) in int64; the compiler has proven that nothing overflows."""
    return rounded_shift(accumulators.astype(np.int64) * multiplier + offset, shift, rounding)


def rounded_shift(product: IntArray, shift: IntArray, rounding: Rounding) -> IntArray:
    """Return round(product / 2^s); the sum of product and 2^(s-1) must not overflow."""
    if rounding == "floor":
        floor: IntArray = product >> shift
        return floor
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    if rounding == "half_even":  # a tie goes up only where the quotient below it is odd
        half = half - (((product >> shift) & 1 == 0) & (shift > 0))
    rounded: IntArray = (product + half) >> shift
    return rounded


def fixed_point(scale: npt.NDArray[np.float64], *, multiplier_bits: int) -> tuple[IntArray, IntArray]:
    """Return (m, s) with ``m / 2^s`` nearest to each scale and \\|m\\| < 2^(multiplier_bits-1).

    Raises
    ------
    NngenError
        Where a scale is not finite, or too large for a shift of zero.
    """
    values = np.asarray(scale, np.float64)
    if not np.isfinite(values).all():
        raise NngenError("scale must be finite, and is NaN or infinite")
    magnitude_bits = multiplier_bits - 1
    # Rounded once, at the shift that is used: a scale below 2^-63 has fewer bits in m.
    s = np.minimum(magnitude_bits - np.frexp(values)[1].astype(np.int64), LARGEST_SHIFT)
    m = np.rint(np.ldexp(values, s)).astype(np.int64)
    full = np.abs(m) == 1 << magnitude_bits
    m, s = np.where(full, m // 2, m), np.where(full, s - 1, s)
    if np.any(s < 0):
        raise NngenError(f"scale must be below 2^{magnitude_bits}, not {float(np.max(np.abs(values))):g}")
    zeros = np.minimum(_trailing_zeros(m), s)
    return m >> zeros, s - zeros


def _trailing_zeros(values: IntArray) -> IntArray:
    lowest_bit = np.where(values == 0, 1, values & -values)
    return np.log2(lowest_bit.astype(np.float64)).astype(np.int64)
