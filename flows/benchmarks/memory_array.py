"""The array that ``netlist`` emits: a transistor and a resistor a cell, inputs on rows, sums on columns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.netlist import Array, Instance, Model, Netlist

FloatArray = npt.NDArray[np.float64]
LOWEST, HIGHEST = 5e3, 100e3  # ohm
LEVELS = 16
LARGEST_INPUT = 0.2  # volt


def few_levels(side: int) -> FloatArray:
    """Return resistances of a square array out of 16."""
    return np.random.default_rng(1).choice(np.linspace(LOWEST, HIGHEST, LEVELS), (side, side))


def all_different(side: int) -> FloatArray:
    """Return resistances of a square array, no two the same."""
    return np.random.default_rng(1).uniform(LOWEST, HIGHEST, (side, side))


def transistor_array(resistance: FloatArray) -> Netlist:
    """Return the array alone, flat: a MOSFET and a resistor a cell."""
    rows, columns = resistance.shape
    nets = ["n{row}_{column}", "wl{row}", "sl{row}", "vss"]
    transistors = Array("Mt", rows, columns, nets, "nch", parameters={"w": "1u", "l": "180n"})
    return Netlist("1T1R", contents=[transistors, _memories(resistance)])


def switched_bench(resistance: FloatArray, inputs: FloatArray) -> tuple[Netlist, FloatArray]:
    """Return the array between sources, and the currents that its columns sum (ampere).

    A switch of 1 ohm selects a cell in place of the transistor: its currents are known exactly, and ngspice solves
    half a million devices in seconds instead of minutes. ``Vbl_0_<column>`` measures a column's current.
    """
    rows, columns = resistance.shape
    nets = ["n{row}_{column}", "sl{row}", "en", "0"]
    contents: list[Array | Instance] = [
        Array("St", rows, columns, nets, "selector"),
        _memories(resistance),
        Array("Vsl", rows, 1, ["sl{row}", "0"], value=inputs[:, None]),
        Array("Vbl", 1, columns, ["bl{column}", "0"], value=0),
        Instance("Ven", ["en", "0"], value=1),
    ]
    selector = Model("selector", "sw", {"vt": 0.5, "vh": 0, "ron": 1, "roff": 1e12})
    return Netlist("1T1R bench", contents=contents, models=[selector]), inputs @ (1 / (resistance + 1))


def _memories(resistance: FloatArray) -> Array:
    rows, columns = resistance.shape
    return Array("Rm", rows, columns, ["bl{column}", "n{row}_{column}"], value=resistance)
