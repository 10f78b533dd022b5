"""Requantization constants against the real function that they stand for, in exact fractions."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.compiler.frontend.requantization import requantization
from nngen.errors import NngenError

BITS = 25


def constants(scale: float, integer: int = 0, offset: float = 0.0, *, bits: int = BITS) -> tuple[int, int, int]:
    found = requantization(
        scale=np.array([scale]),
        integer=np.array([integer]),
        offset=np.array([offset]),
        zero_point=0,
        lowest=-128,
        highest=127,
        multiplier_bits=bits,
    )
    return int(found.multiplier[0]), int(found.offset[0]), int(found.shift[0])


@settings(deadline=None)
@given(
    scale=st.floats(2.0**-40, 16),
    integer=st.integers(-(1 << 20), 1 << 20),
    offset=st.floats(-300, 300, width=32),
    accumulator=st.integers(-(1 << 31), (1 << 31) - 1),
)
def test_constants_stand_for_the_real_function(scale: float, integer: int, offset: float, accumulator: int) -> None:
    """m is rounded once, b once; the integral part is multiplied like an accumulator."""
    m, b, s = constants(scale, integer, offset)
    assert abs(m) < 1 << (BITS - 1)
    assert abs(b) < 1 << (BITS + 30)
    exact = (accumulator + integer) * Fraction(scale) + Fraction(offset)
    scale_error = max(Fraction(scale) / (1 << (BITS - 1)), Fraction(1, 1 << (s + 1)))
    assert abs(Fraction(accumulator * m + b, 1 << s) - exact) <= abs(accumulator + integer) * scale_error + Fraction(
        1, 1 << (s + 1)
    )


def test_an_integral_bias_is_exact_in_accumulator_units() -> None:
    m, b, _ = constants(0.3, integer=-77)
    assert b == -77 * m
    assert constants(0.25, integer=3) == (1, 3, 2)


def test_b_gets_the_resolution_that_its_offset_needs() -> None:
    """A scale of 1/4 needs m = 1, s = 2 only; an offset of 1/3 code then would be lost."""
    assert constants(0.25, offset=0.5) == (1, 2, 2)
    m, b, s = constants(0.25, offset=1 / 3)
    assert (m, s) == (1 << 23, 25)
    assert b == round(Fraction(1 / 3) * (1 << 25))


def test_a_large_offset_shortens_the_shift() -> None:
    """2^40 codes saturate whatever m is; b must still fit the machine."""
    m, b, s = constants(2.0**-30 * 1.1, offset=2.0**40)
    assert abs(b) < 1 << (BITS + 30)
    assert b == 1 << (40 + s)
    assert m == round(Fraction(2.0**-30 * 1.1) * (1 << s))


def test_a_vanishing_scale_keeps_its_offset() -> None:
    m, b, s = constants(1e-43, offset=12.5)
    assert m == 0
    assert Fraction(b, 1 << s) == Fraction(25, 2)


def test_zero_scale() -> None:
    m, b, s = constants(0.0, offset=-3.0)
    assert (m, Fraction(b, 1 << s)) == (0, -3)


@pytest.mark.parametrize("bits", [9, 17, 25, 31])
def test_the_multiplier_has_the_width_it_is_given(bits: int) -> None:
    m, _, _ = constants(1 / 3, bits=bits)
    assert m.bit_length() == bits - 1


@pytest.mark.parametrize(
    ("scale", "offset", "message"),
    [
        (2.0**30, 0.0, "scale must be below 2^24, not 1.07374e+09"),
        (1.0, 2.0**56, "its offset must be below 36028797018963968 output codes, not 7.20576e+16"),
        (1.0, np.inf, "its scale and offset must be finite numbers of output codes"),
        (np.nan, 0.0, "its scale and offset must be finite numbers of output codes"),
    ],
)
def test_refused(scale: float, offset: float, message: str) -> None:
    with pytest.raises(NngenError) as error:
        constants(scale, offset=offset)
    assert str(error.value) == message


@settings(deadline=None)
@given(
    scale=st.floats(2.0**-30, 16),
    slope=st.floats(-4, 4),
    integer=st.integers(-(1 << 20), 1 << 20),
    offset=st.floats(-300, 300, width=32),
    accumulator=st.integers(-(1 << 31), (1 << 31) - 1),
)
def test_a_slope_bends_the_negative_side(
    scale: float, slope: float, integer: int, offset: float, accumulator: int
) -> None:
    """m2 and b2 stand for scale and offset times the slope, at the s of m and b."""
    found = requantization(
        scale=np.array([scale]),
        integer=np.array([integer]),
        offset=np.array([offset]),
        slope=np.array([slope]),
        zero_point=0,
        lowest=-128,
        highest=127,
        multiplier_bits=BITS,
    )
    m, b, s = int(found.negative_multiplier[0]), int(found.negative_offset[0]), int(found.shift[0])
    assert max(abs(m), abs(int(found.multiplier[0]))) < 1 << (BITS - 1)
    exact = ((accumulator + integer) * Fraction(scale) + Fraction(offset)) * Fraction(slope)
    steeper = Fraction(scale) * max(1, abs(Fraction(slope)))
    scale_error = max(steeper / (1 << (BITS - 2)), Fraction(1, 1 << (s + 1)))
    error = abs(Fraction(accumulator * m + b, 1 << s) - exact)
    assert error <= abs(accumulator + integer) * scale_error + Fraction(1, 1 << s)


def test_without_a_slope_there_is_no_second_pair() -> None:
    found = requantization(
        scale=np.array([0.3]),
        integer=np.array([1]),
        offset=np.array([0.0]),
        zero_point=0,
        lowest=-128,
        highest=127,
        multiplier_bits=BITS,
    )
    assert not found.has_negative
