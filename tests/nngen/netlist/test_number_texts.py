"""Texts of many numbers: whichever way they are written, they are read as the same numbers."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.netlist import parse_number
from nngen.netlist._number_texts import number_texts


def read(texts: list[str]) -> list[float]:
    numbers = [parse_number(text) for text in texts]
    return [number[0] for number in numbers if number is not None]


def powers_and_neighbours() -> npt.NDArray[np.float64]:
    """Powers of ten and two, each with the number before and after."""
    powers = np.concatenate([10.0 ** np.arange(-29, 30), 2.0 ** np.arange(-90, 90)])
    return np.concatenate([powers, np.nextafter(powers, 0), np.nextafter(powers, np.inf)])


@pytest.mark.parametrize(
    "numbers",
    [
        powers_and_neighbours(),
        -powers_and_neighbours(),
        np.random.default_rng(1).uniform(5e3, 1e5, 10_000),
        10 ** np.random.default_rng(2).uniform(-30, 30, 10_000),
        np.round(np.random.default_rng(3).uniform(-1, 1, 10_000), 3),
        np.linspace(-1e-6, 1e-6, 101),
        np.arange(100.0),
        10 ** np.random.default_rng(4).uniform(-300, 300, 1000),
        np.random.default_rng(5).choice([1e3, 2e-300, 4.7e-15, 0.1 + 0.2], 1000),
    ],
)
def test_they_are_read_as_the_same_numbers(numbers: npt.NDArray[np.float64]) -> None:
    assert read(number_texts(numbers)) == numbers.tolist()


@given(st.lists(st.floats(-1e30, 1e30, allow_subnormal=True), min_size=64, max_size=80))
def test_any_numbers_are_read_as_the_same_numbers(numbers: list[float]) -> None:
    assert read(number_texts(np.array(numbers))) == numbers


def test_levels_and_short_rows_are_written_as_short_as_they_may_be() -> None:
    assert number_texts(np.array([5000.0, 0.1] * 100)) == ["5000.0", "0.1"] * 100
    assert number_texts(np.array([0.1, 0.2, 0.3])) == ["0.1", "0.2", "0.3"]


def test_many_different_numbers_have_17_digits() -> None:
    numbers = np.arange(-50.0, 50) * 1.25
    texts = number_texts(numbers)
    assert texts[0] == "-6.2500000000000000e+01"
    assert texts[50] == "0.0000000000000000e+00"
    assert texts[51] == "1.2500000000000000e+00"
