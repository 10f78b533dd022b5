"""Samples divided among starts of a pipeline, and joined again."""

import numpy as np
import pytest

from nngen.flows.batches import Batches

CODES = {"x": np.arange(10).reshape(5, 1, 1, 2)}


@pytest.mark.parametrize(("places", "starts"), [(1, 5), (2, 3), (4, 2), (5, 1), (7, 1)])
def test_what_is_divided_can_be_joined(places: int, starts: int) -> None:
    batches = Batches.of(CODES, places)
    divided = batches.divided(CODES)
    assert batches.starts == starts
    assert list(divided) == list(batches.names("x"))
    assert len(divided) == places
    assert all(codes.shape == (starts, 1, 1, 2) for codes in divided.values())
    np.testing.assert_array_equal(batches.joined(divided, ("x",))["x"], CODES["x"])


def test_the_last_sample_takes_the_places_that_are_left() -> None:
    divided = Batches.of(CODES, 4).divided(CODES)
    assert [divided[f"x[{place}]"][1, 0, 0, 0] for place in range(4)] == [8, 8, 8, 8]


def test_one_place_keeps_the_names() -> None:
    assert Batches.of(CODES, 1).names("x") == ("x",)
