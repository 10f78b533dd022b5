"""Verilog views of converters in Icarus: what is wrong with one is said in a sentence."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import CellUse
from nngen.cellib import CellLibrary
from nngen.errors import CellError, ToolError
from nngen.flows.cells.chips import Combination, macro_of
from nngen.sim.analog.bench import Mismatch, _verilog, verilog_codes

POSITIONS = np.array([0.2, 1.7, 3.0])


@pytest.fixture
def flash(tmp_path: Path) -> CellUse:
    """A flash of 4 bits whose folder is a copy."""
    shutil.copytree(CellLibrary().folder("flash"), tmp_path / "flash")
    chosen = Combination(bitcell="ideal", row_driver="ideal_driver", readout="ideal_readout", adc="flash")
    adc = macro_of(chosen, CellLibrary(), adc_bits=4).analog.adc
    return replace(adc, folder=tmp_path / "flash")


def change(adc: CellUse, old: str, new: str) -> None:
    path = adc.folder / "flash.v"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_codes_are_those_of_the_positions(flash: CellUse) -> None:
    np.testing.assert_array_equal(verilog_codes(flash, POSITIONS, None), [0, 2, 3])
    nominal = Mismatch.nominal(flash)
    assert nominal is not None
    moved = replace(nominal, values=nominal.values + 1)
    np.testing.assert_array_equal(verilog_codes(flash, POSITIONS, moved), [0, 1, 2])


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "if (held >= threshold)",
            "if held >= threshold",
            "must be Verilog that iverilog takes: flash.v:31: syntax error",
        ),
        (
            "code = {BITS{1'b0}};",
            "code = {BITS{1'bx}};",
            "must give a code for every value, not 'x x x'",
        ),
        ("code = {BITS{1'b0}};", "while (1) code = 0;", "must be done with a bench in 0.5 s"),
    ],
)
def test_a_view_that_is_wrong_is_refused(
    flash: CellUse, old: str, new: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "while" in new:
        monkeypatch.setattr(_verilog, "_SECONDS", 0.5)
    change(flash, old, new)
    with pytest.raises(CellError, match=f"^cell 'flash': flash\\.v {re.escape(message)}$"):
        verilog_codes(flash, POSITIONS, None)


def test_icarus_must_be_installed(flash: CellUse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        ToolError, match=r"^iverilog must be installed to run Verilog views \(Debian package iverilog\)$"
    ):
        verilog_codes(flash, POSITIONS, None)
