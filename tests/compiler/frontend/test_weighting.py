"""Coefficients of sums against exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.compiler.frontend.weighting import LARGEST_COEFFICIENT, LARGEST_SUM, coefficients

SCALES = st.floats(2.0**-20, 2.0**4, width=32)
CODES = st.sampled_from([1, 15, 127, 128, 255, 32768, 65535])


@given(st.lists(st.tuples(SCALES, CODES), min_size=1, max_size=4))
def test_they_stand_for_the_scales_and_fit(pairs: list[tuple[float, int]]) -> None:
    """What the sum is wrong by, in units of the largest scale, is far below what 25 bits of a multiplier hold."""
    scales, codes = ([*part] for part in zip(*pairs, strict=True))
    factors, unit = coefficients(scales, codes)
    assert all(0 <= factor <= LARGEST_COEFFICIENT for factor in factors)
    assert sum(factor * code for factor, code in zip(factors, codes, strict=True)) <= LARGEST_SUM
    limit = min(LARGEST_COEFFICIENT, LARGEST_SUM // sum(codes))
    # The best fraction is wrong by at most 1 / (denominator x limit); its denominator may be small where it is exact.
    error = Fraction(1, limit) if len(scales) == 2 else Fraction(1, 2 * limit)
    for factor, scale in zip(factors, scales, strict=True):
        wrong = abs(factor * Fraction(unit) - Fraction(scale)) / Fraction(max(scales))
        assert wrong <= (0 if len(scales) == 1 else error) + Fraction(1, 1 << 50)


@pytest.mark.parametrize(
    ("scales", "factors"),
    [
        ((0.25, 0.25), (1, 1)),
        ((0.5, 0.25), (2, 1)),
        ((0.125, 1.0), (1, 8)),
        ((3 * 2.0**-9, 5 * 2.0**-9), (3, 5)),
    ],
)
def test_simple_ratios_are_exact(scales: tuple[float, float], factors: tuple[int, int]) -> None:
    found, unit = coefficients(scales, (255, 255))
    assert found == factors
    assert [factor * unit for factor in found] == list(scales)


def test_two_bytes_have_22_bits() -> None:
    first, second = float(np.float32(0.1)), float(np.float32(0.0314159))
    found, unit = coefficients((first, second), (255, 255))
    assert max(found) > 1 << 20
    assert abs(found[1] * unit - second) < 1e-13
