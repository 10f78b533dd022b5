"""The constants of requantization from a layer's real scale and offset, with the proof that int64 holds them.

Rules
-----
1. m / 2^s is the product of all scales, rounded once to ``multiplier_bits`` bits (``numerics.fixed_point``).
2. Where the offset is not a whole multiple of 2^-s, m and s grow together as far as m has room: b needs the resolution.
3. b = integer * m + round(offset * 2^s): the integral part in accumulator units is exact.
4. |b| stays below 2^(accumulator bits + multiplier bits - 2), which leaves the machine's b one bit for calibration, and
   |acc * m + b| below 2^63. Where b is too large s shrinks: next to an offset that large the last bits of m change no
   code. Below s = 0 the layer is refused.
5. A scale that underflows to m = 0 is kept, with a warning: every output is then the same constant.
"""

from __future__ import annotations

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
) -> Requantization:
    """Return the constants for ``y = clip(round((acc + integer) * scale + offset) + zero_point, lowest, highest)``.

    Raises
    ------
    NngenError
        Where a scale is too large, or int64 cannot hold an intermediate result.
    """
    if not (np.isfinite(scale).all() and np.isfinite(offset).all()):
        raise NngenError("its scale and offset must be finite numbers of output codes")
    multipliers, shifts = fixed_point(scale, multiplier_bits=multiplier_bits)
    constants = [
        _channel(real, int(bias), (int(m), int(s)), multiplier_bits)
        for m, s, bias, *real in zip(multipliers, shifts, integer, scale, offset, strict=True)
    ]
    m, b, s = np.array(constants, np.int64).reshape(-1, 3).T
    return Requantization(
        multiplier=m.copy(), offset=b.copy(), shift=s.copy(), zero_point=zero_point, lowest=lowest, highest=highest
    )


def _channel(real: list[np.float64], bias: int, start: tuple[int, int], multiplier_bits: int) -> tuple[int, int, int]:
    """Return (m, b, s) of a channel from its real (scale, offset) and the (m, s) of ``fixed_point``."""
    (scale, offset), (multiplier, shift) = real, start
    if not float(np.ldexp(offset, shift)).is_integer():
        room = min(multiplier_bits - 1 - abs(multiplier).bit_length(), LARGEST_SHIFT - shift)
        multiplier, shift = multiplier << room, shift + room
    largest = 1 << (ACCUMULATOR_BITS + multiplier_bits - 2)
    while True:
        b = bias * multiplier + int(np.rint(np.ldexp(offset, shift)))
        if abs(b) < largest and abs(b) + (abs(multiplier) << (ACCUMULATOR_BITS - 1)) < LARGEST_OPERAND:
            return multiplier, b, shift
        if shift == 0:
            raise NngenError(f"its offset must be below {largest} output codes, not {offset + bias * scale:g}")
        shift -= 1
        multiplier = round(float(np.ldexp(scale, shift)))
