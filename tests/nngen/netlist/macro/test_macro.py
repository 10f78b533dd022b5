"""Macros as netlists: what they are made of, what their cells hold, what trimming leaves."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture, ArchitectureFile, architecture_of
from nngen.cellib import CellLibrary
from nngen.errors import ArchitectureError, CellError, InputError, NetlistError
from nngen.hardware import crossbar_pins
from nngen.netlist import Array, check, format_ngspice, parse_netlist
from nngen.netlist.macro import Electrical, macro_netlist, terminals

from .cell_folders import write_bitcell
from .conftest import macro_with


def chip(bitcell: str, **changes: object) -> Architecture:
    macro = {
        "rows": 16,
        "columns": 8,
        "columns_per_adc": 2,
        "bitcell": {"cell": bitcell},
        "adc": {"cell": "sar_cdac", "parameters": {"bits": 5.0}},
    }
    core = {"macros": 1, "macro": macro | changes, "memory": {"activation_bytes": 256}}
    file = {"schema": "nngen/architecture/1", "name": "chip", "core": (core,)}
    return architecture_of(ArchitectureFile.model_validate(file), CellLibrary())


CHIPS = {
    "2t2r": {"bitcell": "rram_2t2r"},
    "1t1r in pairs": {"bitcell": "rram_1t1r"},
    "1t1r, single": {"bitcell": "rram_1t1r", "encoding": "offset"},
    "sram": {"bitcell": "sram_8t", "encoding": "twos_complement"},
    "charge": {"bitcell": "sram_8t_cap", "encoding": "offset"},
    "wide planes": {"bitcell": "ideal", "dac_bits": 3},
    "wires": {"bitcell": "rram_2t2r", "wires": {"row_ohm": 2.0, "column_ohm": 1.0, "column_femtofarad": 0.5}},
    "wires and a reference": {
        "bitcell": "rram_1t1r",
        "encoding": "offset",
        "wires": {"row_ohm": 2.0, "column_ohm": 1.0},
    },
}


@pytest.mark.parametrize("name", CHIPS)
def test_every_macro_can_be_read_back_and_holds_together(name: str) -> None:
    macro = macro_netlist(chip(**CHIPS[name])).netlist("a macro")
    again = parse_netlist("".join(format_ngspice(macro)))
    check(again)
    assert [one.name for one in again.subcircuits] == [one.name for one in macro.subcircuits]


def test_the_ports_are_the_bits_of_the_verilog_pins_and_then_the_supplies() -> None:
    architecture = chip("rram_2t2r")
    made = macro_netlist(architecture)
    bits = [name for pin in crossbar_pins(architecture.core) for name in terminals(pin)]
    supplies = ["vdd", "vss", "rest", "read", "common", "reference_low", "reference_high"]
    assert [port.name for port in made.macro.ports] == bits + supplies


def test_a_trimmed_macro_keeps_rows_and_converters_of_its_columns() -> None:
    architecture = chip("rram_2t2r")
    made = macro_netlist(architecture, conversions=[3])
    assert made.adcs == (1,)
    names = {port.name for port in made.macro.ports}
    assert {"trial_5", "trial_9", "compare_1", "word_lines_15"} <= names
    assert not {"trial_0", "trial_4", "compare_0"} & names
    cells = next(part for part in made.array.contents if isinstance(part, Array))
    assert (cells.rows, cells.columns) == (16, 1)


@pytest.mark.parametrize(("bitcell", "encoding"), [("rram_2t2r", "differential"), ("rram_1t1r", "offset")])
def test_cells_hold_the_resistance_of_their_levels(bitcell: str, encoding: str) -> None:
    architecture = chip(bitcell, encoding=encoding)
    levels = np.arange(16 * 8).reshape(16, 8) % 16
    made = macro_netlist(architecture, levels=levels)
    cells = next(part for part in made.array.contents if isinstance(part, Array))
    parameters = architecture.analog.bitcell.parameters
    on, off, series = (parameters[name] for name in ("on_resistance", "off_resistance", "access_resistance"))
    wanted = 1 / (1 / off + levels * (1 / on - 1 / off) / 15) - series
    if encoding == "differential":
        np.testing.assert_allclose(cells.parameters["resistance"], wanted[:, 0::2], rtol=1e-12)
        np.testing.assert_allclose(cells.parameters["resistance_bar"], wanted[:, 1::2], rtol=1e-12)
    else:
        np.testing.assert_allclose(cells.parameters["resistance"], wanted, rtol=1e-12)


def test_an_image_may_have_fractions() -> None:
    architecture = chip("rram_2t2r")
    levels = np.full((16, 8), 2.5)
    made = macro_netlist(architecture, levels=levels)
    cells = next(part for part in made.array.contents if isinstance(part, Array))
    electrical = Electrical(macro=architecture.core.macro, analog=architecture.analog)
    conductance = electrical.lowest_siemens + 2.5 * electrical.unit_siemens
    series = architecture.analog.bitcell.parameters["access_resistance"]
    np.testing.assert_allclose(cells.parameters["resistance"], 1 / conductance - series, rtol=1e-12)


def test_single_bit_lines_whose_cells_leak_have_a_reference_column_a_converter() -> None:
    made = macro_netlist(chip("rram_1t1r", encoding="offset"))
    references = [part for part in made.array.contents if isinstance(part, Array) and part.name == "Xreference"]
    assert [(part.rows, part.columns) for part in references] == [(16, 4)]
    assert not any(
        part.name == "Xreference" for part in macro_netlist(chip("rram_1t1r")).array.contents if isinstance(part, Array)
    )


def test_a_level_that_no_resistance_gives_is_refused() -> None:
    made = macro_netlist(chip("rram_2t2r"))
    with pytest.raises(
        NetlistError,
        match=re.escape("levels of cell 'rram_2t2r' must give conductances from above 0 to below "),
    ):
        made.programmed(np.full((16, 8), -1.0))


@pytest.mark.parametrize(
    ("conversions", "message"),
    [
        ([4], "the pairs of a macro must be numbers from 0 to 3, not 4"),
        ([-1], "the pairs of a macro must be numbers from 0 to 3, not -1"),
        ([], "at least one pair of a macro must be kept"),
    ],
)
def test_columns_that_do_not_exist_are_refused(conversions: list[int], message: str) -> None:
    with pytest.raises(InputError, match=f"^{message}$"):
        macro_netlist(chip("rram_2t2r"), conversions=conversions)


def test_levels_of_another_shape_are_refused() -> None:
    with pytest.raises(InputError, match=r"^levels must have the macro's shape \(16, 8\), not \(8, 16\)$"):
        macro_netlist(chip("rram_2t2r"), levels=np.zeros((8, 16)))


def test_two_cells_whose_subcircuits_share_a_name_are_refused(cells: Path) -> None:
    write_bitcell(cells)
    other = cells / "mine_too"
    other.mkdir()
    (other / "cell.toml").write_text(
        (CellLibrary().folder("ideal_driver") / "cell.toml").read_text().replace('"ideal_driver"', '"mine_too"')
    )
    view = (CellLibrary().folder("ideal_driver") / "ideal_driver.sp.j2").read_text().replace("ideal_driver", "mine_too")
    (other / "mine_too.sp.j2").write_text(view)
    (cells / "mine/mine.sp.j2").write_text(
        (cells / "mine/mine.sp.j2").read_text() + "\n.subckt mine_too a b\nR1 a b 1\n.ends\n"
    )
    with pytest.raises(
        NetlistError, match=r"^subcircuit 'mine_too' must have a name of its own, as 'mine_too' has it already"
    ):
        macro_netlist(macro_with(cells, row_driver={"cell": "mine_too"}))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"readout": {"cell": "charge_sharing"}},
            "core[0].macro.readout must be for the current that cell 'rram_2t2r' puts onto its bit "
            "line, not 'charge_sharing', which takes a charge",
        ),
        (
            {"row_driver": {"cell": "driver_1b"}, "dac_bits": 2},
            "core[0].macro.row_driver.cell must drive planes of dac_bits (2), not 'driver_1b', which drives at most 1",
        ),
        (
            {"row_driver": {"cell": "driver_dac", "parameters": {"bits": 2.0}}},
            "core[0].macro.row_driver.parameters.bits must not be given: it is dac_bits",
        ),
    ],
)
def test_cells_that_do_not_fit_are_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ArchitectureError, match=f"^{re.escape(message)}$"):
        chip("rram_2t2r", **changes)


def test_a_readout_that_is_no_readout_is_refused() -> None:
    with pytest.raises(
        CellError, match=r"^core\[0\]\.macro\.readout\.cell must be of the kind column_readout, not 'ideal', a bitcell$"
    ):
        chip("rram_2t2r", readout={"cell": "ideal"})


def test_circuits_do_not_shape_programs_or_verilog() -> None:
    plain, other = chip("rram_2t2r"), chip("rram_2t2r", wires={"row_ohm": 1.0}, readout={"cell": "ideal_readout"})
    assert plain.sha256 == other.sha256


def test_a_unit_is_what_the_formula_says() -> None:
    architecture = chip("sram_8t_cap", encoding="offset", wires={"column_femtofarad": 1.0})
    electrical = Electrical(macro=architecture.core.macro, analog=architecture.analog)
    parameters = architecture.analog.bitcell.parameters
    assert electrical.unit == pytest.approx(parameters["read_voltage"] * 2.0 / (16 * 3.0 + 0.38))
    narrow = replace(architecture.core.macro, dac_bits=3)
    assert Electrical(macro=narrow, analog=architecture.analog).unit == pytest.approx(electrical.unit / 7)


def test_circuits_that_are_not_named_are_the_defaults(cells: Path) -> None:
    write_bitcell(cells)
    architecture = macro_with(cells, readout=None, row_driver=None)
    assert architecture.analog.readout.cell.name == "transimpedance"
    assert architecture.analog.row_driver.cell.name == "driver_1b"
