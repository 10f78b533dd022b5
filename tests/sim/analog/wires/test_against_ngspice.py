"""The same networks in ngspice, resistor by resistor; a fault in one of them is seen."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nngen.errors import InputError
from nngen.netlist import Netlist
from nngen.sim.analog.spice import run
from nngen.sim.analog.wires import Wires, crossbar_netlist, read_currents, solve, solve_selected, write_deck
from tests.tools import needs_ngspice

FloatArray = npt.NDArray[np.float64]
pytestmark = needs_ngspice

LARGEST_DIFFERENCE = 1e-6
WIRES = Wires(row_ohm=2, column_ohm=3, driver_ohm=150, readout_ohm=40)


def sample(rows: int, columns: int) -> tuple[FloatArray, FloatArray]:
    """Return conductances of which a tenth is open, and voltages of which a third is 0."""
    generator = np.random.default_rng(rows)
    conductance = generator.uniform(1 / 1.7e6, 1 / 100e3, (rows, columns))
    conductance[generator.random((rows, columns)) < 0.1] = 0
    voltages = generator.uniform(0.05, 0.2, rows)
    voltages[generator.random(rows) < 0.3] = 0
    voltages[0] = 0.2
    return conductance, voltages


def simulated(netlist: Netlist, columns: int, folder: Path) -> FloatArray:
    return read_currents(run(write_deck(netlist, folder / "crossbar.cir")), columns)


def difference(conductance: FloatArray, voltages: FloatArray, wires: Wires, folder: Path) -> float:
    """Return the largest relative difference of any column."""
    netlist = crossbar_netlist(conductance, voltages, wires)
    expected = simulated(netlist, conductance.shape[1], folder)
    return float(np.abs(solve(conductance, voltages, wires) / expected - 1).max())


@pytest.mark.parametrize("size", [16, 32])
def test_arrays_with_wires(size: int, tmp_path: Path) -> None:
    assert difference(*sample(size, size), WIRES, tmp_path) <= LARGEST_DIFFERENCE


@pytest.mark.slow
def test_an_array_of_64_x_64_with_wires(tmp_path: Path) -> None:
    assert difference(*sample(64, 64), WIRES, tmp_path) <= LARGEST_DIFFERENCE


@pytest.mark.slow
@pytest.mark.parametrize("size", [128, 256])
def test_large_arrays_without_wires(size: int, tmp_path: Path) -> None:
    assert difference(*sample(size, size), Wires(), tmp_path) <= LARGEST_DIFFERENCE


@pytest.mark.parametrize(
    "wires",
    [
        Wires(),
        Wires(row_ohm=30),
        Wires(column_ohm=30),
        Wires(driver_ohm=500),
        Wires(readout_ohm=500),
        Wires(row_ohm=30, readout_ohm=500),
        Wires(column_ohm=30, driver_ohm=500),
        Wires(driver_ohm=500, readout_ohm=500),
        Wires(row_ohm=1e4, column_ohm=2e4, driver_ohm=1e5, readout_ohm=1e5),
    ],
    ids=repr,
)
@pytest.mark.parametrize("size", [(7, 5), (1, 3), (3, 1)], ids=str)
def test_wires_of_every_kind(size: tuple[int, int], wires: Wires, tmp_path: Path) -> None:
    conductance, voltages = sample(*size)
    conductance = np.maximum(conductance, 1e-9)  # every column carries something
    assert difference(conductance, voltages, wires, tmp_path) <= LARGEST_DIFFERENCE


def test_rows_that_gates_cut_off(tmp_path: Path) -> None:
    """Their cells are not in the netlist at all, their drivers at any voltage."""
    conductance, voltages = sample(12, 10)
    voltages[:] = 0.2
    selected = np.random.default_rng(5).random(12) < 0.5
    without = np.where(selected[:, None], conductance, 0)
    expected = simulated(crossbar_netlist(without, voltages, WIRES), 10, tmp_path)
    assert np.allclose(solve_selected(conductance, selected, 0.2, WIRES), expected, rtol=LARGEST_DIFFERENCE, atol=0)


def multiply(deck: Path, resistor: str, factor: float) -> None:
    """Change one resistor of a deck."""
    text, count = re.subn(
        rf"^({resistor} \S+ \S+) (\S+)$",
        lambda match: f"{match[1]} {factor * float(match[2])!r}",
        deck.read_text(),
        flags=re.MULTILINE,
    )
    assert count == 1
    deck.write_text(text)


@pytest.mark.parametrize(
    ("resistor", "factor"),
    [
        ("Rcell_3_4", 1.01),  # a wrong cell
        ("Rcell_15_0", 1e9),  # a missing one
        ("Rrow_2_7", 2.0),  # a wrong segment
        ("Rcolumn_14_3", 0.5),
        ("Rentry_1_0", 2.0),
        ("Rexit_0_5", 2.0),
        ("Rdriver_0_0", 1.1),
        ("Rreadout_0_15", 0.9),
    ],
)
def test_one_wrong_resistor_is_seen(resistor: str, factor: float, tmp_path: Path) -> None:
    conductance, voltages = sample(16, 16)
    voltages, conductance = np.maximum(voltages, 0.1), np.maximum(conductance, 1e-6)
    deck = write_deck(crossbar_netlist(conductance, voltages, WIRES), tmp_path / "crossbar.cir")
    expected = solve(conductance, voltages, WIRES)
    assert np.abs(expected / read_currents(run(deck), 16) - 1).max() <= LARGEST_DIFFERENCE
    multiply(deck, resistor, factor)
    assert np.abs(expected / read_currents(run(deck), 16) - 1).max() > 2 * LARGEST_DIFFERENCE


def test_a_netlist_has_one_pattern_of_voltages() -> None:
    with pytest.raises(InputError, match=r"^voltages of a netlist must have the shape \(2,\), not \(1, 2\)$"):
        crossbar_netlist(np.ones((2, 2)), np.ones((1, 2)), replace(WIRES, row_ohm=0))
