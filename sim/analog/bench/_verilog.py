"""A converter's Verilog view in Icarus: the code of each value."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.arch import CellUse
from nngen.cellib import VERILOG_SUFFIX, read_verilog
from nngen.errors import CellError, ToolError
from nngen.templating import templates

from ._mismatch import Mismatch
from ._reads import IntArray

FloatArray = npt.NDArray[np.float64]

_SECONDS = 60


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
    with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
        path = Path(folder)
        (path / "bench.v").write_text(bench, encoding="ascii")
        (path / "view.v").write_text(view, encoding="utf-8")
        commands = (
            ["iverilog", "-g2012", "-s", "converter_bench", "-o", "bench", "bench.v", "view.v"],
            ["vvp", "-n", "bench"],
        )
        output = ""
        for command in commands:
            try:
                done = subprocess.run(
                    command, cwd=path, capture_output=True, text=True, timeout=_SECONDS, check=False, errors="replace"
                )
            except subprocess.TimeoutExpired as error:
                raise CellError(
                    f"cell '{name}': {name}{VERILOG_SUFFIX} must be done with a bench in {_SECONDS} s"
                ) from error
            if done.returncode:
                lines = (done.stderr or done.stdout).strip().splitlines()
                raise CellError(
                    f"cell '{name}': {name}{VERILOG_SUFFIX} must be Verilog that {command[0]} takes: {lines[-1:]}"
                )
            output = done.stdout
    codes = output.split()
    if len(codes) != count or not all(code.isdigit() for code in codes):
        raise CellError(f"cell '{name}': {name}{VERILOG_SUFFIX} must give a code for every value, not {codes[:4]}")
    return np.array([int(code) for code in codes])
