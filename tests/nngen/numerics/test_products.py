"""Planes, slices and lossless converters together compute the product exactly: in every encoding and of every width."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.numerics import ENCODINGS, Converter, PlaneFormat, WeightFormat, combine_cells


def converted_products(
    codes: np.ndarray, matrix: np.ndarray, planes: PlaneFormat, weights: WeightFormat, converter: Converter
) -> np.ndarray:
    """Return the sums that the digital side makes of all conversions: codes at their shifts, less what was counted."""
    columns = combine_cells(weights.split(matrix), encoding=weights.encoding)
    total = np.zeros((len(codes), matrix.shape[1]), np.int64)
    for driven, plane_weight in zip(planes.split(codes), planes.weights, strict=True):
        reconstructed = converter.reconstruct(converter.convert(driven @ columns))
        for s, slice_weight in enumerate(weights.slice_weights):
            total += reconstructed[:, s :: weights.slices] * slice_weight * plane_weight
        total -= driven.sum(axis=1, keepdims=True) * weights.offset * plane_weight
    return total - planes.offset * matrix.sum(axis=0)


@st.composite
def formats(draw: st.DrawFn) -> tuple[PlaneFormat, np.ndarray, WeightFormat]:
    """Return how codes are driven, weights of shape ``(rows, 3)``, and how these are stored."""
    planes = PlaneFormat(bits=draw(st.integers(1, 16)), signed=draw(st.booleans()), dac_bits=draw(st.integers(1, 8)))
    rng = np.random.default_rng(draw(st.integers(0, (1 << 32) - 1)))
    largest = draw(st.sampled_from((0, 1, 2, 7, 8, 127, 128, 255)))
    matrix = rng.integers(-largest, largest, (draw(st.integers(1, 20)), 3), endpoint=True)
    encoding, cell_bits = draw(st.sampled_from(ENCODINGS)), draw(st.integers(1, 8))
    return planes, matrix, WeightFormat.of(matrix, encoding=encoding, cell_bits=cell_bits)


@settings(max_examples=300)
@given(formats(), st.integers(0, (1 << 32) - 1))
def test_lossless_conversions_add_up_to_the_product(
    drawn: tuple[PlaneFormat, np.ndarray, WeightFormat], seed: int
) -> None:
    planes, matrix, weights = drawn
    lowest = -(1 << (planes.bits - 1)) if planes.signed else 0
    highest = lowest + (1 << planes.bits) - 1
    codes = np.random.default_rng(seed).integers(lowest, highest, (4, len(matrix)), endpoint=True)
    codes[:2] = [[lowest], [highest]]
    full_scale = len(matrix) * planes.plane_maximum * ((1 << weights.cell_bits) - 1)
    pairs = weights.lines == 2
    converter = Converter(bits=full_scale.bit_length() + pairs, full_scale=full_scale, signed=pairs)
    assert converter.step == 1
    np.testing.assert_array_equal(converted_products(codes, matrix, planes, weights, converter), codes @ matrix)
