"""Weights in cells, in every encoding: they come back from their cells, which lie where the mapping expects them."""

import numpy as np
import pytest

from nngen.numerics import ENCODINGS, Encoding, WeightFormat, combine_cells


def formatted(lowest: int, highest: int, encoding: Encoding, cell_bits: int) -> WeightFormat:
    return WeightFormat.of(np.array([[lowest, highest]]), encoding=encoding, cell_bits=cell_bits)


@pytest.mark.parametrize(
    ("weights", "encoding", "bits"),
    [
        ((0, 0), "differential", 1),
        ((-1, 0), "differential", 1),
        ((-128, 127), "differential", 8),
        ((-255, 0), "differential", 8),
        ((0, 0), "offset", 1),
        ((-1, 0), "offset", 1),
        ((0, 1), "offset", 2),
        ((-128, 127), "offset", 8),
        ((-128, 128), "offset", 9),
        ((-255, 255), "offset", 9),
        ((-4, 3), "twos_complement", 3),
        ((-5, 3), "twos_complement", 4),
    ],
)
def test_bits_are_those_of_the_widest_weight(weights: tuple[int, int], encoding: Encoding, bits: int) -> None:
    assert formatted(*weights, encoding, 2).bits == bits


@pytest.mark.parametrize(
    ("bits", "cell_bits", "slices"),
    [(1, 1, (1, 1, 1)), (8, 1, (8, 8, 8)), (8, 2, (4, 5, 4)), (8, 7, (2, 2, 2)), (8, 8, (1, 2, 1)), (9, 8, (2, 2, 2))],
)
def test_slices(bits: int, cell_bits: int, slices: tuple[int, int, int]) -> None:
    formats = [WeightFormat(encoding=encoding, bits=bits, cell_bits=cell_bits) for encoding in ENCODINGS]
    assert tuple(f.slices for f in formats) == slices
    assert [f.columns for f in formats] == [2 * slices[0], *slices[1:]]


@pytest.mark.parametrize("cell_bits", range(1, 9))
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_cells_hold_every_weight(encoding: Encoding, cell_bits: int) -> None:
    for largest in (0, 1, 2, 7, 8, 100, 128, 255):
        weights = np.arange(-largest, largest + 1).reshape(-1, 1).repeat(3, axis=1)
        form = WeightFormat.of(weights, encoding=encoding, cell_bits=cell_bits)
        cells = form.split(weights)
        assert cells.shape == (len(weights), 3 * form.columns)
        assert cells.min() >= 0
        assert cells.max() < 1 << cell_bits
        assert (form.combine(cells) == weights).all()
        levels = combine_cells(cells, encoding=encoding).reshape(*weights.shape, form.slices)
        assert (levels @ np.array(form.slice_weights) == weights + form.offset).all()


def test_one_cell_of_a_differential_pair_is_zero() -> None:
    cells = formatted(-255, 255, "differential", 3).split(np.arange(-255, 256).reshape(73, 7))
    assert not (cells[:, 0::2] & cells[:, 1::2]).any()


@pytest.mark.parametrize(
    ("encoding", "cells", "slice_weights", "offset"),
    [
        ("differential", [2, 0, 1, 0, 0, 1, 0, 2], (1, 4), 0),
        ("offset", [2, 1, 1, 3, 1, 0], (1, 4, 16), 16),
        ("twos_complement", [2, 1, 0, 3, 1, 1], (1, 4, -16), 0),
    ],
)
def test_bit_lines_of_a_weight_are_adjacent_least_significant_first(
    encoding: Encoding, cells: list[int], slice_weights: tuple[int, ...], offset: int
) -> None:
    """6 and -9 in five bits: 00110 and 10111; with the offset of 16 they are 22 and 7."""
    form = formatted(-9, 6, encoding, 2)
    assert form.split(np.array([[6, -9]])).tolist() == [cells]
    assert (form.slice_weights, form.offset) == (slice_weights, offset)


def test_weights_of_one_bit_have_nothing_but_a_sign() -> None:
    form = formatted(-1, 0, "twos_complement", 4)
    assert (form.slices, form.slice_weights, form.negative_slice) == (1, (-1,), True)
    assert form.split(np.array([[-1, 0]])).tolist() == [[1, 0]]
