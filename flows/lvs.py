"""Layout versus schematic with netgen: whether two netlists in files are the same circuit.

netgen 1.5 ends with status 0 whatever it finds, and says that "circuits match uniquely" where values differ, where
ports of the top are swapped, and where a port connects to another net inside a cell. A match is accepted by four rules:

1. the last result is a match,
2. no cell has property errors, at a tolerance of 1e-6 instead of netgen's 1 %, or the 6 digits in which it compares the
   parameters of subcircuits, which it takes for text,
3. no name is marked as a mismatch: ports of all cells are the same by name,
4. every pin, net and instance has a partner.

Devices in parallel or in series are not merged: two netlists have the same devices, and netgen 1.5.133 crashes when it
merges instances with parameters.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from nngen.errors import InputError, ToolError
from nngen.sim.processes import run_watched

__all__ = ["TIME_LIMIT", "LvsResult", "compare_netlists"]

TIME_LIMIT = 300.0
"""Seconds; hierarchical netlists take a few, flat ones of thousands of devices minutes."""

_FIRST, _SECOND, _SETUP, _REPORT, _LOG = "first.spice", "second.spice", "setup.tcl", "report.txt", "log"
_TOLERANCE = "1e-6"  # of every property that is no count, relative
_SETUP_TEXT = f"""\
permute default
property parallel none
property series none
foreach circuit {{-circuit1 -circuit2}} {{
    foreach cell [cells list -all $circuit] {{
        foreach entry [property "$circuit $cell"] {{
            lassign $entry key type
            if {{$type eq "string"}} {{
                property "$circuit $cell" remove $key
                property "$circuit $cell" add $key double {_TOLERANCE}
            }}
            if {{$type ne "integer"}} {{ property "$circuit $cell" tolerance [list $key {_TOLERANCE}] }}
        }}
    }}
}}
"""
_CELL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESULT = re.compile(r"^Result: (.*)$", re.MULTILINE)
_MATCH = re.compile(r"Circuits match (?:uniquely|with [0-9]+ symmetr(?:y|ies))\.")
_ABSENT = re.compile(r"^Cannot find cell (\S+) in file (\S+)$", re.MULTILINE)
_PROPERTY_ERRORS = "property errors"
_MARKS = ("**Mismatch**", "(no matching ")
_MOST_PROBLEMS = 20
_LAST = 200  # characters of netgen's words that an error repeats


@dataclass(frozen=True, kw_only=True)
class LvsResult:
    """What a comparison found.

    Parameters
    ----------
    problems
        One line each, as netgen words them, at most 20; empty where the circuits are the same.
    report
        All that netgen wrote.
    """

    problems: tuple[str, ...]
    report: str

    @property
    def matches(self) -> bool:
        """Whether the circuits are the same: connections, devices, values, names of ports."""
        return not self.problems


def compare_netlists(first: Path, second: Path, *, top: tuple[str, str], time_limit_s: float = TIME_LIMIT) -> LvsResult:
    """Compare two netlists, SPICE or CDL, with netgen.

    Names of instances and inner nets, order, and which end of a resistor or a channel is which are free. Names of ports
    are not, in any cell. An expression must be the same text in both, quotes included.

    Parameters
    ----------
    first, second
        Files of trusted netlists: netgen opens what they include.
    top
        Names of the subcircuits to compare, of the first and the second file.
    time_limit_s
        Seconds after which netgen is stopped.

    Raises
    ------
    InputError
        A file or its subcircuit is not there.
    ToolError
        netgen is not installed, fails, or takes too long.
    """
    program = shutil.which("netgen-lvs")
    if program is None:
        raise ToolError("netgen is not installed: apt-get install netgen-lvs")
    for cell in top:
        if not _CELL.fullmatch(cell):
            raise InputError(f"a subcircuit to compare must be letters, digits and _, not {cell[:100]!a}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source, copy in ((first, _FIRST), (second, _SECOND)):
            _copy(source, folder / copy)
        (folder / _SETUP).write_text(_SETUP_TEXT, encoding="ascii")
        sides = [f"{copy} {cell}" for copy, cell in zip((_FIRST, _SECOND), top, strict=True)]
        said = _run([program, "-batch", "lvs", *sides, _SETUP, _REPORT], folder, time_limit_s)
        for cell, copy in _ABSENT.findall(said):
            file = first if copy == _FIRST else second
            raise InputError(f"{file.name} must have a subcircuit '{cell}' to compare, and has not")
        report = folder / _REPORT
        text = report.read_text(encoding="utf-8", errors="replace") if report.exists() else ""
    return LvsResult(problems=tuple(_problems(said, text)), report=f"{said}\n{text}")


def _copy(source: Path, target: Path) -> None:
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise InputError(f"{source.name} must be a file that can be read: {error.strerror}") from error


def _run(command: list[str], folder: Path, time_limit_s: float) -> str:
    """Return what netgen says."""
    log = folder / _LOG
    home = {**os.environ, "HOME": str(folder)}  # no start-up file of the user
    status = run_watched(command, folder=folder, output=log, limit_s=time_limit_s, environment=home)
    if status is None:
        raise ToolError(f"netgen must be done in {time_limit_s:g} seconds, and is not; allow it more")
    said = log.read_text(encoding="utf-8", errors="replace")
    if status:
        raise ToolError(f"netgen must end with status 0, not {status}: {said.strip()[-_LAST:]}")
    return said


def _problems(said: str, report: str) -> list[str]:
    """Return every reason not to accept a match."""
    results = _RESULT.findall(said)
    problems = (
        [] if results and _MATCH.fullmatch(results[-1]) else [results[-1] if results else "netgen compared nothing"]
    )
    lines = report.splitlines()
    for place, line in enumerate(lines):
        if any(mark in line for mark in _MARKS):
            problems.append(_words(line))
        elif " vs. " in line:
            differing = [_words(entry) for entry in lines[place + 1 : place + 8] if " circuit1: " in entry]
            problems.append(f"{_words(line)} {'; '.join(differing)}".strip())
    if not problems and _PROPERTY_ERRORS in f"{said}{report}".lower():
        problems.append("there were property errors")
    return list(dict.fromkeys(problems))[:_MOST_PROBLEMS]


def _words(line: str) -> str:
    return " ".join(line.split())
