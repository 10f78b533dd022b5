"""SPICE views of cells: read, and held against the pins of their cell.toml."""

import re
from pathlib import Path

import pytest

from nngen.errors import CellError
from nngen.netlist.macro import read_view

from .cell_folders import BITCELL, BITCELL_VIEW, write_bitcell
from .conftest import macro_with

PORTS = "mine input_line bit_line"


def read(folder: Path):
    return read_view(macro_with(folder).analog.bitcell, {}, pair=True)


def test_a_view_gets_domain_and_direction_of_its_pins(cells: Path) -> None:
    view = read(write_bitcell(cells))
    ports = view.subcircuits[-1].ports
    assert [(port.name, port.domain, port.direction) for port in ports] == [
        ("input_line", "analog", "in"),
        ("bit_line", "analog", "out"),
    ]
    assert view.parameters == ("conductance",)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            PORTS,
            "mine bit_line input_line",
            "mine.sp.j2 must have the ports of cell.toml in their order (input_line bit_line), not bit_line input_line",
        ),
        (PORTS, PORTS + " vss", "port 'mine/vss' must connect to something inside its subcircuit"),
        (
            ".ends mine\n",
            ".ends mine\n.subckt other a b\nR1 a b 1\n.ends\n",
            "a view must have subcircuits named 'mine' and 'mine_…' only, not 'other'",
        ),
        (
            ".ends mine\n",
            ".ends mine\nR1 a a 1\n",
            "a view must have devices, models and parameters inside its subcircuits only",
        ),
        (
            ".ends mine\n",
            ".ends mine\n.control\nshell id\n.endc\n",
            "mine.sp.j2, line 5: .control must not stand in a netlist: it would run commands",
        ),
        (
            ".ends mine\n",
            ".ends mine\n.include /etc/passwd\n",
            "mine.sp.j2, line 5: .include must not stand in a netlist: it would open another file",
        ),
        (
            "Gcell input_line bit_line input_line bit_line 'conductance'",
            "Rcell input_line open 1",
            "net 'mine/open' must connect two terminals or more, not one",
        ),
        ("mine", "mine_part", "mine.sp.j2 must have a subcircuit 'mine'"),
        ("'conductance'", "`id`", "mine.sp.j2, line 3: the name of the subcircuit or model of instance 'Gcell'"),
    ],
)
def test_a_view_that_is_none_of_the_cell_is_refused(cells: Path, old: str, new: str, message: str) -> None:
    view = BITCELL_VIEW.replace(old, new)
    assert view != BITCELL_VIEW
    write_bitcell(cells, view=view)
    with pytest.raises(CellError, match=re.escape(message)) as error:
        read(cells)
    assert str(error.value).startswith("cell 'mine': ")
    assert "\n" not in str(error.value)


def test_a_cell_without_a_view_is_refused(cells: Path) -> None:
    write_bitcell(cells, view=None)
    with pytest.raises(
        CellError, match=r"^cell 'mine' must have a SPICE view, the file mine\.sp\.j2, where a netlist is made$"
    ):
        read(cells)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'name = "bit_line"',
            'name = "bitline"',
            "pin 'bitline' must be one that a bitcell can have (word_line, input_line, bit_line, bit_line_bar, "
            "write_word_line, write_bit_line, write_bit_line_bar, vdd, vss); did you mean 'bit_line'?",
        ),
        (
            'name = "bit_line", domain = "analog", direction = "out"',
            'name = "bit_line", domain = "analog", direction = "in"',
            "pin 'bit_line' must have the direction out, not in",
        ),
        (
            'name = "input_line", domain = "analog"',
            'name = "input_line", domain = "digital"',
            "pin 'input_line' must have the domain analog, not digital",
        ),
        (
            'line = "row"',
            'line = "row", only = "pair"',
            "pin 'input_line' must be there for single bit lines too: 'only' is for bit_line_bar",
        ),
        ('line = "row"', 'line = "column"', "pin 'input_line' must have the line row, not column"),
        (
            '  { name = "input_line", domain = "analog", direction = "in", line = "row", meaning = "input" },\n',
            "",
            "pins must have 'input_line', as every bitcell of its kind has",
        ),
        ('signal = "current"\n', "", "signal must be given for a bitcell with a SPICE view"),
        ('signal = "current"', 'signal = "charge"', "storage.capacitance must be given for a cell that adds charges"),
        (
            'parameters = ["conductance"]',
            'parameters = ["conductance", "other"]',
            "storage.parameters must be one for each of the 1 bit lines, not 2",
        ),
    ],
)
def test_a_cell_that_fits_no_macro_is_refused(cells: Path, old: str, new: str, message: str) -> None:
    toml = BITCELL.replace(old, new)
    assert toml != BITCELL
    write_bitcell(cells, toml=toml)
    changes = {"readout": None} if "charge" in new else {}
    sentence = f"cell 'mine': {message}"
    with pytest.raises(CellError, match=f"^{re.escape(sentence)}$"):
        read_view(macro_with(cells, **changes).analog.bitcell, {}, pair=True)
