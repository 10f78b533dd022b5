"""Widths: no sum of conversions exceeds the proven bound, and some sum reaches it."""

import pytest

from nngen.numerics import Converter, PlaneFormat, accumulator_bits_needed, largest_partial_sum, signed_bits


@pytest.mark.parametrize(
    ("lowest", "highest", "bits"),
    [(0, 0, 1), (-1, 0, 1), (0, 1, 2), (-8, 7, 4), (-9, 7, 5), (-8, 8, 5), (-128, 127, 8), (3, 5, 4), (-8, -1, 4)],
)
def test_signed_bits(lowest: int, highest: int, bits: int) -> None:
    assert signed_bits(lowest, highest) == bits


def test_largest_partial_sum_counts_code_planes_slices_and_tiles() -> None:
    planes = PlaneFormat(bits=4, signed=False, dac_bits=1)
    converter = Converter(bits=5, full_scale=64, signed=True, gain=2)
    assert (converter.lowest, converter.shift) == (-16, 2)
    parts = {"planes": planes, "converter": converter, "cell_bits": 2}
    assert largest_partial_sum(**parts, slices=1, row_tiles=1) == (16 << 2) * 15
    assert largest_partial_sum(**parts, slices=2, row_tiles=3, bias=-7) == (16 << 2) * 15 * (1 + 4) * 3 + 7


def test_the_negative_top_plane_counts_in_full() -> None:
    """-1 and 0 are summed in any order: 1 + 2 + 4 + 8, not 1 + 2 + 4 - 8."""
    planes = PlaneFormat(bits=4, signed=True, dac_bits=1)
    converter = Converter(bits=4, full_scale=7, signed=True)
    assert largest_partial_sum(planes=planes, converter=converter, cell_bits=1, slices=1, row_tiles=1) == 8 * 15


@pytest.mark.parametrize(("largest", "bits"), [(0, 1), (1, 2), (127, 8), (128, 9), ((1 << 31) - 1, 32), (1 << 31, 33)])
def test_accumulator_bits_needed(largest: int, bits: int) -> None:
    assert accumulator_bits_needed(largest) == bits
