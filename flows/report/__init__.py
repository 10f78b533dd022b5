"""``nngen report``: one page that shows a build: mapping, schedule, cycles against their bounds, what it takes."""

from __future__ import annotations

from pathlib import Path

from nngen.bundle import RTL_FOLDER
from nngen.flows.arrays import check_writable, write_file
from nngen.flows.machine import Machine
from nngen.flows.progress import Progress, quiet
from nngen.flows.synthesis import TIME_LIMIT, Synthesis, find_yosys, synthesize_ice40

from ._facts import REPORT_SCHEMA, Facts, describe, facts_of
from ._page import render

__all__ = ["PAGE", "REPORT_SCHEMA", "Facts", "describe", "facts_of", "render", "report"]

PAGE = "report.html"  # in the build, where no other file is named


def report(
    directory: Path,
    output: Path | None = None,
    *,
    synthesize: bool = False,
    time_limit: float = TIME_LIMIT,
    progress: Progress = quiet,
) -> Path:
    """Write the report of a build, and return its path.

    Parameters
    ----------
    directory
        The build.
    output
        The HTML file to write; ``report.html`` in the build where it is None.
    synthesize
        Add what yosys makes of the Verilog; takes minutes.
    time_limit
        Seconds that yosys may take.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Whatever the user can mend.
    """
    progress("reading the build")
    machine = Machine.open(directory)
    path = output or directory / PAGE
    check_writable(path)
    made = _synthesized(machine, time_limit, progress) if synthesize else None
    progress("timing the program")
    facts = facts_of(machine, synthesis=made)
    progress("writing the page")
    write_file(path, render(facts).encode())
    return path


def _synthesized(machine: Machine, time_limit: float, progress: Progress) -> Synthesis:
    find_yosys()
    files = {path.name: path.read_text(encoding="utf-8") for path in machine.build.verilog(RTL_FOLDER)}
    return synthesize_ice40(files, time_limit=time_limit, progress=progress)
