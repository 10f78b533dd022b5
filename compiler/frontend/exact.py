"""Constants of requantization that give every code exactly, where the file computes with integers.

Rules
-----
1. The value of an accumulator is ``acc * scale + offset`` per channel, in fractions; the file rounds it (``floor``,
   ``half_up``, or ``down``: towards zero) and clips it.
2. Denominators that are powers of two give m, b and s as they are. Where m is too wide its last bits are dropped if
   they are zero; b is then rounded down, which changes no code.
3. Rounding towards zero is ``floor`` where no code is below 0; else a second b serves negative values.
4. Any other denominator: each code has a least accumulator that reaches it. m, b and s are searched that put every code
   of every accumulator in reach there; where there are none the layer is refused. So are thresholds counted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt

from nngen.errors import NngenError
from nngen.numerics import Requantization, Rounding

from .requantization import LARGEST_SHIFT, fits

IntArray = npt.NDArray[np.int64]
ExactRounding = Literal["floor", "half_up", "down"]
Constants = tuple[int, int, int]  # m, b, s
Range = tuple[int, int]

CANDIDATE_SHIFTS = 6
CANDIDATE_STEPS = (0, 1, -1, 2, -2, 3, -3)


def exact_requantization(
    *,
    scale: Sequence[Fraction],
    offset: Sequence[Fraction],
    rounding: ExactRounding,
    codes: Range,
    reach: Sequence[Range],
    multiplier_bits: int,
) -> Requantization:
    """Return the constants for ``y = clip(round(acc * scale + offset), *codes)``, right for every accumulator in reach.

    Parameters
    ----------
    scale, offset
        One of each per channel.
    rounding
        The file's.
    codes
        Lowest and highest code.
    reach
        Least and largest accumulator of each channel.
    multiplier_bits
        Width of the signed m.

    Raises
    ------
    NngenError
        Where no constants give every code.
    """
    if rounding == "down" and codes[0] >= 0:
        rounding = "floor"
    whole = [_dyadic(one, two, rounding, multiplier_bits) for one, two in zip(scale, offset, strict=True)]
    found = [constants for constants in whole if constants is not None]
    kept: Rounding = "half_up" if rounding == "half_up" else "floor"
    if len(found) == len(whole):
        made = _requantization(found, codes, kept)
        if rounding != "down":
            return made
        last = (np.int64(1) << made.shift) - 1
        return replace(made, negative_multiplier=made.multiplier, negative_offset=made.offset + last)
    channels = zip(scale, offset, reach, strict=True)
    sides = [_searched(one, two, rounding, codes, within, multiplier_bits) for one, two, within in channels]
    made = _requantization([side[0] for side in sides], codes, "floor")
    if rounding != "down":
        return made
    below = _requantization([side[1] for side in sides], codes, "floor")
    return replace(made, negative_multiplier=below.multiplier, negative_offset=below.offset)


def _requantization(constants: Sequence[Constants], codes: Range, rounding: Rounding) -> Requantization:
    m, b, s = np.array(constants, np.int64).reshape(-1, 3).T
    return Requantization(
        multiplier=m.copy(),
        offset=b.copy(),
        shift=s.copy(),
        zero_point=0,
        lowest=codes[0],
        highest=codes[1],
        rounding=rounding,
    )


def _dyadic(scale: Fraction, offset: Fraction, rounding: ExactRounding, multiplier_bits: int) -> Constants | None:
    """Return m, b and s by rule 2; None where there are none."""
    denominator = math.lcm(scale.denominator, offset.denominator)
    if denominator & (denominator - 1):
        return None
    s = denominator.bit_length() - 1
    m, b = int(scale * denominator), int(offset * denominator)
    spare = min(s, _trailing_zeros(m) if m else s)
    most = max(0, m.bit_length() - (multiplier_bits - 1), s - LARGEST_SHIFT, b.bit_length() - multiplier_bits - 29)
    dropped = min(spare, most)
    if dropped:
        if rounding == "down":
            return None
        half = (1 << (s - 1)) if rounding == "half_up" else 0
        m, s = m >> dropped, s - dropped
        b = (b + half) >> dropped
        if rounding == "half_up":
            if s == 0:
                return None
            b -= 1 << (s - 1)
    return (m, b, s) if s <= LARGEST_SHIFT and fits(m, b, multiplier_bits) else None


def _trailing_zeros(value: int) -> int:
    return (value & -value).bit_length() - 1


@dataclass(frozen=True)
class _Steps:
    """Codes, and the least accumulator of each (rule 4); constants where no accumulator in reach tells codes apart."""

    codes: IntArray
    first: IntArray
    constant: tuple[int, int]


def _searched(  # noqa: PLR0917 - one channel
    scale: Fraction, offset: Fraction, rounding: ExactRounding, codes: Range, reach: Range, multiplier_bits: int
) -> list[Constants]:
    """Return m, b and s, and those of negative values too where rounding is towards zero; one s serves both."""
    if scale < 0:
        mirrored = _searched(-scale, offset, rounding, codes, (-reach[1], -reach[0]), multiplier_bits)
        return [(-m, b, s) for m, b, s in mirrored]
    ends = {_code(offset + scale * edge, rounding, codes) for edge in reach}
    if len(ends) == 1:
        return [(0, ends.pop(), 0)] * 2
    sides = _sides(scale, offset, rounding, codes, reach)
    exponent = math.frexp(scale)[1]
    for s in range(min(multiplier_bits - 1 - exponent, LARGEST_SHIFT - 17), -1, -1)[:CANDIDATE_SHIFTS]:
        found = [_at_shift(scale, s, side, reach, multiplier_bits) for side in sides]
        kept = [constants for constants in found if constants is not None]
        if len(kept) == len(sides):
            return kept
    raise NngenError(
        f"no multiplier of {multiplier_bits} bits gives every code of a product with {float(scale):.9g}; "
        "divide by a power of two"
    )


def _code(value: Fraction, rounding: ExactRounding, codes: Range) -> int:
    rounded = math.floor(value + Fraction(1, 2)) if rounding == "half_up" else math.floor(value)
    if rounding == "down" and value < 0:
        rounded = math.ceil(value)
    return min(max(rounded, codes[0]), codes[1])


def _sides(scale: Fraction, offset: Fraction, rounding: ExactRounding, codes: Range, reach: Range) -> list[_Steps]:
    if rounding != "down":
        return [_steps(scale, offset, rounding, codes, reach)]
    # The second pair serves where acc * m + b < 0: the first tells these by code 0, and rounds down from there on.
    above = _steps(scale, offset, "floor", (-1, codes[1]), reach)
    below = _steps(scale, offset, "ceil", (codes[0], min(codes[1], 1)), reach)
    return [replace(above, constant=(0, -1)), below]


def _steps(
    scale: Fraction, offset: Fraction, rounding: Literal["floor", "half_up", "ceil"], codes: Range, reach: Range
) -> _Steps:
    """Return the codes that some accumulators in reach give and some do not, and one more on either side."""
    lowest, highest = (offset + scale * edge for edge in reach)
    start, stop = max(codes[0] + 1, math.floor(lowest) - 1), min(codes[1], math.ceil(highest) + 1)
    first = []
    for code in range(start, stop + 1):
        if rounding == "ceil":
            least = math.floor((code - 1 - offset) / scale) + 1
        else:
            edge = Fraction(2 * code - 1, 2) if rounding == "half_up" else Fraction(code)
            least = math.ceil((edge - offset) / scale)
        first.append(min(max(least, reach[0]), reach[1] + 1))
    return _Steps(np.arange(start, start + len(first)), np.array(first, np.int64), (0, 0))


def threshold_requantization(
    first: Sequence[Sequence[int]], *, reach: Sequence[Range], multiplier_bits: int
) -> Requantization:
    """Return the constants that count thresholds: code k from the k-th least accumulator of each channel on.

    Parameters
    ----------
    first
        Least accumulators of the codes 1, 2, ... of each channel, ascending.
    reach
        Least and largest accumulator of each channel.
    multiplier_bits
        Width of the signed m.

    Raises
    ------
    NngenError
        Where the thresholds are not evenly spaced, so that no constants count them.
    """
    found = []
    for least, within in zip(first, reach, strict=True):
        cut = np.clip(np.array(least, np.int64), within[0], within[1] + 1)
        kept = np.flatnonzero((cut > within[0]) & (cut <= within[1]))
        start, stop = (max(kept[0] - 1, 0), kept[-1] + 2) if kept.size else (0, 0)
        steps = _Steps(np.arange(start, min(stop, cut.size)) + 1, cut[start:stop], (0, 0))
        found.append(_counted(steps, within, int((cut <= within[0]).sum()), multiplier_bits))
    return _requantization(found, (0, len(first[0])), "floor")


def _counted(steps: _Steps, reach: Range, constant: int, multiplier_bits: int) -> Constants:
    if not steps.codes.size:
        return 0, constant, 0
    span = max(int(steps.first[-1] - steps.first[0]), 1)
    exponent = math.frexp(max(len(steps.codes) - 1, 1) / span)[1]
    highest = max(min(multiplier_bits - 1 - exponent, LARGEST_SHIFT - 17), 0)
    for s in range(highest, -1, -1)[:CANDIDATE_SHIFTS]:
        m = _widest(s, steps, reach, 1 << (multiplier_bits - 1))
        b = _offset(m, s, steps.codes, steps.first, reach)
        if b is not None and fits(m, b, multiplier_bits):
            return m, b, s
    raise NngenError("its thresholds must be evenly spaced, as those of a requantization are")


def _widest(s: int, steps: _Steps, reach: Range, limit: int) -> int:
    """Return the m that leaves b the most room, which is a concave function of m."""
    low, high = 1, limit - 1
    while high - low > 2:
        third = (high - low) // 3
        left, right = (_room(m, s, steps, reach) for m in (low + third, high - third))
        low, high = (low + third, high) if left < right else (low, high - third)
    return max(range(low, high + 1), key=lambda m: _room(m, s, steps, reach))


def _room(m: int, s: int, steps: _Steps, reach: Range) -> int:
    least, most = _bounds_of_offset(m, s, steps.codes, steps.first, reach)
    return most - least


def _at_shift(scale: Fraction, s: int, steps: _Steps, reach: Range, multiplier_bits: int) -> Constants | None:
    if not steps.codes.size:
        return (*steps.constant, s)
    for step in CANDIDATE_STEPS:
        m = int(scale * (1 << s)) + step
        b = _offset(m, s, steps.codes, steps.first, reach)
        if m > 0 and b is not None and fits(m, b, multiplier_bits):
            return m, b, s
    return None


def _offset(m: int, s: int, numbers: IntArray, first: IntArray, reach: Range) -> int | None:
    """Return a b that puts every code at its least accumulator; None where m and s allow none."""
    least, most = _bounds_of_offset(m, s, numbers, first, reach)
    if least > most:
        return None
    near = 0 if least <= 0 <= most else least if least > 0 else most
    return near if abs(most) >= 1 << 61 or abs(least) >= 1 << 61 else (least + most) // 2


def _bounds_of_offset(m: int, s: int, numbers: IntArray, first: IntArray, reach: Range) -> Range:
    edges = numbers << s
    reached, missed = first <= reach[1], first > reach[0]
    least = int((edges - first * m)[reached].max(initial=-(1 << 62)))
    most = int((edges - 1 - (first - 1) * m)[missed].min(initial=1 << 62))
    return least, most
