"""Sums of errors stay exact where int64 does not."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.compiler.calibrate._statistics import ErrorSums
from nngen.numerics import Requantization


def constants(multiplier: list[int], shift: list[int]) -> Requantization:
    return Requantization(
        multiplier=np.array(multiplier),
        offset=np.zeros(len(multiplier), np.int64),
        shift=np.array(shift),
        zero_point=0,
        lowest=0,
        highest=255,
    )


@given(st.lists(st.lists(st.integers(-(1 << 40), 1 << 40), min_size=2, max_size=2), min_size=1, max_size=20))
def test_sums_are_those_of_python_integers(rows: list[list[int]]) -> None:
    sums = ErrorSums.of(np.array(rows, np.int64).reshape(len(rows), 1, 1, 2))
    columns = list(zip(*rows, strict=True))
    assert sums.count == len(rows)
    assert sums.sums == tuple(sum(column) for column in columns)
    assert sums.squares == tuple(sum(error**2 for error in column) for column in columns)


def test_parts_add_up() -> None:
    errors = np.arange(-10, 30).reshape(10, 4)
    assert ErrorSums.of(errors[:3]) + ErrorSums.of(errors[3:]) == ErrorSums.of(errors)


def test_spread_is_the_variance_in_output_codes() -> None:
    sums = ErrorSums.of(np.array([[1, 8], [3, 8]]))
    assert sums.spread(constants([6, 6], [2, 0])) == Fraction(1) * Fraction(6, 4) ** 2


@pytest.mark.parametrize(("errors", "correction"), [([1, 2], 2), ([0, 1], 0), ([-1, 0], 0), ([-1, -2], -2)])
def test_corrections_round_to_even(errors: list[int], correction: int) -> None:
    assert ErrorSums.of(np.array(errors)[:, None]).correction(constants([1], [0])).tolist() == [correction]
