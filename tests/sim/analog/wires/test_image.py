"""The conductances that stand for an array with its wires: exact for rows that are held, wrong for rows cut off."""

from __future__ import annotations

import re

import numpy as np
import pytest

from nngen.errors import InputError
from nngen.sim.analog.wires import GatedArray, Wires, conductance_image, solve, solve_selected

WIRES = Wires(row_ohm=4, column_ohm=6, driver_ohm=300, readout_ohm=80)


def cells(rows: int, columns: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    generator = np.random.default_rng(1)
    values = generator.uniform(1 / 1.7e6, 1 / 100e3, (rows, columns))
    return np.where(generator.random((rows, columns)) < 0.2, 0.0, values)


@pytest.mark.parametrize("size", [(48, 64), (64, 48), (1, 7), (7, 1)], ids=str)
@pytest.mark.parametrize("wires", [WIRES, Wires(row_ohm=4), Wires(column_ohm=6), Wires(driver_ohm=1e3), Wires()])
def test_the_image_is_exact_for_all_voltages(size: tuple[int, int], wires: Wires) -> None:
    conductance = cells(*size)
    image = conductance_image(conductance, wires)
    generator = np.random.default_rng(2)
    voltages = np.concatenate(
        [
            generator.uniform(-0.3, 0.3, (20, size[0])),
            0.2 * generator.integers(0, 2, (20, size[0])),  # bits
            np.eye(size[0])[:5],  # one row alone, all others held at 0 V
            np.full((1, size[0]), 1e3),
        ]
    )
    uncancelled = np.abs(voltages) @ image
    assert image.shape == size
    assert (np.abs(voltages @ image - solve(conductance, voltages, wires)) <= 1e-12 * uncancelled).all()
    direct = solve(conductance, voltages, wires, method="direct")
    assert (np.abs(voltages @ image - direct) <= 1e-11 * uncancelled.max(axis=1, keepdims=True)).all()


def test_both_ways_to_the_image_agree() -> None:
    """By rows and, the network being reciprocal, by columns."""
    conductance = cells(40, 30)
    by_columns = conductance_image(conductance, WIRES)
    by_rows = solve(conductance, np.eye(40), WIRES)
    assert np.allclose(by_columns, by_rows, rtol=1e-9, atol=1e-18)


def test_an_open_cell_conducts_in_the_image() -> None:
    """Others carry its row's current to its column."""
    conductance = cells(16, 16)
    image = conductance_image(conductance, WIRES)
    assert (conductance == 0).any()
    assert (image > 0).all()


def test_with_gates_the_image_is_wrong_and_the_model_of_patterns_right() -> None:
    """Rows that are cut off leave the network: a circuit without them gives the same, the image another current."""
    conductance = cells(32, 24)
    patterns = np.random.default_rng(3).random((6, 32)) < 0.4
    currents = GatedArray(conductance=conductance, wires=WIRES).currents(patterns, 0.2)
    for pattern, found in zip(patterns, currents, strict=True):
        # Open cells, and whatever voltage at the rows: nothing flows from there.
        without = np.where(pattern[:, None], conductance, 0.0)
        anything = np.where(pattern, 0.2, 5.0)
        assert np.allclose(found, solve(without, anything, WIRES, method="direct"), rtol=1e-10)
    imagined = 0.2 * patterns @ conductance_image(conductance, WIRES)
    lost = imagined / currents - 1
    assert (lost < -1e-3).all()  # rows held at 0 V take current from the bit lines


def test_no_image_fits_gated_patterns() -> None:
    """Currents of two rows are no sum of those of each alone."""
    array = GatedArray(conductance=cells(8, 6), wires=WIRES)
    alone = array.currents(np.eye(8, dtype=bool), 0.2)
    together = array.currents(np.ones(8, bool), 0.2)
    assert (alone.sum(axis=0) > together * (1 + 1e-6)).all()


def test_with_all_rows_selected_image_and_model_agree() -> None:
    conductance = cells(16, 12)
    array = GatedArray(conductance=conductance, wires=WIRES)
    every = np.ones(16, bool)
    voltages = np.random.default_rng(2).uniform(0, 0.2, 16)
    assert np.allclose(array.currents(every, voltages), voltages @ conductance_image(conductance, WIRES), rtol=1e-10)
    assert not array.currents(~every, voltages).any()


def test_patterns_keep_their_order_and_their_shape() -> None:
    conductance = cells(8, 6)
    patterns = np.array([[1, 0] * 4, [0, 1] * 4, [1, 0] * 4], bool)
    currents = solve_selected(conductance, patterns, 0.2, WIRES)
    assert currents.shape == (3, 6)
    assert np.array_equal(currents[0], currents[2])
    assert np.array_equal(currents[1], solve_selected(conductance, patterns[1], np.full(8, 0.2), WIRES))
    assert solve_selected(conductance, patterns[:0], 0.2, WIRES).shape == (0, 6)


def test_an_array_keeps_what_it_was_given() -> None:
    conductance = cells(8, 6)
    array = GatedArray(conductance=conductance, wires=WIRES)
    before = array.currents(np.ones(8, bool), 0.2)
    conductance[:] = 0
    assert np.array_equal(array.currents(np.ones(8, bool), 0.2), before)


@pytest.mark.parametrize(
    ("selected", "voltage", "message"),
    [
        (np.ones(3, bool), 0.2, "selected must have the shape (2,) or (patterns, 2), not (3,)"),
        (np.ones(2), 0.2, "selected must hold booleans, not float64"),
        (np.ones(2, bool), [0.2], "voltages must have the shape (2,) or (batch, 2), not (1,)"),
        (np.ones(2, bool), np.ones((3, 2)), "voltage must be one, or one for each of 2 rows, not of shape (3, 2)"),
        (np.ones(2, bool), float("nan"), "voltages must be finite, not nan at 0"),
    ],
)
def test_patterns_that_mean_nothing_are_refused(selected: object, voltage: object, message: str) -> None:
    array = GatedArray(conductance=np.full((2, 3), 1e-5), wires=WIRES)
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        array.currents(selected, voltage)
    with pytest.raises(InputError, match=r"^conductance must be finite and at least 0 S, not -1 at 0, 0$"):
        GatedArray(conductance=np.full((2, 3), -1.0), wires=WIRES)
