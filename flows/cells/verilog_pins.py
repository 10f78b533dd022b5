"""The pins of a cell's Verilog view, read by pyverilog, against those of ``cell.toml``."""

from __future__ import annotations

from pyverilog.vparser.parser import ParseError

from nngen.arch import CellUse
from nngen.cellib import VERILOG_SUFFIX, Pin, read_verilog, verilog_view
from nngen.errors import CellError
from nngen.sim.verification import Port, VerilogReader

__all__ = ["check_verilog_pins"]

_DIRECTIONS = {"in": "input", "out": "output", "inout": "inout"}
_LONGEST = 200  # characters of what pyverilog says
_ANALOG_BITS = 32  # an analog pin carries LSB in 16.16 fixed point


def check_verilog_pins(use: CellUse) -> str:
    """Refuse a Verilog view whose ports are not the pins of its cell, supplies left out; return what was found.

    Raises
    ------
    CellError
        Names the file and what differs: the module, the names in their order, a direction, a width.
    """
    cell, path = use.cell, verilog_view(use.folder)
    assert path is not None
    where = f"cell '{cell.name}': {cell.name}{VERILOG_SUFFIX}"
    read_verilog(use.folder)
    whole = {name.upper(): int(value) for name, value in use.parameters.items() if value.is_integer()}
    try:
        ports = VerilogReader().module_ports(path, cell.name, parameters=whole)
    except (ParseError, LookupError, ValueError, RecursionError) as error:
        raise CellError(f"{where} must be Verilog with a module '{cell.name}': {_first_line(error)}") from error
    wanted = [_port(pin, use) for pin in cell.pins if pin.domain != "supply"]
    if [port.name for port in ports] != [port.name for port in wanted]:
        raise CellError(
            f"{where} must have the ports {' '.join(port.name for port in wanted)}, the pins of cell.toml without "
            f"supplies in their order, not {' '.join(port.name for port in ports)}"
        )
    for found, right in zip(ports, wanted, strict=True):
        if found != right:
            raise CellError(
                f"{where}: port '{found.name}' must be an {right.direction} of {right.width} bits, not an "
                f"{found.direction} of {found.width}"
            )
    return f"{len(ports)} ports as in cell.toml"


def _first_line(error: Exception) -> str:
    """Return the first line of what an exception says, cut."""
    lines = str(error).splitlines() or [type(error).__name__]
    return lines[0][:_LONGEST]


def _port(pin: Pin, use: CellUse) -> Port:
    width = _ANALOG_BITS if pin.domain == "analog" else pin.bits(use.parameters)
    return Port(name=pin.name, direction=_DIRECTIONS[pin.direction], width=width)
