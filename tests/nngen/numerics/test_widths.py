"""Widths of two's complement."""

import pytest

from nngen.numerics import accumulator_bits_needed, signed_bits


@pytest.mark.parametrize(
    ("lowest", "highest", "bits"),
    [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-8, 7, 4), (-9, 7, 5), (-8, 8, 5), (-128, 127, 8), (3, 5, 4), (-8, -1, 4)],
)
def test_signed_bits(lowest: int, highest: int, bits: int) -> None:
    assert signed_bits(lowest, highest) == bits


@pytest.mark.parametrize(("largest", "bits"), [(0, 1), (1, 2), (127, 8), (128, 9), ((1 << 31) - 1, 32), (1 << 31, 33)])
def test_accumulator_bits_needed(largest: int, bits: int) -> None:
    assert accumulator_bits_needed(largest) == bits
