"""``nngen netlist check``: the netlists of a build against its Verilog, its mapping and its weights.

Nothing here asks what wrote the files: ports come from the SPICE reader and pyverilog, levels from the network's
weights and ``mapping.json``, conductances and lines from the text of every cell, by its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from nngen.bundle import RTL_FOLDER, SPICE_FOLDER
from nngen.cellib import Cell
from nngen.errors import InputError
from nngen.flows.machine import Machine
from nngen.flows.progress import Progress, quiet
from nngen.hardware import BEHAVIOURAL_VIEW, CROSSBAR_MODULE, EMPTY_VIEW, TILE_MODULE
from nngen.ir import MatrixLayer, macro_name
from nngen.netlist import parse_number, read_netlist
from nngen.netlist.macro import MACRO_FILE, Electrical, programmed_file
from nngen.sim.verification import Port, VerilogReader

__all__ = ["NetlistCheck", "check_netlists", "compare_conductances", "compare_ports", "render"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

_CELL = re.compile(r"x(cell|reference)_([0-9]{1,9})_([0-9]{1,9})", re.IGNORECASE)
_TOLERANCE = 1e-12  # relative; numbers are printed so that reading gives the same ones
_MOST_DIFFERENCES = 5


@dataclass(frozen=True, kw_only=True)
class NetlistCheck:
    """One comparison: what, how much of it, and every difference."""

    what: str
    compared: str
    differences: tuple[str, ...]


def check_netlists(directory: Path, *, progress: Progress = quiet) -> list[NetlistCheck]:
    """Compare the netlists of a build with the rest of it.

    Raises
    ------
    NngenError
        The build is damaged, or has no netlists. A difference is not an error: the result says it.
    """
    progress("reading the build")
    machine = Machine.open(directory)
    if not machine.build.holds(f"{SPICE_FOLDER}/{MACRO_FILE}"):
        raise InputError(
            f"'{directory}' must hold netlists ({SPICE_FOLDER}/{MACRO_FILE}); build it without --only, or with spice"
        )
    folder = machine.build.file(SPICE_FOLDER)
    checks = []
    if machine.build.holds(RTL_FOLDER):
        progress("comparing ports")
        checks += list(compare_ports(folder / MACRO_FILE, machine.build.file(RTL_FOLDER)))
    for place, levels in sorted(mapped_levels(machine).items()):
        label = macro_name(*place, cores=len(machine.cores))
        progress(f"comparing the cells of {label}")
        checks.append(compare_conductances(machine, folder / programmed_file(label), label, levels))
    return checks


def compare_ports(netlist: Path, verilog: Path) -> Iterator[NetlistCheck]:
    """Compare the ports of the macro's subcircuit, supplies left out, with those of its Verilog views and its wrapper.

    Parameters
    ----------
    netlist
        The file with the subcircuit.
    verilog
        The folder with the Verilog.

    Raises
    ------
    NngenError
        The file is no netlist, or has no such subcircuit.
    """
    subcircuit = next((one for one in read_netlist(netlist).subcircuits if one.name == CROSSBAR_MODULE), None)
    if subcircuit is None:
        raise InputError(f"'{netlist}' must have the subcircuit {CROSSBAR_MODULE}")
    ports = [(port.name, port.direction) for port in subcircuit.ports if port.domain != "supply"]
    reader = VerilogReader()
    for view in (BEHAVIOURAL_VIEW, EMPTY_VIEW):
        bits = [bit for port in reader.module_ports(verilog / view, CROSSBAR_MODULE) for bit in _bits(port)]
        yield NetlistCheck(
            what=f"ports of {netlist.name} and of {view}",
            compared=f"{len(bits)} bits: name, order, direction",
            differences=_port_differences(ports, bits),
        )
    connected = reader.instance_connections(verilog / f"{TILE_MODULE}.v", CROSSBAR_MODULE)
    names = dict.fromkeys(_vector(name) for name, _ in ports)
    missing = sorted(set(names) ^ set(connected))
    yield NetlistCheck(
        what=f"pins of {netlist.name} and of the instance in {TILE_MODULE}.v",
        compared=f"{len(connected)} pins: name",
        differences=tuple(f"pin '{name}' is in one of them only" for name in missing),
    )


def _bits(port: Port) -> list[tuple[str, str]]:
    direction = {"input": "in", "output": "out"}[port.direction]
    if port.width == 1:
        return [(port.name, direction)]
    return [(f"{port.name}_{bit}", direction) for bit in range(port.width)]


def _vector(bit: str) -> str:
    """Return the pin that a terminal is a bit of: the name without a number at its end."""
    return re.sub(r"_[0-9]+$", "", bit)


def _port_differences(spice: Sequence[tuple[str, str]], verilog: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    found = [
        f"port {place}: {ours[0]} ({ours[1]}) in SPICE, {theirs[0]} ({theirs[1]}) in Verilog"
        for place, (ours, theirs) in enumerate(zip(spice, verilog, strict=False))
        if ours != theirs
    ]
    if len(spice) != len(verilog):
        found.append(f"{len(spice)} ports in SPICE, {len(verilog)} bits in Verilog")
    return tuple(found)


def mapped_levels(machine: Machine) -> dict[tuple[int, int], IntArray]:
    """Return the levels of every macro in use as weights and mapping say, shape ``(rows, columns)``, by core and macro.

    Of a macro that is reprogrammed, those of its first phase.
    """
    macro = machine.core.macro
    layers = {layer.name: layer for layer in machine.network.layers if isinstance(layer, MatrixLayer)}
    levels: dict[tuple[int, int], IntArray] = {}
    for mapped in machine.mapping.layers:
        for tile in mapped.tiles:
            if tile.phase:
                continue
            matrix = layers[mapped.layer].matrix
            (first, last), (low, high) = tile.input_range, tile.output_range
            cells = macro.weight_format(matrix).split(matrix[first:last, low:high])
            into = levels.setdefault(tile.place, np.zeros((macro.rows, macro.columns), np.int64))
            into[tile.row : tile.row + len(cells), tile.column : tile.column + cells.shape[1]] = cells
    return levels


@dataclass(frozen=True, kw_only=True)
class _Cell:
    """A cell as it is written: ``Xcell_<row>_<column>`` or ``Xreference_<row>_<column>``."""

    kind: str
    row: int
    column: int
    nets: tuple[str, ...]
    parameters: dict[str, float]

    def __str__(self) -> str:
        return f"X{self.kind}_{self.row}_{self.column}"


def compare_conductances(machine: Machine, netlist: Path, label: str, levels: IntArray) -> NetlistCheck:
    """Compare what every cell of a programmed array holds, and its lines, with what its name says.

    Parameters
    ----------
    machine
        The build.
    netlist
        The array's file.
    label
        What people call it.
    levels
        Shape ``(rows, columns)``. Cells of reference columns hold level 0.
    """
    electrical = Electrical(macro=machine.core.macro, analog=machine.architecture.analog)
    cell = machine.architecture.analog.bitcell.cell
    assert cell.storage is not None
    names = cell.storage.parameters
    references = machine.core.macro.adcs if electrical.has_reference else 0
    held = {"cell": levels, "reference": np.zeros((len(levels), references), np.int64)}
    wanted = {kind: electrical.stored(of_kind) for kind, of_kind in held.items()}
    seen = {kind: np.zeros(of_kind.shape, np.int64) for kind, of_kind in held.items()}
    differences: list[str] = []
    for found in _cells(netlist):
        lines = range(found.column * len(names), (found.column + 1) * len(names))
        rows, columns = held[found.kind].shape
        if found.row >= rows or lines.stop > columns:
            differences.append(f"{found} is no cell of the macro")
            continue
        differences += _misplaced(cell, found)
        for line, name in zip(lines, names, strict=True):
            seen[found.kind][found.row, line] += 1
            value, right = found.parameters.get(name), float(wanted[found.kind][found.row, line])
            if value is None or abs(value - right) > _TOLERANCE * abs(right):
                differences.append(
                    f"{found} (word line {found.row}, {_LINE[found.kind]} {line}): {name} must be {right!r} for level "
                    f"{held[found.kind][found.row, line]}, not {value!r}"
                )
    for kind, times in seen.items():
        once = times[:, :: len(names)]
        for row, column in np.argwhere(once != 1):
            differences.append(f"X{kind}_{row}_{column} must be there once, but is there {once[row, column]} times")
    return NetlistCheck(
        what=f"cells of {netlist.name} and weights in {label}",
        compared=f"{sum(of_kind.size for of_kind in held.values()):,} conductances by name",
        differences=tuple(differences),
    )


_LINE = {"cell": "bit line", "reference": "reference column"}


def _misplaced(cell: Cell, found: _Cell) -> Iterator[str]:
    """Yield the pins of a cell whose nets are not those of its row and its column, by the numbers in their names."""
    if len(found.nets) != len(cell.pins) + 1:  # its subcircuit comes last
        yield f"{found} must have {len(cell.pins)} nets and a subcircuit, not {len(found.nets)} words"
        return
    for pin, net in zip(cell.pins, found.nets, strict=False):
        if pin.line is None or net == "vss":  # what writes rests at vss
            continue
        numbers = [int(number) for number in re.findall(r"_([0-9]{1,9})(?=_|$)", net)]
        own = found.row if pin.line == "row" else found.column
        if numbers not in ([own], [found.row, found.column]):
            yield f"{found}: {pin.name} must be a line of {pin.line} {own}, not {net[:80]!a}"


def _cells(path: Path) -> Iterator[_Cell]:
    """Every cell of an array's file; lines are joined, nothing else is read."""
    for line in _lines(path):
        words = line.split()
        found = _CELL.fullmatch(words[0]) if words else None
        if found is None:
            continue
        parameters = {}
        for word in words[1:]:
            name, equals, text = word.partition("=")
            number = parse_number(text) if equals else None
            if number is not None:
                parameters[name.lower()] = number[0]
        nets = tuple(word for word in words[1:] if "=" not in word)
        kind = found[1].lower()
        yield _Cell(kind=kind, row=int(found[2]), column=int(found[3]), nets=nets, parameters=parameters)


def _lines(path: Path) -> Iterator[str]:
    whole = ""
    with path.open(encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith("+"):
                whole += f" {line[1:]}"
            else:
                yield whole
                whole = line
    yield whole


def render(checks: Sequence[NetlistCheck]) -> RenderableType:
    """Return all comparisons as a table."""
    table = Table("compared", "how much", "differences", box=None, pad_edge=False)
    for check in checks:
        shown = list(check.differences[:_MOST_DIFFERENCES])
        if len(check.differences) > len(shown):
            shown.append(f"… {len(check.differences):,} in all")
        table.add_row(
            Text(check.what), check.compared, Text("\n".join(shown) or "none", style="bold red" if shown else "green")
        )
    return table
