"""The two ways to ngspice: its program, and its library in a process of its own."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Literal

from nngen.errors import InputError, ToolError, suggestion

from ._library_job import MISSING

Engine = Literal["binary", "library"]
ENGINES: tuple[Engine, ...] = ("binary", "library")
_LIBRARY_JOB = Path(__file__).with_name("_library_job.py")


def check_engine(engine: str) -> None:
    """Refuse what is no engine."""
    if engine not in ENGINES:
        raise InputError(f"engine must be one of {', '.join(ENGINES)}, not '{engine}'{suggestion(engine, ENGINES)}")


def command(engine: Engine, job: str) -> list[str]:
    """Return what runs a file of ngspice commands.

    Raises
    ------
    ToolError
        There is no ngspice.
    """
    if engine == "library":
        # A script by its path and -I: it needs nothing of nngen, and no variable or folder of a user's gets into it.
        return [sys.executable, "-I", str(_LIBRARY_JOB), job]
    program = shutil.which("ngspice")
    if program is None:
        raise ToolError("ngspice must be installed to simulate decks; Debian's package is ngspice")
    buffered_by_line = shutil.which(
        "stdbuf"
    )  # else what was printed before a kill, and the order of both streams, is lost
    prefix = [buffered_by_line, "-oL"] if buffered_by_line else []
    return [*prefix, program, "-b", "-n", job]


def check_status(engine: Engine, status: int) -> None:
    """Raise what an exit status says about the installation."""
    if engine == "library" and status == MISSING:
        raise ToolError("libngspice must be installed to simulate decks in a library; Debian's package is libngspice0")
