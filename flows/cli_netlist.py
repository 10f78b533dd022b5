"""``nngen netlist``: the SPICE of a build."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_errors import COMPARISON_FAILED
from .cli_options import BuildFolder, Json, OptionalInputFile
from .later import later

if TYPE_CHECKING:
    from nngen.flows import netlist as flow
    from nngen.flows import present, progress
    from nngen.flows.netlist import check as checking
else:
    checking = later("nngen.flows.netlist.check")
    flow = later("nngen.flows.netlist")
    present = later("nngen.flows.present")
    progress = later("nngen.flows.progress")

__all__ = ["app"]


class SpiceEngine(StrEnum):
    """What runs a deck."""

    BINARY = "binary"
    LIBRARY = "library"


app = typer.Typer(no_args_is_help=True, help="SPICE netlists of a build: trim and run them, check them.")


@app.command(epilog="Example: nngen netlist check out")
def check(directory: BuildFolder) -> None:
    """Compare netlists with Verilog, mapping and weights: ports, and every conductance by name.

    Exit status 1 if anything differs.
    """
    with progress.shown() as step:
        checks = checking.check_netlists(directory, progress=step)
    present.show(checking.render(checks))
    if any(one.differences for one in checks):
        raise typer.Exit(COMPARISON_FAILED)


@app.command(epilog="Example: nngen netlist trim out -o column --column 0 --run")
def trim(
    directory: BuildFolder,
    *,
    output: Annotated[Path, typer.Option("-o", "--output", metavar="OUT", help="Folder to make.", show_default=False)],
    macro: Annotated[
        int | None, typer.Option("--macro", metavar="N", min=0, help="Macro.", show_default="the first in use")
    ] = None,
    column: Annotated[
        list[int] | None,
        typer.Option(
            "--column", metavar="N", min=0, help="Column (or pair) that stays; several times.", show_default="all"
        ),
    ] = None,
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="NAME", help="Keep the columns of this layer.", show_default=False),
    ] = None,
    inputs: OptionalInputFile = None,
    sample: Annotated[int, typer.Option("--sample", metavar="N", min=0, help="Which of the samples.")] = 0,
    reads: Annotated[
        int, typer.Option("--reads", metavar="N", min=1, max=1024, help="Reads of each place of a multiplexer.")
    ] = 4,
    variation: Annotated[
        float,
        typer.Option("--variation", metavar="S", min=0, max=1, help="Deviation of every conductance, of its own."),
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Of the deviations.")] = 0,
    run: Annotated[bool, typer.Option("--run", help="Run the deck in ngspice and compare the codes.")] = False,
    engine: Annotated[SpiceEngine, typer.Option("--engine", help="With --run: ngspice as a program or a library.")] = (
        SpiceEngine.BINARY
    ),
    time_limit: Annotated[
        int, typer.Option("--time-limit", metavar="S", min=1, help="Seconds that ngspice may take.")
    ] = 600,
    json: Json = False,
) -> None:
    """Write a macro as SPICE, trimmed to some columns, with a deck that reads it as the network does.

    With --run exit status 1 if a code is further off than the cells say.
    """
    with progress.shown() as step:
        trimmed = flow.trim(
            directory,
            output,
            macro=macro,
            columns=column or (),
            layer=layer,
            inputs=inputs,
            sample=sample,
            reads=reads,
            variation=variation,
            seed=seed,
            simulate=run,
            engine=engine.value,
            time_limit_s=time_limit,
            progress=step,
        )
    if json:
        present.show_json(flow.describe(trimmed))
    else:
        present.show(flow.render(trimmed))
    if not trimmed.passed:
        raise typer.Exit(COMPARISON_FAILED)
