"""Synthesis of the generated Verilog with yosys, for figures of area: iCE40 cells, macros and memories left out."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nngen.errors import ToolError
from nngen.hardware import CHIP_MODULE, MEMORY_MODULE, synthesis_files

_STATISTIC = re.compile(r"^\s+(SB_\w+|\w+)\s+(\d+)$", re.MULTILINE)


def synthesize_ice40(files: Mapping[str, str]) -> dict[str, int]:
    """Return the cells of the chip by kind: ``SB_LUT4``, flip-flops, carries, and the black boxes.

    Parameters
    ----------
    files
        Verilog text by file name, as :func:`nngen.hardware.emit_rtl` returns it.

    Raises
    ------
    ToolError
        yosys is not installed, or fails.
    """
    yosys = shutil.which("yosys")
    if yosys is None:
        raise ToolError("yosys is not installed: apt-get install yosys")
    with tempfile.TemporaryDirectory() as folder:
        names = synthesis_files(dict(files))
        for name in names:
            (Path(folder) / name).write_text(files[name], encoding="utf-8")
        designs = [name for name in names if name != f"{MEMORY_MODULE}.v"]
        script = (
            f"read_verilog -sv {' '.join(designs)}; read_verilog -lib {MEMORY_MODULE}.v; "
            f"hierarchy -check -top {CHIP_MODULE}; synth_ice40 -top {CHIP_MODULE}; tee -o cells.txt stat"
        )
        done = subprocess.run([yosys, "-q", "-p", script], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise ToolError(f"yosys failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        report = (Path(folder) / "cells.txt").read_text(encoding="utf-8")
    return {kind: int(count) for kind, count in _STATISTIC.findall(report)}
