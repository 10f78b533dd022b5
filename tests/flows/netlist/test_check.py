"""`nngen netlist check`: a healthy build passes, and every planted fault is named."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.errors import InputError
from nngen.flows.build import build
from nngen.flows.netlist.check import check_netlists, compare_ports
from nngen.flows.networks.digits import CALIBRATION

from .conftest import MLP, ideal_architecture, replace_once, spoil

Run = Callable[..., Result]
Spoiled = Callable[[str, str, str], Path]

ARRAY = "spice/macro_0.sp"
CELL = "Xcell_77_1 input_line_77 bit_line_1 ideal conductance=8.267716535433073e-06"


def differences(folder: Path) -> list[str]:
    return [difference for check in check_netlists(folder) for difference in check.differences]


def test_a_build_is_what_it_is_meant_to_be(ideal_build: BuildDirectory, nngen: Run) -> None:
    result = nngen("netlist", "check", ideal_build.path)
    assert result.exit_code == 0, result.output
    assert "6,144 conductances by name" in result.stdout


CELL_FAULTS = {
    "a cell missing": ("", ["Xcell_77_1 must be there once, but is there 0 times"]),
    "a cell twice": (f"{CELL}\n{CELL}", ["Xcell_77_1 must be there once, but is there 2 times"]),
    "another conductance": (
        CELL.replace("8.267716535433073e-06", "8.2677165354e-06"),
        [
            "Xcell_77_1 (word line 77, bit line 1): conductance must be 8.267716535433073e-06 for level 105, not "
            "8.2677165354e-06"
        ],
    ),
    "no conductance": (
        CELL.partition(" conductance")[0],
        ["Xcell_77_1 (word line 77, bit line 1): conductance must be 8.267716535433073e-06 for level 105, not None"],
    ),
    "another word line": (
        CELL.replace("input_line_77", "input_line_76"),
        ["Xcell_77_1: input_line must be a line of row 77, not 'input_line_76'"],
    ),
    "the other bit line of the pair": (
        CELL.replace("bit_line_1", "bit_line_0"),
        ["Xcell_77_1: bit_line must be a line of column 1, not 'bit_line_0'"],
    ),
    "nets exchanged": (
        CELL.replace("input_line_77 bit_line_1", "bit_line_1 input_line_77"),
        [
            "Xcell_77_1: input_line must be a line of row 77, not 'bit_line_1'",
            "Xcell_77_1: bit_line must be a line of column 1, not 'input_line_77'",
        ],
    ),
    "a net missing": (
        CELL.replace(" bit_line_1", ""),
        ["Xcell_77_1 must have 2 nets and a subcircuit, not 2 words"],
    ),
    "a row that no macro has": (
        CELL.replace("_77", "_96"),
        ["Xcell_96_1 is no cell of the macro", "Xcell_77_1 must be there once, but is there 0 times"],
    ),
}


@pytest.mark.parametrize("fault", CELL_FAULTS)
def test_a_fault_in_a_cell_is_named_with_the_cell(fault: str, spoiled: Spoiled) -> None:
    text, expected = CELL_FAULTS[fault]
    assert differences(spoiled(ARRAY, f"{CELL}\n", f"{text}\n")) == expected


def test_bit_lines_of_a_pair_swapped_in_one_row_are_named(ideal_build: BuildDirectory, spoiled: Spoiled) -> None:
    lines = (ideal_build.path / ARRAY).read_text().splitlines()
    plus = next(line for line in lines if line.startswith("Xcell_77_0 "))
    plus_value, minus_value = plus.partition("=")[2], CELL.partition("=")[2]
    swapped = f"{plus.replace(plus_value, minus_value)}\n{CELL.replace(minus_value, plus_value)}"
    found = differences(spoiled(ARRAY, f"{plus}\n{CELL}", swapped))
    assert [difference.partition(" ")[0] for difference in found] == ["Xcell_77_0", "Xcell_77_1"]


def test_a_difference_ends_with_status_1(spoiled: Spoiled, nngen: Run) -> None:
    result = nngen("netlist", "check", spoiled(ARRAY, f"{CELL}\n", ""))
    assert result.exit_code == 1
    assert "Xcell_77_1 must be there once, but is there 0 times" in result.stdout


def test_cells_of_reference_columns_are_compared_too(tmp_path: Path) -> None:
    architecture = ideal_architecture(
        tmp_path,
        bitcell='{ cell = "rram_1t1r", parameters = { bits = 4 } }\nencoding = "offset"',
        columns="128",
        gains="[1, 2, 4]",
        adc='{ cell = "ideal_adc", parameters = { bits = 9 } }',
    )
    folder = build(MLP, architecture, tmp_path / "out", calibration=CALIBRATION, only=("program", "spice")).path
    assert differences(folder) == []
    lines = (folder / ARRAY).read_text().splitlines()
    cell = next(line for line in lines if line.startswith("Xreference_5_3 "))
    spoil(folder, ARRAY, f"{cell}\n", "")
    assert differences(folder) == ["Xreference_5_3 must be there once, but is there 0 times"]


def test_a_build_without_netlists_is_refused(program_build: BuildDirectory) -> None:
    sentence = (
        f"'{program_build.path}' must hold netlists (spice/nngen_crossbar.sp); build it without --only, or with spice"
    )
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        check_netlists(program_build.path)


# ---------------------------------------------------------------- ports


@pytest.fixture
def macro(mlp_build: BuildDirectory, tmp_path: Path) -> tuple[Path, Path]:
    """The macro's netlist, to be spoiled, and the folder with its Verilog."""
    netlist = tmp_path / "nngen_crossbar.sp"
    shutil.copyfile(mlp_build.path / "spice" / "nngen_crossbar.sp", netlist)
    return netlist, mlp_build.path / "rtl"


def test_ports_are_those_of_the_verilog(macro: tuple[Path, Path]) -> None:
    checks = list(compare_ports(*macro))
    assert [check.differences for check in checks] == [(), (), ()]


def test_ports_in_another_order_are_named(macro: tuple[Path, Path]) -> None:
    netlist, verilog = macro
    header = ".subckt nngen_crossbar clk enable word_lines_0 word_lines_1 "
    replace_once(netlist, header, ".subckt nngen_crossbar clk enable word_lines_1 word_lines_0 ")
    behavioural, empty, pins = compare_ports(netlist, verilog)
    assert behavioural.differences == empty.differences
    assert behavioural.differences == (
        "port 2: word_lines_1 (in) in SPICE, word_lines_0 (in) in Verilog",
        "port 3: word_lines_0 (in) in SPICE, word_lines_1 (in) in Verilog",
    )
    assert pins.differences == ()


def test_a_port_of_another_direction_is_named(macro: tuple[Path, Path]) -> None:
    netlist, verilog = macro
    replace_once(
        netlist, "* port enable digital in\n* port word_lines_0", "* port enable digital out\n* port word_lines_0"
    )
    behavioural, empty, pins = compare_ports(netlist, verilog)
    assert behavioural.differences == ("port 1: enable (out) in SPICE, enable (in) in Verilog",)
    assert empty.differences == behavioural.differences
    assert pins.differences == ()


def test_a_file_without_the_macro_is_refused(macro: tuple[Path, Path]) -> None:
    netlist, verilog = macro
    netlist.write_text("* nothing\n.subckt other a b\nR1 a b 1\n.ends\n")
    with pytest.raises(InputError, match=f"^'{re.escape(str(netlist))}' must have the subcircuit nngen_crossbar$"):
        list(compare_ports(netlist, verilog))
