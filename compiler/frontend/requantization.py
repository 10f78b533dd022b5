"""The constants of requantization from a layer's real scale and offset, with the proof that int64 holds them.

Rules
-----
1. m / 2^s is the product of all scales, rounded once to ``multiplier_bits`` bits (``numerics.fixed_point``).
2. Where the offset is not a whole multiple of 2^-s, m and s grow together as far as m has room: b needs the resolution.
3. b = integer * m + round(offset * 2^s): the integral part in accumulator units is exact.
4. |b| stays below 2^(accumulator bits + multiplier bits - 2), which leaves the machine's b one bit for calibration, and
   |acc * m + b| below 2^63. Where b is too large s shrinks: next to an offset that large the last bits of m change no
   code. Below s = 0 the layer is refused.
5. A slope gives m2 and b2 at the same s, rounded from scale and offset times the slope. Where m2 has no room s shrinks.
6. A scale that underflows to m = 0 is kept, with a warning: every output is then the same constant.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nngen.errors import NngenError
from nngen.numerics import Requantization, fixed_point

IntArray = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]

LARGEST_SHIFT = 63
ACCUMULATOR_BITS = 32
LARGEST_OPERAND = 1 << 63


def requantization(
    *,
    scale: Reals,
    integer: IntArray,
    offset: Reals,
    zero_point: int,
    lowest: int,
    highest: int,
    multiplier_bits: int,
    slope: Reals | None = None,
) -> Requantization:
    """Return the constants for ``y = clip(round((acc + integer) * scale + offset) + zero_point, lowest, highest)``.

    With a slope, ``(acc + integer) * scale + offset`` is multiplied by it where it is negative.

    Raises
    ------
    NngenError
        Where a scale is too large, or int64 cannot hold an intermediate result.
    """
    if not (np.isfinite(scale).all() and np.isfinite(offset).all() and (slope is None or np.isfinite(slope).all())):
        raise NngenError("its scale and offset must be finite numbers of output codes")
    steeper = np.ones(1) if slope is None else np.maximum(np.abs(slope), 1)
    multipliers, shifts = fixed_point(scale * steeper, multiplier_bits=multiplier_bits)
    slopes = np.full(len(scale), np.nan) if slope is None else slope
    constants = [
        _channel(real, int(bias), (int(m), int(s)), multiplier_bits)
        for m, s, bias, *real in zip(multipliers, shifts, integer, scale, offset, slopes, strict=True)
    ]
    m, b, s, m2, b2 = (column.copy() for column in np.array(constants, np.int64).reshape(-1, 5).T)
    found = Requantization(multiplier=m, offset=b, shift=s, zero_point=zero_point, lowest=lowest, highest=highest)
    return found if slope is None else replace(found, negative_multiplier=m2, negative_offset=b2)


def _channel(
    real: list[np.float64], bias: int, start: tuple[int, int], multiplier_bits: int
) -> tuple[int, int, int, int, int]:
    """Return (m, b, s, m2, b2) of a channel from its real (scale, offset, slope) and the (m, s) of the steeper side.

    Without a slope (NaN) m2 and b2 are 0.
    """
    (scale, offset, slope), (steeper, shift) = real, start
    if not (np.isnan(slope) and float(np.ldexp(offset, shift)).is_integer()):
        shift += min(multiplier_bits - 1 - abs(steeper).bit_length(), LARGEST_SHIFT - shift)
    factor = 0.0 if np.isnan(slope) else float(slope)
    while True:
        pairs = [_pair(scale * side, offset * side, bias, shift) for side in (1.0, factor)]
        if all(fits(m, b, multiplier_bits) for m, b in pairs):
            (m, b), (m2, b2) = pairs
            return m, b, shift, m2, b2
        if shift == 0:
            largest = 1 << (ACCUMULATOR_BITS + multiplier_bits - 2)
            raise NngenError(f"its offset must be below {largest} output codes, not {offset + bias * scale:g}")
        shift -= 1


def _pair(scale: float, offset: float, bias: int, shift: int) -> tuple[int, int]:
    m = round(float(np.ldexp(scale, shift)))
    return m, bias * m + int(np.rint(np.ldexp(offset, shift)))


def fits(m: int, b: int, multiplier_bits: int) -> bool:
    """Return whether the machine holds m and b, and int64 every sum of them with an accumulator (rule 4)."""
    return (
        abs(m) < 1 << (multiplier_bits - 1)
        and abs(b) < 1 << (ACCUMULATOR_BITS + multiplier_bits - 2)
        and abs(b) + (abs(m) << (ACCUMULATOR_BITS - 1)) < LARGEST_OPERAND
    )
