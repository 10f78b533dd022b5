"""No sum of conversions exceeds the proven bound, and some sum reaches it."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.numerics import ENCODINGS, Converter, Encoding, PlaneFormat, WeightFormat, largest_partial_sum


def weights_of(encoding: Encoding = "differential", bits: int = 2, cell_bits: int = 2) -> WeightFormat:
    return WeightFormat(encoding=encoding, bits=bits, cell_bits=cell_bits)


def test_codes_planes_slices_and_tiles_count() -> None:
    planes = PlaneFormat(bits=4, signed=False, dac_bits=1)
    converter = Converter(bits=5, full_scale=64, signed=True, gain=2)
    assert (converter.lowest, converter.shift) == (-16, 2)
    parts = {"planes": planes, "converter": converter, "rows": 8}
    assert largest_partial_sum(**parts, weights=weights_of(), row_tiles=1) == (16 << 2) * 15
    two_slices = weights_of(bits=4)
    assert largest_partial_sum(**parts, weights=two_slices, row_tiles=3, bias=-7) == (16 << 2) * 15 * (1 + 4) * 3 + 7


def test_the_negative_top_plane_counts_in_full() -> None:
    """In some order 7 comes from each of the planes 1, 2, 4 and -8 from the plane -8 first."""
    planes = PlaneFormat(bits=4, signed=True, dac_bits=1)
    converter = Converter(bits=4, full_scale=7, signed=True)
    weights = weights_of(bits=1, cell_bits=1)
    assert largest_partial_sum(planes=planes, converter=converter, weights=weights, row_tiles=1, rows=4) == 49 + 64


@pytest.mark.parametrize(
    ("encoding", "bits", "largest"),
    [
        ("offset", 4, 15 * 3 * (1 + 4)),  # codes upwards; the count could take 5 * 3 * 8 = 120
        ("offset", 3, 15 * 3 * (1 + 4)),
        ("twos_complement", 3, 15 * 3 * 4),  # the sign slice downwards beats 15 * 3 * 1 upwards
        ("twos_complement", 5, 15 * 3 * 16),
    ],
)
def test_single_columns(encoding: Encoding, bits: int, largest: int) -> None:
    planes = PlaneFormat(bits=2, signed=False, dac_bits=1)
    converter = Converter(bits=4, full_scale=15, signed=False)
    weights = weights_of(encoding, bits)
    assert largest_partial_sum(planes=planes, converter=converter, weights=weights, row_tiles=1, rows=5) == largest


def test_the_count_alone_may_be_the_furthest() -> None:
    """Codes reach 3 * 3 * 5 = 45; the count takes 40 word lines * 3 * 8 = 960 before they come."""
    planes = PlaneFormat(bits=2, signed=False, dac_bits=1)
    converter = Converter(bits=2, full_scale=3, signed=False)
    weights = weights_of("offset", 4)
    assert largest_partial_sum(planes=planes, converter=converter, weights=weights, row_tiles=1, rows=40) == 960


@settings(max_examples=200)
@given(st.data())
def test_no_order_of_any_codes_exceeds_the_bound_and_one_reaches_it_but_for_the_count(data: st.DataObject) -> None:
    """Code and count are added in one step, so where both matter the bound may be above every order."""
    planes = PlaneFormat(
        bits=data.draw(st.integers(1, 6)), signed=data.draw(st.booleans()), dac_bits=data.draw(st.integers(1, 4))
    )
    weights = weights_of(
        data.draw(st.sampled_from(ENCODINGS)), data.draw(st.integers(1, 5)), data.draw(st.integers(1, 3))
    )
    signed = weights.encoding == "differential"
    converter = Converter(bits=4, full_scale=data.draw(st.integers(1, 100)), signed=signed)
    rows = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=3))
    bound = largest_partial_sum(
        planes=planes, converter=converter, weights=weights, row_tiles=len(rows), rows=sum(rows)
    )
    reached = 0
    for direction in (1, -1):
        steps = []
        for height, plane, (s, weight) in itertools.product(rows, planes.weights, enumerate(weights.slice_weights)):
            counts = (0, height * planes.plane_maximum) if s == 0 else (0,)
            ends = itertools.product((converter.lowest, converter.highest), counts)
            steps.append(
                max(
                    direction * plane * ((code << converter.shift) * weight - count * weights.offset)
                    for code, count in ends
                )
            )
        reached = max(reached, sum(step for step in steps if step > 0))
    assert reached <= bound
    if not weights.offset:
        assert reached == bound
