"""Exact constants: every accumulator in reach gets the code of the file, in fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.compiler.frontend.exact import ExactRounding, exact_requantization
from nngen.errors import NngenError


def code(value: Fraction, rounding: ExactRounding) -> int:
    if rounding == "half_up":
        return math.floor(value + Fraction(1, 2))
    return math.floor(value) if rounding == "floor" or value >= 0 else math.ceil(value)


def differing(scale: Fraction, offset: Fraction, rounding: ExactRounding, codes: tuple[int, int], reach: int) -> int:
    """How many accumulators get another code than the fractions say."""
    constants = exact_requantization(
        scale=[scale],
        offset=[offset],
        rounding=rounding,
        codes=codes,
        reach=[(-reach, reach)],
        multiplier_bits=25,
    )
    accumulators = np.arange(-reach, reach + 1)
    found = constants.apply(accumulators[:, None])[:, 0].tolist()
    due = [min(max(code(acc * scale + offset, rounding), codes[0]), codes[1]) for acc in accumulators.tolist()]
    return sum(one != other for one, other in zip(found, due, strict=True))


@settings(max_examples=150)
@given(
    numerator=st.integers(-100_000, 100_000),
    offset=st.integers(-(10**9), 10**9),
    divisor=st.sampled_from([1, 2, 64, 1 << 16, (1 << 16) - 1, (1 << 21) - 1, 3, 100, 12345]),
    rounding=st.sampled_from(["floor", "half_up", "down"]),
    codes=st.sampled_from([(0, 255), (-128, 127), (0, 1), (-7, 7)]),
)
def test_every_accumulator(
    numerator: int, offset: int, divisor: int, rounding: ExactRounding, codes: tuple[int, int]
) -> None:
    try:
        assert differing(Fraction(numerator, divisor), Fraction(offset, divisor), rounding, codes, 150) == 0
    except NngenError:
        assert divisor & (divisor - 1) or abs(offset) > 1000  # too large for b, or no form


@pytest.mark.parametrize("divisor", [(1 << k) - 1 for k in (16, 19, 20, 21, 22)])
def test_divisors_of_nemo(divisor: int) -> None:
    """2^k - 1, which no shift is: constants were searched."""
    for numerator, offset in ((57618, -12345678), (-8532, 1234567), (54, 99)):
        assert differing(Fraction(numerator, divisor), Fraction(offset, divisor), "floor", (0, 255), 5_000) == 0


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(NngenError) as error:
        exact_requantization(
            scale=[Fraction(1 << 20, (1 << 31) - 1)],
            offset=[Fraction(0)],
            rounding="floor",
            codes=(-32768, 32767),
            reach=[(-(1 << 27), 1 << 27)],
            multiplier_bits=25,
        )
    assert str(error.value) == (
        "no multiplier of 25 bits gives every code of a product with 0.00048828125; divide by a power of two"
    )


def test_a_wide_multiplier_loses_zeros_only() -> None:
    scale = Fraction(3 << 25, 1 << 30)
    for rounding in ("floor", "half_up"):
        assert differing(scale, Fraction(12345, 1 << 30), rounding, (-128, 127), 3000) == 0
