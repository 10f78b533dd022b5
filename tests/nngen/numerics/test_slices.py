"""Differential slices: cells add up to the weights again."""

import numpy as np
import pytest

from nngen.numerics import cell_codes, combine_cells, slices_needed


@pytest.mark.parametrize(
    ("largest", "cell_bits", "slices"),
    [(0, 1, 1), (1, 1, 1), (2, 1, 2), (7, 1, 3), (7, 3, 1), (8, 3, 2), (255, 1, 8), (255, 8, 1), (255, 3, 3)],
)
def test_slices_needed(largest: int, cell_bits: int, slices: int) -> None:
    assert slices_needed(largest, cell_bits) == slices


@pytest.mark.parametrize("cell_bits", [1, 2, 3, 4, 8])
def test_cells_add_up_to_every_weight(cell_bits: int) -> None:
    weights = np.arange(-255, 256).reshape(73, 7)
    slices = slices_needed(255, cell_bits)
    cells = cell_codes(weights, cell_bits=cell_bits, slices=slices)
    assert cells.shape == (73, 7 * slices * 2)
    assert cells.min() >= 0
    assert cells.max() < 1 << cell_bits
    assert not (cells[:, 0::2] & cells[:, 1::2]).any()  # one cell of a pair is zero
    significance = 1 << (cell_bits * np.arange(slices))
    assert (combine_cells(cells).reshape(73, 7, slices) @ significance == weights).all()


def test_bit_lines_of_a_weight_are_adjacent_least_significant_first() -> None:
    assert cell_codes(np.array([[6, -9]]), cell_bits=2, slices=2).tolist() == [[2, 0, 1, 0, 0, 1, 0, 2]]
