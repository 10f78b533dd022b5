"""The network as a netlist, the wires' picture element by element, for ngspice to compare with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError
from nngen.netlist import Array, Netlist, check, format_ngspice
from nngen.sim.analog.spice import SpiceResult

from ._input import FloatArray, check_conductance, check_voltages
from ._wires import Wires

OPEN_OHM = 1e18  # a cell of conductance 0: SPICE has no open resistor
# A linear circuit needs no tolerance to be exact; these keep ngspice from adding conductances or stopping early.
OPTIONS = ".options reltol=1e-9 abstol=1e-18 vntol=1e-15 gmin=1e-18"


def crossbar_netlist(conductance: npt.ArrayLike, voltages: npt.ArrayLike, wires: Wires) -> Netlist:
    """Return the circuit that ``solve`` solves, with sources and virtual grounds.

    The current of a column is that of the source ``Vout_0_<column>``; a row's source is ``Vin_<row>_0``, a cell's
    resistor ``Rcell_<row>_<column>``.

    Raises
    ------
    InputError
        As in ``solve``; one pattern of voltages only.
    """
    cells = check_conductance(conductance)
    sources = check_voltages(voltages, len(cells))
    if sources.ndim != 1:
        raise InputError(f"voltages of a netlist must have the shape ({len(cells)},), not {sources.shape}")
    rows, columns = cells.shape
    ohm = np.divide(1, cells, out=np.full_like(cells, OPEN_OHM), where=cells > 0)
    row_net, row_wires = _row_lines(rows, columns, wires)
    column_net, column_wires = _bit_lines(rows, columns, wires)
    contents = [
        Array("Vin", rows, 1, ["in{row}", "0"], value=sources.reshape(-1, 1)),
        *row_wires,
        Array("Rcell", rows, columns, [row_net, column_net], value=ohm),
        *column_wires,
        Array("Vout", 1, columns, ["out{column}", "0"], value=0),
    ]
    return Netlist(f"crossbar {rows} x {columns}", contents=contents)


def write_deck(netlist: Netlist, path: Path) -> Path:
    """Write a netlist with an operating point behind it, and return the path."""
    check(netlist)
    with path.open("w", encoding="ascii") as file:
        file.writelines(format_ngspice(netlist))
        file.write(f"{OPTIONS}\n.op\n.end\n")
    return path


def read_currents(result: SpiceResult, columns: int) -> FloatArray:
    """Return the column currents of a simulated deck, in amperes, shape (columns,)."""
    return np.array([float(result.vectors[f"i(vout_0_{column})"][0].real) for column in range(columns)])


def _row_lines(rows: int, columns: int, wires: Wires) -> tuple[str, list[Array]]:
    """Return the net of a cell on its row line, and all between it and the source."""
    line = "r{row}_{column}" if wires.row_ohm else "w{row}" if wires.driver_ohm else "in{row}"
    parts = []
    if wires.driver_ohm:
        behind = "d{row}" if wires.row_ohm else line
        parts.append(Array("Rdriver", rows, 1, ["in{row}", behind], value=wires.driver_ohm))
    if wires.row_ohm:
        before = "d{row}" if wires.driver_ohm else "in{row}"
        parts.append(Array("Rentry", rows, 1, [before, line], value=wires.row_ohm))
    if wires.row_ohm and columns > 1:
        parts.append(Array("Rrow", rows, columns - 1, [line, "r{row}_{column+1}"], value=wires.row_ohm))
    return line, parts


def _bit_lines(rows: int, columns: int, wires: Wires) -> tuple[str, list[Array]]:
    """Return the net of a cell on its bit line, and all between it and the virtual ground."""
    line = "c{row}_{column}" if wires.column_ohm else "b{column}" if wires.readout_ohm else "out{column}"
    parts = []
    if wires.column_ohm and rows > 1:
        parts.append(Array("Rcolumn", rows - 1, columns, [line, "c{row+1}_{column}"], value=wires.column_ohm))
    if wires.column_ohm:
        last = f"c{rows - 1}_{{column}}"
        behind = "e{column}" if wires.readout_ohm else "out{column}"
        parts.append(Array("Rexit", 1, columns, [last, behind], value=wires.column_ohm))
    if wires.readout_ohm:
        before = "e{column}" if wires.column_ohm else line
        parts.append(Array("Rreadout", 1, columns, [before, "out{column}"], value=wires.readout_ohm))
    return line, parts
