"""Integer coefficients that stand for the scales of tensors that are added.

Rules
-----
1. Real values ``sum of scale_k * x_k`` become ``unit * sum of c_k * x_k``: the quantizer's multiplier takes the unit.
2. Two tensors: the best fraction for the ratio of their scales, wrong by less than one over its denominator times the
   largest coefficient; equal scales have coefficients 1. More tensors: nearest multiples of the largest scale over the
   largest coefficient.
3. A coefficient has less than 24 bits with its sign, and the largest sum fits the accumulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .requantization import ACCUMULATOR_BITS

LARGEST_COEFFICIENT = (1 << 23) - 1
LARGEST_SUM = (1 << (ACCUMULATOR_BITS - 1)) - 1


def coefficients(scales: Sequence[float], largest_codes: Sequence[int]) -> tuple[tuple[int, ...], float]:
    """Return (c_k, unit) for positive scales; ``largest_codes`` are the largest magnitudes of the codes."""
    limit = max(1, min(LARGEST_COEFFICIENT, LARGEST_SUM // max(1, sum(largest_codes))))
    if len(scales) == 1:
        return (1,), scales[0]
    if len(scales) == 2:
        return _fraction(scales[0], scales[1], limit)
    largest = max(scales)
    unit = largest / limit
    return tuple(round(scale / unit) for scale in scales), unit


def _fraction(first: float, second: float, limit: int) -> tuple[tuple[int, int], float]:
    if second > first:
        (other, one), unit = _fraction(second, first, limit)
        return (one, other), unit
    ratio = (Fraction(second) / Fraction(first)).limit_denominator(limit)
    return (ratio.denominator, ratio.numerator), first / ratio.denominator
