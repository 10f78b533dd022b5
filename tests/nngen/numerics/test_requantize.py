"""Requantization against exact fractions."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.errors import NngenError
from nngen.numerics import ROUNDINGS, Requantization, Rounding, fixed_point, requantize

MULTIPLIER_BITS = 25


def exact_rounding(value: Fraction, rounding: Rounding) -> int:
    if rounding == "floor":
        return math.floor(value)
    return round(value) if rounding == "half_even" else math.floor(value + Fraction(1, 2))


def requantized(accumulator: int, m: int, b: int, s: int, rounding: Rounding) -> int:
    constants = (np.array([value], np.int64) for value in (m, b, s))
    return int(requantize(np.array([accumulator]), *constants, rounding)[0])


@settings(deadline=None)
@given(
    accumulator=st.integers(-(1 << 31), (1 << 31) - 1),
    m=st.integers(-(1 << 24) + 1, (1 << 24) - 1),
    b=st.integers(-(1 << 56), (1 << 56) - 1),
    s=st.integers(0, 63),
    rounding=st.sampled_from(ROUNDINGS),
)
def test_requantize_is_the_exact_quotient_rounded(accumulator: int, m: int, b: int, s: int, rounding: Rounding) -> None:
    exact = exact_rounding(Fraction(accumulator * m + b, 1 << s), rounding)
    assert requantized(accumulator, m, b, s, rounding) == exact


@pytest.mark.parametrize(
    ("rounding", "codes"),
    [
        ("half_even", [-2, -2, 0, 0, 0, 2, 2]),
        ("half_up", [-2, -1, -0, 0, 1, 2, 3]),
        ("floor", [-3, -2, -1, 0, 0, 1, 2]),
    ],
)
def test_ties(rounding: Rounding, codes: list[int]) -> None:
    """Of -5/2, -3/2, -1/2, 0, 1/2, 3/2 and 5/2."""
    assert [requantized(twice, 1, 0, 1, rounding) for twice in (-5, -3, -1, 0, 1, 3, 5)] == codes


@settings(deadline=None)
@given(st.floats(2.0**-200, 2.0**23, allow_nan=False), st.sampled_from([1, -1]), st.integers(9, 32))
def test_fixed_point_is_the_nearest_number_of_its_width(magnitude: float, sign: int, bits: int) -> None:
    scale = sign * min(magnitude, 2.0 ** (bits - 2))
    (m,), (s,) = (array.tolist() for array in fixed_point(np.array([scale]), multiplier_bits=bits))
    assert abs(m) < 1 << (bits - 1)
    assert 0 <= s <= 63
    error = abs(Fraction(m, 1 << s) - Fraction(scale))
    assert error <= Fraction(1, 1 << 64) or error <= abs(Fraction(scale)) / (1 << (bits - 1))


@settings(deadline=None)
@given(st.floats(2.0**-38, 2.0**20, width=32))
def test_twenty_five_bits_hold_any_float32_scale(scale: float) -> None:
    (m,), (s,) = (array.tolist() for array in fixed_point(np.array([scale]), multiplier_bits=MULTIPLIER_BITS))
    assert Fraction(m, 1 << s) == Fraction(scale)


@pytest.mark.parametrize(
    ("scale", "m", "s"),
    [
        (0.0, 0, 24),
        (1.0, 1, 0),
        (0.25, 1, 2),
        (-0.75, -3, 2),
        (3.0, 3, 0),
        (2.0**-63, 1, 63),
        (2.0**-65, 0, 63),
        (float(2**24 - 1), 2**24 - 1, 0),
        (1 - 2.0**-40, 1, 0),  # rounds up to a power of two
        (1.5 * 2.0**-63, 2, 63),  # a tie of m itself
    ],
)
def test_fixed_point_of_borders(scale: float, m: int, s: int) -> None:
    found = fixed_point(np.array([scale]), multiplier_bits=MULTIPLIER_BITS)
    value = Fraction(int(found[0][0]), 1 << int(found[1][0]))
    assert value == Fraction(m, 1 << s)


def test_fixed_point_rounds_once() -> None:
    """3.4999999 units of 2^-63: rounding to 24 bits first would make it 3.5, and that 4."""
    (m,), (s,) = fixed_point(np.array([(3.5 - 2.0**-30) * 2.0**-63]), multiplier_bits=MULTIPLIER_BITS)
    assert (m, s) == (3, 63)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        (2.0**24, "scale must be below 2^24, not 1.67772e+07"),
        (-(2.0**30), "scale must be below 2^24, not 1.07374e+09"),
        (math.nan, "scale must be finite, and is NaN or infinite"),
        (math.inf, "scale must be finite, and is NaN or infinite"),
    ],
)
def test_fixed_point_refuses(scale: float, message: str) -> None:
    with pytest.raises(NngenError) as error:
        fixed_point(np.array([0.5, scale]), multiplier_bits=MULTIPLIER_BITS)
    assert str(error.value) == message


def one_channel(correction: int = 0) -> Requantization:
    return Requantization(
        multiplier=np.array([3]),
        offset=np.array([8]),
        shift=np.array([2]),
        zero_point=10,
        lowest=0,
        highest=15,
        correction=np.array([correction]) if correction else np.zeros(0, np.int64),
    )


def test_apply_adds_the_zero_point_then_clips() -> None:
    assert one_channel().apply(np.array([[-20], [0], [1], [100]])).tolist() == [[0], [12], [13], [15]]


def test_the_correction_is_used_only_where_it_is_asked_for() -> None:
    constants = one_channel(correction=4)
    assert constants.corrected_offset.tolist() == [4]
    assert constants.apply(np.array([[0]])).tolist() == [[12]]
    assert constants.apply(np.array([[0]]), corrected=True).tolist() == [[11]]
    assert one_channel().corrected_offset.tolist() == [8]


def leaky() -> Requantization:
    """m = 4, b = -8 and m2 = 1, b2 = -2 in quarters: acc - 2, below 0 a quarter of it."""
    return Requantization(
        multiplier=np.array([4]),
        offset=np.array([-8]),
        shift=np.array([2]),
        zero_point=10,
        lowest=0,
        highest=30,
        negative_multiplier=np.array([1]),
        negative_offset=np.array([-2]),
    )


def test_a_negative_preactivation_has_its_own_constants() -> None:
    """acc = 2 is no negative one; acc = -14 becomes -4, acc = 1 becomes -1/4."""
    assert leaky().apply(np.array([[-14], [1], [2], [7]])).tolist() == [[6], [10], [10], [15]]


def test_the_correction_counts_m2_times_on_the_negative_side() -> None:
    """An error of 4 in the accumulator: 16 units of b where m = 4, 4 units where m = 1."""
    constants = replace(leaky(), correction=np.array([16]))
    assert constants.corrected_negative_offset.tolist() == [-6]
    assert constants.apply(np.array([[-10], [6], [11]]), corrected=True).tolist() == [[6], [10], [15]]


@settings(deadline=None)
@given(
    accumulator=st.one_of(st.integers(-(1 << 20), (1 << 20) - 1), st.integers(-(1 << 36), 1 << 36)),
    constants=st.lists(st.integers(-(1 << 24) + 1, (1 << 24) - 1), min_size=4, max_size=4),
    s=st.integers(0, 40),
    rounding=st.sampled_from(ROUNDINGS),
)
def test_two_sided_requantization_is_exact(accumulator: int, constants: list[int], s: int, rounding: Rounding) -> None:
    m, b, m2, b2 = constants
    found = Requantization(
        multiplier=np.array([m]),
        offset=np.array([b]),
        shift=np.array([s]),
        zero_point=3,
        lowest=-128,
        highest=127,
        rounding=rounding,
        negative_multiplier=np.array([m2]),
        negative_offset=np.array([b2]),
    ).apply(np.array([accumulator]))
    pair = (m2, b2) if accumulator * m + b < 0 else (m, b)
    exact = exact_rounding(Fraction(accumulator * pair[0] + pair[1], 1 << s), rounding) + 3
    assert found.tolist() == [min(max(exact, -128), 127)]


def test_constants_of_some_channels_and_of_repeated_ones() -> None:
    one = leaky()
    twice = one.repeated(2)
    assert twice.apply(np.array([[-14, 7]])).tolist() == [[6, 15]]
    assert twice.correction.size == 0
    assert twice.channels(1, 2).apply(np.array([[7]])).tolist() == [[15]]


@pytest.mark.parametrize("accumulator", [2**52 - 3, 2**53 + 1, 2**56 + 1, -(2**54) - 1])
def test_sums_beyond_float64_stay_exact(accumulator: int) -> None:
    constants = Requantization(
        multiplier=np.array([1]),
        offset=np.array([0]),
        shift=np.array([0]),
        zero_point=0,
        lowest=-(1 << 62),
        highest=1 << 62,
    )
    assert constants.apply(np.array([accumulator])).tolist() == [accumulator]
