"""``nngen cells``: circuit cells."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .cli_errors import COMPARISON_FAILED
from .cli_options import Cells, Json
from .later import later

if TYPE_CHECKING:
    from nngen.flows import present, progress
    from nngen.flows.cells import catalogue, curves
    from nngen.flows.cells import check as checking
else:
    catalogue = later("nngen.flows.cells.catalogue")
    checking = later("nngen.flows.cells.check")
    curves = later("nngen.flows.cells.curves")
    present = later("nngen.flows.present")
    progress = later("nngen.flows.progress")

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="Circuit cells: what macros are made of.")


class CellKind(StrEnum):
    """Kinds of cells."""

    BITCELL = "bitcell"
    ROW_DRIVER = "row_driver"
    COLUMN_READOUT = "column_readout"
    ADC = "adc"
    MEMORY = "memory"


@app.command("list", epilog="Example: nngen cells list --kind bitcell")
def list_(
    *,
    kind: Annotated[CellKind | None, typer.Option("--kind", help="Only this kind.", show_default="all")] = None,
    cells: Cells = None,
    json: Json = False,
) -> None:
    """List all cells with their parameters and figures, and where these come from."""
    entries = catalogue.list_cells(cells or (), kind=kind.value if kind else None)
    if json:
        present.show_json(catalogue.describe(entries))
    else:
        present.show(catalogue.render(entries))


@app.command(epilog="Example: nngen cells check my_cells/my_cell")
def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of a cell, or of cells.", show_default=False)],
    *,
    cells: Cells = None,
    time_limit: Annotated[
        int, typer.Option("--time-limit", metavar="S", min=1, help="Seconds that ngspice may take, each time.")
    ] = 300,
) -> None:
    """Check a cell: its pins in all views, its deck in ngspice, its codes against what it should do.

    Exit status 1 if a step fails.
    """
    with progress.shown() as step:
        results = checking.check_cells(folder, cells=cells or (), time_limit_s=time_limit, progress=step)
    present.show(checking.render(results))
    if any(result.passed is False for result in results):
        raise typer.Exit(COMPARISON_FAILED)


@app.command(epilog="Example: nngen cells curve --arch chip.toml -o curve.svg")
def curve(
    *,
    arch: Annotated[
        Path, typer.Option("--arch", metavar="A.toml", help="Architecture: which cells.", show_default=False)
    ],
    rows: Annotated[int, typer.Option("--rows", metavar="N", min=1, max=256, help="Cells of the column.")] = 16,
    adc_bits: Annotated[
        int | None,
        typer.Option("--adc-bits", metavar="B", help="Resolution.", show_default="that of the architecture"),
    ] = None,
    cells: Cells = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="F", help="A picture: .svg, .png, .pdf.", show_default=False),
    ] = None,
) -> None:
    """Sweep a column of an architecture's cells in ngspice, and show its codes beside those of the contract."""
    with progress.shown() as step:
        step("running a column in ngspice")
        swept = curves.curve_of(arch, rows=rows, adc_bits=adc_bits, cells=cells or ())
    present.show(curves.render(swept))
    if output is not None:
        curves.draw_curves({arch.stem: swept}, output)
        present.show(present.plain(f"wrote {output}"))
