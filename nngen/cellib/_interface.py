"""What the pins of a cell may be called: a macro is put together by their names.

Every circuit of a kind has the pins of its kind, those that it must have and others that it may have, in any order.
"""

from __future__ import annotations

from dataclasses import dataclass

from nngen.errors import CellError, suggestion

from ._cell import Cell, Kind, Pin


@dataclass(frozen=True, kw_only=True)
class _Terminal:
    domain: str
    direction: str
    required: bool = False
    line: str | None = None


def _analog(direction: str, *, required: bool = False, line: str | None = None) -> _Terminal:
    return _Terminal(domain="analog", direction=direction, required=required, line=line)


def _digital(direction: str, *, required: bool = False, line: str | None = None) -> _Terminal:
    return _Terminal(domain="digital", direction=direction, required=required, line=line)


_POWER = {name: _Terminal(domain="supply", direction="inout") for name in ("vdd", "vss")}
_REFERENCES = {
    name: _Terminal(domain="supply", direction="inout") for name in ("common", "reference_low", "reference_high")
}

INTERFACES: dict[Kind, dict[str, _Terminal]] = {
    "bitcell": {
        "word_line": _digital("in", line="row"),
        "input_line": _analog("in", required=True, line="row"),
        "bit_line": _analog("out", required=True, line="column"),
        "bit_line_bar": _analog("out", line="column"),
        "write_word_line": _digital("in", line="row"),
        "write_bit_line": _digital("in", line="column"),
        "write_bit_line_bar": _digital("in", line="column"),
        **_POWER,
    },
    "row_driver": {
        "plane": _digital("in", required=True),
        "enable": _digital("in", required=True),
        "word_line": _digital("out", required=True),
        "input_line": _analog("out", required=True),
        "rest": _Terminal(domain="supply", direction="inout", required=True),
        "read": _Terminal(domain="supply", direction="inout", required=True),
        **_POWER,
    },
    "column_readout": {
        "bit_line": _analog("in", required=True),
        "bit_line_bar": _analog("in"),
        "output": _analog("out", required=True),
        "gain": _digital("in", required=True),
        "enable": _digital("in", required=True),
        **_POWER,
        **_REFERENCES,
    },
    "adc": {
        "column": _analog("in", required=True),
        "sample": _digital("in", required=True),
        "trial": _digital("in"),
        "compare": _digital("out"),
        "code": _digital("out"),
        **_POWER,
        **_REFERENCES,
    },
    "memory": {},
}


def check_interface(cell: Cell) -> None:
    """Refuse a cell whose pins do not fit into a macro.

    Raises
    ------
    CellError
        Names the cell, the pin, what it must be and what it is.
    """
    terminals = INTERFACES[cell.kind]
    for pin in cell.pins:
        _check_pin(cell, pin, terminals)
    present = {pin.name for pin in cell.pins}
    needed = [name for name, terminal in terminals.items() if terminal.required] + _needed_by_controller(cell)
    for name in needed:
        if name not in present:
            raise CellError(f"cell '{cell.name}': pins must have '{name}', as every {cell.kind} of its kind has")
    if cell.kind == "bitcell":
        _check_bitcell(cell)


def _needed_by_controller(cell: Cell) -> list[str]:
    if cell.kind != "adc":
        return []
    return ["code"] if cell.controller == "flash" else ["trial", "compare"]


def _check_pin(cell: Cell, pin: Pin, terminals: dict[str, _Terminal]) -> None:
    where = f"cell '{cell.name}': pin '{pin.name}'"
    if pin.name not in terminals:
        known = ", ".join(terminals)
        raise CellError(f"{where} must be one that a {cell.kind} can have ({known})" + suggestion(pin.name, terminals))
    terminal = terminals[pin.name]
    for field in ("domain", "direction", "line"):
        if getattr(pin, field) != getattr(terminal, field):
            raise CellError(f"{where} must have the {field} {getattr(terminal, field)}, not {getattr(pin, field)}")
    if pin.only is not None and pin.name != "bit_line_bar":
        raise CellError(f"{where} must be there for single bit lines too: 'only' is for bit_line_bar")


def _check_bitcell(cell: Cell) -> None:
    if cell.storage is None or cell.signal is None:
        missing = "storage" if cell.storage is None else "signal"
        raise CellError(f"cell '{cell.name}': {missing} must be given for a bitcell with a SPICE view")
    if len(cell.storage.parameters) != cell.bit_lines:
        raise CellError(
            f"cell '{cell.name}': storage.parameters must be one for each of the {cell.bit_lines} bit lines, "
            f"not {len(cell.storage.parameters)}"
        )
    needed = "capacitance" if cell.signal == "charge" else "highest"
    if getattr(cell.storage, needed) is None:
        raise CellError(f"cell '{cell.name}': storage.{needed} must be given for a cell that adds {cell.signal}s")
