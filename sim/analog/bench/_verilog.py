"""A converter's Verilog view in Icarus: the code of each value."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.arch import CellUse
from nngen.cellib import VERILOG_SUFFIX, read_verilog
from nngen.errors import CellError, ToolError
from nngen.sim.processes import run_watched
from nngen.templating import templates

from ._mismatch import Mismatch
from ._reads import IntArray

FloatArray = npt.NDArray[np.float64]

_SECONDS = 60.0
_BENCH = "_bench.v"  # no name of a cell begins so


def verilog_codes(adc: CellUse, positions: FloatArray, mismatch: Mismatch | None) -> IntArray:
    """Return the code that a converter's Verilog view gives for each value.

    Parameters
    ----------
    adc
        The converter.
    positions
        Values in LSB above ``reference_low``, one dimension.
    mismatch
        How far it strays; None: not.

    Raises
    ------
    CellError
        There is no Verilog view, or one that must not be run, or Icarus does not take it.
    ToolError
        Icarus is not installed.
    """
    view = read_verilog(adc.folder)
    name = adc.cell.name
    if shutil.which("iverilog") is None:
        raise ToolError("iverilog must be installed to run Verilog views (Debian package iverilog)")
    bits = int(adc.parameters["bits"])
    parameters = {"BITS": str(bits)}
    if adc.cell.controller == "flash":
        parameters["SAMPLED"] = str(int(adc.parameters.get("sample_cycles", 1) > 0))
    if mismatch is not None:
        key, value = mismatch.verilog_parameter
        parameters[key] = value
    bench = (
        templates("verilog", trim=True)
        .get_template("converter_bench.v.j2")
        .render(
            module=name,
            controller=adc.cell.controller,
            bits=bits,
            parameters=parameters,
            values=[int(value) for value in np.round(positions * 65536)],
        )
    )
    return _run(name, view, bench, len(positions))


def _run(name: str, view: str, bench: str, count: int) -> IntArray:
    where = f"cell '{name}': {name}{VERILOG_SUFFIX}"
    with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
        path = Path(folder)
        (path / _BENCH).write_text(bench, encoding="ascii")
        (path / f"{name}{VERILOG_SUFFIX}").write_text(view, encoding="utf-8")
        compile_ = ["iverilog", "-g2012", "-s", "converter_bench", "-o", "_bench", _BENCH, f"{name}{VERILOG_SUFFIX}"]
        for command in (compile_, ["vvp", "-n", "_bench"]):
            said = _said(command, path, where)
    codes = said.split()
    if len(codes) != count or not all(code.isdigit() for code in codes):
        raise CellError(f"{where} must give a code for every value, not '{' '.join(codes[:4])}'")
    return np.array([int(code) for code in codes])


def _said(command: list[str], folder: Path, where: str) -> str:
    """Return what a program of Icarus prints."""
    log = folder / "log"
    status = run_watched(command, folder=folder, output=log, limit_s=_SECONDS)
    said = log.read_text(encoding="utf-8", errors="replace")
    if status is None:
        raise CellError(f"{where} must be done with a bench in {_SECONDS:g} s")
    if status:
        first = next(iter(said.strip().splitlines()), "it says nothing")
        raise CellError(f"{where} must be Verilog that {command[0]} takes: {first}")
    return said
