"""``nngen verify-isa``: every instruction of a chip under test."""

from __future__ import annotations

import json as json_format
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_errors import COMPARISON_FAILED
from .cli_options import Cells
from .later import later

if TYPE_CHECKING:
    from nngen.flows import arrays as files
    from nngen.flows import coverage_report, present, progress
    from nngen.flows import verify_isa as flow
    from nngen.flows import verify_isa_report as report
else:
    coverage_report = later("nngen.flows.coverage_report")
    files = later("nngen.flows.arrays")
    flow = later("nngen.flows.verify_isa")
    present = later("nngen.flows.present")
    progress = later("nngen.flows.progress")
    report = later("nngen.flows.verify_isa_report")

__all__ = ["SimulatorChoice", "verify_isa"]


class SimulatorChoice(StrEnum):
    """Where the hardware runs."""

    ICARUS = "icarus"
    VERILATOR = "verilator"
    AMARANTH = "amaranth"


def verify_isa(
    *,
    architecture: Annotated[
        Path, typer.Option("--arch", metavar="A.toml", help="Architecture file.", show_default=False)
    ],
    instructions: Annotated[
        int, typer.Option("--instructions", metavar="N", min=0, help="Random instructions to compare, at least.")
    ] = 100_000,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="Of the random programs.")] = 0,
    simulator: Annotated[
        SimulatorChoice, typer.Option("--simulator", help="Where the hardware runs.")
    ] = SimulatorChoice.ICARUS,
    runs: Annotated[
        int,
        typer.Option("--runs", metavar="R", min=1, help="Runs of each program, with other data, stalls and traffic."),
    ] = 24,
    jobs: Annotated[
        int | None, typer.Option("--jobs", metavar="J", min=1, help="Processes.", show_default="one a core")
    ] = None,
    directed: Annotated[bool, typer.Option("--directed/--no-directed", help="Run the directed programs first.")] = True,
    program: Annotated[
        int | None,
        typer.Option("--program", metavar="P", min=0, help="Run this random program again, and no other.",
                     show_default=False),
    ] = None,
    waves: Annotated[
        Path | None,
        typer.Option(
            "--waves",
            metavar="F",
            help="With --program: write the waveform of a run, or of the failure (.fst or .vcd).",
            show_default=False,
        ),
    ] = None,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete", help="Go on, up to 2 N, until the functional coverage is complete; fail where it is not."
        ),
    ] = False,
    resume: Annotated[
        Path | None,
        typer.Option("--resume", metavar="DIR", help="Keep finished batches there, and go on from them.",
                     show_default=False),
    ] = None,
    coverage: Annotated[
        Path | None,
        typer.Option("--coverage", metavar="F.md", help="Write the functional coverage.", show_default=False),
    ] = None,
    json: Annotated[
        Path | None, typer.Option("--json", metavar="F", help="Write the result as JSON.", show_default=False)
    ] = None,
    cells: Cells = None,
) -> None:  # fmt: skip
    """Test the instruction set of a chip: directed and random programs, in lock-step with the simulator.

    Compared at every retirement of every unit: cycle, instruction, address, and a digest of what it wrote. A difference
    is shown on the shortest program that has it. Exit status 1 if anything differs.
    """
    if waves is not None and program is None:
        raise typer.BadParameter("needs --program", param_hint="--waves")
    if resume is not None and program is not None:
        raise typer.BadParameter("goes with many programs, not with --program", param_hint="--resume")
    if program is None and not directed and not instructions:
        raise typer.BadParameter("must be more than 0 without the directed programs", param_hint="--instructions")
    for path in (coverage, json, waves):
        files.check_writable(path)
    with progress.shown() as step:
        if program is None:
            result = flow.verify_isa(
                architecture, instructions=instructions, seed=seed, simulator=simulator.value, runs=runs,
                workers=jobs or flow.default_workers(), directed=directed, complete=complete, cells=cells or (),
                kept=resume, progress=step,
            )  # fmt: skip
        else:
            result = flow.replay(
                architecture, number=program, seed=seed, simulator=simulator.value, runs=runs, cells=cells or (),
                waves=waves, progress=step,
            )  # fmt: skip
    if json is not None:
        files.write_file(json, (json_format.dumps(report.describe(result), indent=2) + "\n").encode())
    if coverage is not None:
        files.write_file(coverage, coverage_report.markdown(report.coverage_of(result)).encode())
    present.show(report.render(result, command=report.replay_command(architecture, result, cells=cells or ())))
    if not result.equal or (complete and not report.coverage_of(result).complete):
        raise typer.Exit(COMPARISON_FAILED)
