"""Requantization of accumulators to codes: ``y = clip(round((acc * m + b) / 2^s) + z, lo, hi)``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from nngen.errors import NngenError

IntArray = npt.NDArray[np.int64]
Rounding = Literal["half_even", "half_up", "floor"]
ROUNDINGS: tuple[Rounding, ...] = ("half_even", "half_up", "floor")
LARGEST_SHIFT = 63


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
    """

    multiplier: IntArray
    offset: IntArray
    shift: IntArray
    zero_point: int
    lowest: int
    highest: int
    rounding: Rounding = "half_even"
    correction: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def corrected_offset(self) -> IntArray:
        """b as the machine uses it."""
        return self.offset - self.correction if self.correction.size else self.offset

    def apply(self, accumulators: npt.NDArray[np.integer], *, corrected: bool = False) -> IntArray:
        """Requantize accumulators of shape ``(..., outputs)``."""
        offset = self.corrected_offset if corrected else self.offset
        codes = requantize(accumulators, self.multiplier, offset, self.shift, self.rounding)
        return np.clip(codes + self.zero_point, self.lowest, self.highest)


def requantize(
    accumulators: npt.NDArray[np.integer],
    multiplier: IntArray,
    offset: IntArray,
    shift: IntArray,
    rounding: Rounding,
) -> IntArray:
    """Return round((acc * m + b) / 2^s) in int64; the compiler has proven that nothing overflows."""
    product = accumulators.astype(np.int64) * multiplier + offset
    floor: IntArray = product >> shift
    if rounding == "floor":
        return floor
    half = np.where(shift > 0, np.int64(1) << np.maximum(shift - 1, 0), 0)
    rest = product - (floor << shift)
    up = (rest > half) | ((rest == half) & (half > 0))
    if rounding == "half_even":
        up = (rest > half) | ((rest == half) & (half > 0) & ((floor & 1) == 1))
    rounded: IntArray = floor + up
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
