"""The converter against the formula of the specification in exact fractions."""

import math
from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.numerics import Converter


@st.composite
def converters(draw: st.DrawFn) -> Converter:
    bits, signed = draw(st.integers(2, 12)), draw(st.booleans())
    full_scale, fraction_bits = draw(st.integers(1, 256 * 15 * 15)), draw(st.integers(0, 8))
    step = Converter(bits=bits, full_scale=full_scale, signed=signed).step
    gain = 1 << draw(st.integers(0, step.bit_length() - 1))
    return Converter(bits=bits, full_scale=full_scale, signed=signed, gain=gain, fraction_bits=fraction_bits)


@settings(deadline=None)
@given(converters())
def test_step_is_the_smallest_power_of_two_that_reaches_full_scale(converter: Converter) -> None:
    step = converter.step
    assert step & (step - 1) == 0
    assert round(Fraction(converter.full_scale, step)) <= converter.highest
    assert step == 1 or round(Fraction(converter.full_scale, step // 2)) > converter.highest


@settings(deadline=None)
@given(converters(), st.floats(-1, 1))
def test_code_is_the_specified_one(converter: Converter, part: float) -> None:
    q = round(part * converter.full_scale) << converter.fraction_bits
    exact = Fraction(q, 1 << converter.fraction_bits) * Fraction(converter.gain, converter.step) + Fraction(1, 2)
    code = min(max(math.floor(exact), converter.lowest), converter.highest)
    assert converter.convert(np.array([q])).tolist() == [code]


@settings(deadline=None)
@given(converters())
def test_nothing_clips_up_to_the_largest_unclipped(converter: Converter) -> None:
    for q in (converter.largest_unclipped, -converter.largest_unclipped):
        code = math.floor(Fraction(q * converter.gain, converter.step) + Fraction(1, 2))
        assert code <= converter.highest
        assert code >= converter.lowest or not converter.signed


def test_gain_equal_to_step_is_lossless() -> None:
    converter = Converter(bits=9, full_scale=3600, signed=True, gain=16)
    assert (converter.step, converter.shift, converter.largest_unclipped) == (16, 0, 255)
    q = np.arange(-256, 256)
    assert (converter.reconstruct(converter.convert(q)) == q).all()


def test_codes_saturate() -> None:
    signed = Converter(bits=4, full_scale=7, signed=True)
    assert signed.convert(np.array([-100, -8, 7, 100])).tolist() == [-8, -8, 7, 7]
    unsigned = Converter(bits=4, full_scale=15, signed=False)
    assert unsigned.convert(np.array([-3, 15, 100])).tolist() == [0, 15, 15]


def test_reconstruction_is_code_times_step_over_gain() -> None:
    converter = Converter(bits=8, full_scale=1000, signed=True, gain=2)
    assert (converter.step, converter.shift) == (8, 2)
    assert converter.reconstruct(np.array([-3, 5])).tolist() == [-12, 20]
    assert converter.convert(np.array([1, 2, 3, -2, -3])).tolist() == [0, 1, 1, 0, -1]  # half a code rounds up
