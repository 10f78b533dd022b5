"""Planes: every code of every format comes back from its planes."""

import numpy as np
import pytest

from nngen.numerics import PlaneFormat

FORMATS = [(bits, signed, dac) for bits in (1, 2, 3, 4, 7, 8) for signed in (False, True) for dac in (1, 2, 3, 4, 8)]


@pytest.mark.parametrize(("bits", "signed", "dac_bits"), FORMATS)
def test_planes_times_their_weights_are_code_plus_offset(bits: int, signed: bool, dac_bits: int) -> None:
    form = PlaneFormat(bits=bits, signed=signed, dac_bits=dac_bits)
    codes = np.arange(-(1 << (bits - 1)), 1 << (bits - 1)) if signed else np.arange(1 << bits)
    planes = form.split(codes)
    assert planes.shape == (-(-bits // dac_bits), len(codes))
    assert planes.min() >= 0
    assert planes.max() < 1 << dac_bits
    weights = np.array(form.weights)
    assert (weights @ planes == codes + form.offset).all()


def test_one_bit_planes_of_signed_codes_are_twos_complement() -> None:
    form = PlaneFormat(bits=4, signed=True, dac_bits=1)
    assert (form.weights, form.offset, form.top_plane_negative) == ((1, 2, 4, -8), 0, True)
    assert form.split(np.array([-3])).ravel().tolist() == [1, 0, 1, 1]


def test_wider_planes_of_signed_codes_are_offset() -> None:
    form = PlaneFormat(bits=8, signed=True, dac_bits=3)
    assert (form.weights, form.offset, form.top_plane_negative) == ((1, 8, 64), 128, False)
    assert form.split(np.array([[-128, 127]])).reshape(3, 2).T.tolist() == [[0, 0, 0], [7, 7, 3]]


def test_codes_keep_their_shape_behind_the_planes() -> None:
    assert PlaneFormat(bits=4, signed=False, dac_bits=2).split(np.zeros((2, 3, 5), np.int8)).shape == (2, 2, 3, 5)
