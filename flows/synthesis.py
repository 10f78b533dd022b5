"""Synthesis of the generated Verilog with yosys, for figures of area: iCE40 cells, macros and memories left out."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nngen.errors import ToolError
from nngen.hardware import CHIP_MODULE, CROSSBAR_MODULE, MEMORY_MODULE, synthesis_files

from .progress import Progress, quiet

__all__ = ["TIME_LIMIT", "MemoryArray", "Synthesis", "find_yosys", "synthesize_ice40"]

TIME_LIMIT = 3600  # seconds

_STATISTIC = re.compile(r"^\s+(SB_\w+)\s+(\d+)$", re.MULTILINE)
_CELL = re.compile(r"^\s*cell (\S+) (\S+)$")
_PARAMETER = re.compile(r"^\s*parameter (?:signed )?\\(DEPTH|WIDTH) (?:\d+'([01]+)|(\d+))$")
_PASS = re.compile(r"^(?:\d+\.)+ Executing (\w+)", re.MULTILINE)
_REPORT, _BOXES, _LOG = "cells.txt", "boxes.txt", "yosys.log"
_LOOKS_EVERY = 0.2  # seconds
_TAIL = 4096  # bytes of the log in which the pass at work is looked for


@dataclass(frozen=True, kw_only=True)
class MemoryArray:
    """Memories of one name and size: ``count`` times ``words`` of ``bits``."""

    name: str
    words: int
    bits: int
    count: int

    @property
    def all_bits(self) -> int:
        """Bits of all of them."""
        return self.words * self.bits * self.count


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """What yosys makes of a chip.

    Parameters
    ----------
    tool
        yosys with its version.
    kinds
        Cells by kind: ``SB_LUT4``, flip-flops, carries; black boxes left out.
    memories
        Black boxes by name and size, the largest first.
    macros
        Black boxes that are crossbar macros.
    """

    tool: str
    kinds: Mapping[str, int]
    memories: tuple[MemoryArray, ...]
    macros: int

    @property
    def cells(self) -> int:
        """All cells of the iCE40."""
        return sum(self.kinds.values())

    @property
    def lut4(self) -> int:
        """Lookup tables."""
        return self.kinds.get("SB_LUT4", 0)

    @property
    def flip_flops(self) -> int:
        """Flip-flops of every kind."""
        return sum(count for kind, count in self.kinds.items() if kind.startswith("SB_DFF"))


def find_yosys() -> str:
    """Return the path of yosys.

    Raises
    ------
    ToolError
        It is not installed.
    """
    yosys = shutil.which("yosys")
    if yosys is None:
        raise ToolError("yosys is not installed: apt-get install yosys")
    return yosys


def synthesize_ice40(
    files: Mapping[str, str], *, time_limit: float = TIME_LIMIT, progress: Progress = quiet
) -> Synthesis:
    """Synthesize a chip for the iCE40, memories and macros as black boxes.

    Parameters
    ----------
    files
        Verilog text by file name, as :func:`nngen.hardware.emit_rtl` returns it.
    time_limit
        Seconds after which yosys is stopped.
    progress
        Told what yosys is at.

    Raises
    ------
    ToolError
        yosys is not installed, fails, or takes too long.
    """
    yosys = find_yosys()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = synthesis_files(dict(files))
        for file in names:
            (folder / file).write_text(files[file], encoding="utf-8")
        _run([yosys, "-l", _LOG, "-p", _script(names)], folder, time_limit, progress)
        report = (folder / _REPORT).read_text(encoding="utf-8")
        boxes = (folder / _BOXES).read_text(encoding="utf-8")
    memories, macros = _black_boxes(boxes)
    version = subprocess.run([yosys, "-V"], capture_output=True, text=True, check=True).stdout.split()
    return Synthesis(tool=" ".join(version[:2]), kinds=_kinds(report), memories=memories, macros=macros)


def _script(names: list[str]) -> str:
    designs = [name for name in names if name != f"{MEMORY_MODULE}.v"]
    boxes = f"t:*{MEMORY_MODULE}* t:*{CROSSBAR_MODULE}*"
    return (
        f"read_verilog -sv {' '.join(designs)}; read_verilog -lib {MEMORY_MODULE}.v; "
        f"hierarchy -check -top {CHIP_MODULE}; synth_ice40 -top {CHIP_MODULE}; tee -o {_REPORT} stat; "
        f"tee -o {_BOXES} dump {boxes}"
    )


def _run(command: list[str], folder: Path, time_limit: float, progress: Progress) -> None:
    """Run yosys in a session of its own, so that its helpers end with it."""
    begin = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:
        try:
            while process.poll() is None:
                seconds = time.monotonic() - begin
                if seconds > time_limit:
                    raise ToolError(f"yosys must be done in {time_limit:g} seconds, and is not; allow it more")
                progress(f"synthesizing with yosys: {_pass_at_work(folder / _LOG)}, {seconds:.0f} s")
                time.sleep(_LOOKS_EVERY)
        finally:
            _end(process)
    if process.returncode:
        raise ToolError(f"yosys failed: {_last_line(folder / _LOG)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _pass_at_work(log: Path) -> str:
    return next(reversed(_PASS.findall(_tail(log))), "reading")


def _last_line(log: Path) -> str:
    return next(reversed(_tail(log).strip().splitlines()), "it says nothing")


def _tail(log: Path) -> str:
    if not log.is_file():
        return ""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        return file.read().decode("utf-8", "replace")


def _kinds(report: str) -> dict[str, int]:
    return {kind: int(count) for kind, count in _STATISTIC.findall(report)}


def _black_boxes(dump: str) -> tuple[tuple[MemoryArray, ...], int]:
    """Return the memories by size, and how many macros there are, from the cells as yosys dumps them."""
    found: list[tuple[str, dict[str, int]]] = []
    current: dict[str, int] | None = None
    macros = 0
    for line in dump.splitlines():
        if cell := _CELL.match(line):
            is_memory = MEMORY_MODULE in cell[1]
            current = {} if is_memory else None
            macros += not is_memory
            if current is not None:
                found.append((_instance(cell[2]), current))
        elif current is not None and (parameter := _PARAMETER.match(line)):
            name, bits, number = parameter.groups()
            current[name] = int(bits, 2) if bits else int(number)
    counted = Counter((name, size["DEPTH"], size["WIDTH"]) for name, size in found)
    memories = [
        MemoryArray(name=name, words=words, bits=bits, count=count) for (name, words, bits), count in counted.items()
    ]
    return tuple(sorted(memories, key=lambda one: (-one.all_bits, one.name))), macros


def _instance(path: str) -> str:
    """Return what memories are called: ``accumulators`` for ``\\core.tile0.accumulators1``."""
    return path.rpartition(".")[2].lstrip("\\").rstrip("0123456789")
