"""Wire resistance of whole macros: how long a solution takes, and how far it is from a sparse LU and from ngspice."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.sim.analog.spice import run
from nngen.sim.analog.wires import Wires, conductance_image, crossbar_netlist, read_currents, solve, write_deck

from .registry import Row
from .timing import median_seconds

FloatArray = npt.NDArray[np.float64]
WIRES = Wires(row_ohm=1, column_ohm=1, driver_ohm=100, readout_ohm=50)
LEAST_SIEMENS, MOST_SIEMENS = 1 / 1.7e6, 1 / 100e3
LARGEST_SECONDS = {256: 0.5, 512: 3.0}
COMPARED = 256  # rows of the array that LU solves too: seconds
LARGEST_DISAGREEMENT = 1e-9
LARGEST_DIFFERENCE = 1e-6
LIMIT_S = 600.0
# Sizes that ngspice solves in seconds: with wires its matrices fill up.
IN_NGSPICE = ((16, WIRES), (32, WIRES), (64, WIRES), (128, Wires()), (256, Wires()))


def measure_wires() -> Iterator[Row]:
    """Measure on random cells and voltages, assembly included; ngspice where it is installed."""
    for size, limit in LARGEST_SECONDS.items():
        seconds = median_seconds({"": partial(solve, *sample(size), WIRES)})[""]
        yield Row(figure=f"{size} x {size} with wires", measured=seconds, unit="s", limit=limit, timing=True)
    yield from _beside_lu()
    if shutil.which("ngspice") is not None:
        for size, wires in IN_NGSPICE:
            yield _beside_ngspice(size, wires)


def sample(size: int) -> tuple[FloatArray, FloatArray]:
    """Return conductances of ``size`` x ``size`` cells, one in ten of them open, and voltages of the rows."""
    generator = np.random.default_rng(size)
    conductance = generator.uniform(LEAST_SIEMENS, MOST_SIEMENS, (size, size))
    conductance[generator.random((size, size)) < 0.1] = 0
    return conductance, generator.uniform(0, 0.2, size)


def _beside_lu() -> Iterator[Row]:
    conductance, voltages = sample(COMPARED)
    currents: dict[str, FloatArray] = {}

    def direct() -> None:
        currents["direct"] = solve(conductance, voltages, WIRES, method="direct")

    def iterative() -> None:
        currents["iterative"] = solve(conductance, voltages, WIRES)

    seconds = median_seconds({"direct": direct, "iterative": iterative}, repetitions=3)
    where = f"{COMPARED} x {COMPARED}"
    ratio = seconds["iterative"] / seconds["direct"]
    yield Row(figure=f"{where}: share of a sparse LU's time", measured=ratio, unit="")
    difference = _difference(currents["iterative"], currents["direct"])
    yield Row(figure=f"{where}: difference from it", measured=difference, unit="", limit=LARGEST_DISAGREEMENT)
    begin = time.perf_counter()
    conductance_image(conductance, WIRES)
    yield Row(figure=f"{where}: its image", measured=time.perf_counter() - begin, unit="s")


def _beside_ngspice(size: int, wires: Wires) -> Row:
    conductance, voltages = sample(size)
    with tempfile.TemporaryDirectory() as folder:
        deck = write_deck(crossbar_netlist(conductance, voltages, wires), Path(folder) / "crossbar.cir")
        theirs = read_currents(run(deck, time_limit_s=LIMIT_S), size)
    kind = "without wires" if wires == Wires() else "with wires"
    return Row(
        figure=f"{size} x {size} {kind}: difference from ngspice",
        measured=_difference(solve(conductance, voltages, wires), theirs),
        unit="",
        limit=LARGEST_DIFFERENCE,
    )


def _difference(ours: FloatArray, theirs: FloatArray) -> float:
    """Return the largest relative difference of a column."""
    return float(np.abs(ours / theirs - 1).max())
