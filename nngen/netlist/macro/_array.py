"""The array of bitcells: word lines, input lines and bit lines, with the resistance of their wires.

With wires a row and a bit line are chains of equal resistors, one for each cell::

    input_line_0 --R--+--R--+--R--+        each + is a cell's end of the row's input line;
                      |     |     |
                     cell  cell  cell      below it is the cell's end of its bit line.
                      |     |     |
                      R     R     R        A bit line's last resistor leads to its terminal,
                      |     |     |        below the last row.
                    bit_line_0 …
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nngen.arch import AnalogMacro
from nngen.netlist import Array, Instance, Port, Subcircuit

from ._electrical import Electrical
from ._view import CellView

ARRAY = "nngen_array"
CELL = "Xcell"  # the cell in row r and column c of the array is Xcell_<r>_<c>
REFERENCE = "reference"
_ROW_PINS = ("word_line", "input_line")


def bit_lines_of(conversion: int, lines: int) -> tuple[int, ...]:
    """Return the macro's bit lines that one conversion reads, the positive one of a pair first."""
    return tuple(range(conversion * lines, (conversion + 1) * lines))


def array_subcircuit(
    view: CellView,
    electrical: Electrical,
    *,
    conversions: Sequence[int],
    levels: npt.NDArray[np.generic] | None,
    references: int = 0,
) -> Subcircuit:
    """Return the array of a macro, or of some of its columns.

    Parameters
    ----------
    view
        The bitcell.
    electrical
        The macro.
    conversions
        The columns or pairs that are there, in the order of the array's columns.
    levels
        Of all cells of the macro, shape ``(rows, columns)``, fractions allowed (an image); None: cells as they
        are made.
    references
        Further columns of cells at level 0, next to the row drivers: ``reference_<n>``.

    Raises
    ------
    NetlistError
        A level that no cell holds.
    """
    per_cell = view.use.cell.bit_lines
    lines = electrical.macro.lines
    kept = np.array([line for j in conversions for line in bit_lines_of(j, lines)])
    rows, columns = electrical.macro.rows, len(kept) // per_cell
    contents: list[Instance | Array] = [
        Array(
            CELL,
            rows,
            columns,
            [net for pin in view.pins for net in [_net(pin.name, electrical.analog)]],
            view.name,
            parameters={} if levels is None else _parameters(view, electrical, levels[:, kept]),
        )
    ]
    names = ("bit_line", "bit_line_bar")[:per_cell]
    contents += _wires(electrical.analog, rows, columns, names)
    if references:
        contents += _references(view, electrical, rows, references)
    return Subcircuit(ARRAY, _ports(view, rows, columns, references, contents), contents)


def _references(view: CellView, electrical: Electrical, rows: int, count: int) -> list[Instance | Array]:
    """Return columns of cells that hold level 0, with bit lines like the others'."""
    own = {
        "bit_line": _net("bit_line", electrical.analog).replace("bit_line", REFERENCE),
        "input_line": "input_line_{row}",
    }
    nets = [own.get(pin.name, _net(pin.name, electrical.analog)) for pin in view.pins]
    level = _parameters(view, electrical, np.zeros((rows, count)))
    cells = Array(f"X{REFERENCE}", rows, count, nets, view.name, parameters=level)
    wires = replace(electrical.analog, wires=electrical.analog.wires.model_copy(update={"row_ohm": 0.0}))
    return [cells, *_wires(wires, rows, count, [REFERENCE])]


def _parameters(
    view: CellView, electrical: Electrical, levels: npt.NDArray[np.generic]
) -> dict[str, npt.NDArray[np.float64]]:
    """Return the parameters of every cell: of a cell with two bit lines one for each."""
    storage = view.use.cell.storage
    assert storage is not None
    stored = electrical.stored(levels)
    share = len(storage.parameters)
    return {name: np.ascontiguousarray(stored[:, k::share]) for k, name in enumerate(storage.parameters)}


def _net(pin: str, analog: AnalogMacro) -> str:
    """Return the net of a cell's pin."""
    match pin:
        case "word_line":
            return "word_line_{row}"
        case "input_line":
            return "input_{row}_{column}" if analog.wires.row_ohm else "input_line_{row}"
        case "bit_line" | "bit_line_bar":
            return f"{pin}_{{row}}_{{column}}" if analog.wires.column_ohm else f"{pin}_{{column}}"
        case "vdd" | "vss":
            return pin
    return "vss"  # the write port, which rests


def _wires(analog: AnalogMacro, rows: int, columns: int, bit_lines: Sequence[str]) -> list[Instance | Array]:
    wires = analog.wires
    parts: list[Instance | Array] = []
    if wires.row_ohm:
        parts.append(Array("Rrow_end", rows, 1, ["input_line_{row}", "input_{row}_0"], value=wires.row_ohm))
        if columns > 1:
            nets = ["input_{row}_{column}", "input_{row}_{column+1}"]
            parts.append(Array("Rrow", rows, columns - 1, nets, value=wires.row_ohm))
    for name in bit_lines:
        if wires.column_ohm:
            if rows > 1:
                nets = [f"{name}_{{row}}_{{column}}", f"{name}_{{row+1}}_{{column}}"]
                parts.append(Array(f"R{name}", rows - 1, columns, nets, value=wires.column_ohm))
            nets = [f"{name}_{rows - 1}_{{column}}", f"{name}_{{column}}"]
            parts.append(Array(f"R{name}_end", 1, columns, nets, value=wires.column_ohm))
        if wires.column_femtofarad:
            farad = wires.column_femtofarad * rows * 1e-15
            parts.append(Array(f"C{name}", 1, columns, [f"{name}_{{column}}", "vss"], value=farad))
    return parts


def _ports(
    view: CellView, rows: int, columns: int, references: int, contents: Sequence[Instance | Array]
) -> list[Port]:
    """Return the lines of the array, and the supplies that something in it uses."""
    ports = []
    for pin in view.pins:
        if pin.name in _ROW_PINS:
            ports += [Port(f"{pin.name}_{row}", pin.domain, "in") for row in range(rows)]
    for pin in view.pins:
        if pin.line == "column" and pin.domain == "analog":
            ports += [Port(f"{pin.name}_{column}", pin.domain, "out") for column in range(columns)]
    ports += [Port(f"{REFERENCE}_{number}", "analog", "out") for number in range(references)]
    used = {pattern.at(0, 0) for part in contents if isinstance(part, Array) for pattern in part.nets}
    return ports + [Port(name, "supply", "inout") for name in ("vdd", "vss") if name in used]
