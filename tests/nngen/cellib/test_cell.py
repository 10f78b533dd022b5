"""Cells: what a cell.toml must be, and what an architecture may choose of it."""

import re
from pathlib import Path

import pytest

from nngen.cellib import BUILT_IN, Cell, CellLibrary, read_cell
from nngen.errors import CellError

CELL = """\
name = "mine"
kind = "adc"
interface = 1
description = "a converter"
controller = "sar"
pins = [
  { name = "input", domain = "analog", direction = "in", meaning = "what is converted" },
]

[parameters.bits]
default = 8
lowest = 2
highest = 12
unit = "bit"
integer = true
meaning = "resolution"

[parameters.noise]
default = 0.5
lowest = 0
highest = 2.5
unit = "LSB"
meaning = "of the comparator"

[[figures]]
name = "energy"
value = 1.5
unit = "pJ"
conditions = "none"
source = "this test"
status = "assumed"
"""


def write_cell(folder: Path, text: str = CELL) -> Path:
    folder.mkdir(parents=True)
    (folder / "cell.toml").write_text(text)
    return folder


def sentence(text: str) -> str:
    return f"^{re.escape(text)}$"


@pytest.fixture
def cell(tmp_path: Path) -> Cell:
    return read_cell(write_cell(tmp_path / "mine"))


@pytest.mark.parametrize("name", CellLibrary().names)
def test_built_in_cells_are_valid(name: str) -> None:
    cell = CellLibrary().find(name, kind=read_cell(BUILT_IN / name).kind, where="here")
    assert cell.description
    assert cell.pins
    assert all(figure.source for figure in cell.figures)
    assert cell.resolve({}, where="here") == {key: p.default for key, p in cell.parameters.items()}


def test_a_cell_of_ones_own_is_read(cell: Cell) -> None:
    assert (cell.kind, cell.controller) == ("adc", "sar")
    assert cell.resolve({"bits": 9.0}, where="here") == {"bits": 9.0, "noise": 0.5}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"bit": 8.0}, "here.parameters.bit must be a parameter of cell 'mine' (bits, noise); did you mean 'bits'?"),
        ({"xyz": 8.0}, "here.parameters.xyz must be a parameter of cell 'mine' (bits, noise)"),
        ({"bits": 1.0}, "here.parameters.bits must be a whole number from 2 to 12, not 1"),
        ({"bits": 13.0}, "here.parameters.bits must be a whole number from 2 to 12, not 13"),
        ({"bits": 7.5}, "here.parameters.bits must be a whole number from 2 to 12, not 7.5"),
        ({"noise": 2.6}, "here.parameters.noise must be a number from 0 to 2.5, not 2.6"),
        ({"noise": float("nan")}, "here.parameters.noise must be a number from 0 to 2.5, not nan"),
    ],
)
def test_a_choice_outside_the_cell_is_refused(cell: Cell, chosen: dict[str, float], message: str) -> None:
    with pytest.raises(CellError, match=sentence(message)):
        cell.resolve(chosen, where="here")


def test_a_cell_without_parameters_says_so(cell: Cell) -> None:
    bare = cell.model_copy(update={"parameters": {}})
    with pytest.raises(
        CellError, match=sentence("here.parameters.bits must be a parameter of cell 'mine' (it has none)")
    ):
        bare.resolve({"bits": 1.0}, where="here")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name = "mine"\n', 'name = "other"\n', "name must be that of its folder, not 'other'"),
        (
            'name = "mine"\n',
            'name = ".control"\n',
            "name must be lower-case letters, digits and _ with a letter first, not '.control'",
        ),
        (
            'kind = "adc"',
            'kind = "adcs"',
            "kind must be 'bitcell', 'row_driver', 'column_readout', 'adc' or 'memory', "
            "not 'adcs'; did you mean 'adc'?",
        ),
        ("interface = 1", "interface = 2", "interface must be 1, not 2"),
        ("interface = 1\n", "", "interface must be given"),
        (
            'controller = "sar"',
            'controller = "sra"',
            "controller must be 'sar', 'ramp' or 'flash', not 'sra'; did you mean 'sar'?",
        ),
        ('controller = "sar"\n', "", "controller must be given for an adc and for nothing else"),
        ('kind = "adc"', 'kind = "bitcell"', "controller must be given for an adc and for nothing else"),
        ('description = "a converter"', "description = 3", "description must be a string, not 3"),
        ('description = "a', 'descripton = "a', "descripton is not a known key; did you mean 'description'?"),
        (
            'domain = "analog"',
            'domain = "analogue"',
            "pins[0].domain must be 'analog', 'digital' or 'supply', not 'analogue'; did you mean 'analog'?",
        ),
        ('direction = "in", ', "", "pins[0].direction must be given"),
        ('direction = "in"', 'direction = "in", widht = 2', "pins[0].widht is not a known key; did you mean 'width'?"),
        ('direction = "in"', 'direction = "in", width = 0', "pins[0].width must be at least 1, not 0"),
        ('direction = "in"', 'direction = "in", width = "2"', "pins[0].width must be a whole number, not '2'"),
        (
            "pins = [\n",
            'pins = [\n  { name = "input", domain = "analog", direction = "in", meaning = "" },\n',
            "pins must have different names, not input, input",
        ),
        ("default = 8", "default = 13", "parameters.bits: default must lie in 2..12, not 13"),
        ("default = 8", 'default = "8"', "parameters.bits.default must be a number, not '8'"),
        ("highest = 2.5", "highest = inf", "parameters.noise.highest must be a finite number, not inf"),
        ("integer = true", "integer = 1", "parameters.bits.integer must be true or false, not 1"),
        ("integer = true", "intger = true", "parameters.bits.intger is not a known key; did you mean 'integer'?"),
        (
            'status = "assumed"',
            'status = "guessed"',
            "figures[0].status must be 'measured', 'simulated', 'transcribed' or 'assumed', not 'guessed'",
        ),
        ("value = 1.5", "value = -1.5", "figures[0].value must be at least 0, not -1.5"),
        ('source = "this test"\n', "", "figures[0].source must be given"),
        (
            'direction = "in"',
            'direction = "in", width_parameter = "bit"',
            "pins[0].width_parameter must name a parameter of the cell (bits, noise), not 'bit'",
        ),
        (
            "[parameters.bits]",
            '[storage]\nquantity = "level"\nparameters = ["level"]\nread = "bits"\n\n[parameters.bits]',
            "storage must be given for a bitcell and for nothing else",
        ),
    ],
)
def test_a_cell_that_is_wrong_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in CELL
    folder = write_cell(tmp_path / "mine", CELL.replace(old, new, 1))
    with pytest.raises(CellError, match=sentence(f"cell 'mine': {message}")):
        read_cell(folder)


def test_a_cell_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    folder = write_cell(tmp_path / "mine", "name = ")
    with pytest.raises(CellError, match=r"^cell 'mine': cell\.toml is not valid TOML: Invalid value \(at .*\)$"):
        read_cell(folder)


def test_a_cell_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CellError, match=sentence("cell 'mine': cell.toml does not exist")):
        read_cell(tmp_path / "mine")


# ---------------------------------------------------------------- library


def test_folders_add_cells(tmp_path: Path) -> None:
    folder = write_cell(tmp_path / "cells" / "mine")
    library = CellLibrary([tmp_path / "cells"])
    assert library.names == tuple(sorted({*CellLibrary().names, "mine"}))
    assert library.folder("mine") == folder
    assert library.find("mine", kind="adc", where="here").name == "mine"


def test_a_cell_path_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CellError, match=sentence(f"cell path '{tmp_path / 'cells'}' must be a directory")):
        CellLibrary([tmp_path / "cells"])


def test_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    write_cell(tmp_path / "a" / "mine")
    write_cell(tmp_path / "b" / "mine")
    message = f"cell 'mine' must be defined once on the cell path, not in '{tmp_path / 'a'}' and in '{tmp_path / 'b'}'"
    with pytest.raises(CellError, match=sentence(message)):
        CellLibrary([tmp_path / "a", tmp_path / "b"])
    write_cell(tmp_path / "c" / "ideal")
    with pytest.raises(CellError, match=r"^cell 'ideal' must be defined once on the cell path, not in .*$"):
        CellLibrary([tmp_path / "c"])


def test_a_cell_that_no_folder_has_is_refused() -> None:
    known = ", ".join(CellLibrary().names)
    message = f"here.cell must be a cell of the search path ({known}), not 'ideals'; did you mean 'ideal'?"
    with pytest.raises(CellError, match=sentence(message)):
        CellLibrary().find("ideals", kind="bitcell", where="here")


def test_a_cell_of_another_kind_is_refused() -> None:
    with pytest.raises(CellError, match=sentence("here.cell must be of the kind adc, not 'ideal', a bitcell")):
        CellLibrary().find("ideal", kind="adc", where="here")
