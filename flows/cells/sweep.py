"""Transfer curves of every bitcell with every readout and converter that it allows: a table and pictures.

``python -m nngen.flows.cells.sweep --rows 64 -o docs`` writes ``transfer_curves.md`` and its pictures.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from nngen.cellib import CellLibrary
from nngen.markdown import table
from nngen.sim.analog.bench import Curve, column_curve

from .chips import ADC_BITS, Combination, combinations, macro_of
from .pictures import draw_curves

__all__ = ["Swept", "page", "sweep"]

PAGE = "transfer_curves.md"
PICTURES = "pictures"


@dataclass(frozen=True, kw_only=True)
class Swept:
    """A combination of cells and the curve of a column of it."""

    cells: Combination
    curve: Curve
    allowed: float

    @property
    def passed(self) -> bool:
        """Whether no code is off by more than the cells say."""
        return self.curve.largest_error <= self.allowed


def sweep(
    library: CellLibrary,
    *,
    rows: int,
    points: int | None = None,
    adc_bits: int = ADC_BITS,
    done: Callable[[Swept], None] | None = None,
) -> list[Swept]:
    """Return the curves of all combinations of a library's cells, in parallel, in the order of their names.

    Parameters
    ----------
    library
        The cells.
    rows
        Of a column.
    points
        Of a curve, of either sign; None: one a row.
    adc_bits
        Resolution of the converters.
    done
        Told of each.

    Raises
    ------
    NngenError
        A combination cannot be built, or ngspice is missing or failed.
    """

    def one(chosen: Combination) -> Swept:
        architecture = macro_of(chosen, library, adc_bits=adc_bits)
        with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
            curve = column_curve(architecture, Path(folder), rows=rows, points=points)
        found = Swept(cells=chosen, curve=curve, allowed=architecture.analog.code_error)
        if done is not None:
            done(found)
        return found

    with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(one, combinations(library)))


def page(results: Sequence[Swept], *, rows: int, adc_bits: int) -> Iterator[str]:
    """Yield the lines of the page: a table of all combinations, and a picture for each bitcell."""
    yield "# Transfer curves\n"
    yield (
        f"Written by `make curves` (`python -m nngen.flows.cells.sweep --rows {rows} …`): a column of "
        f"{rows} rows of every bitcell with every readout and converter for it, read in ngspice through the macro's "
        "pins, beside the codes of the numerics contract. *Allowed* is what the cells say of themselves, together.\n"
    )
    heads = ("bitcell", "row driver", "readout", "converter", "codes", "largest error, LSB", "allowed", "")
    yield table(
        heads,
        [
            (
                one.cells.bitcell,
                one.cells.row_driver,
                one.cells.readout,
                one.cells.adc,
                str(len(one.curve.codes)),
                f"{one.curve.largest_error:.2g}",
                f"{one.allowed:.2g}",
                "within" if one.passed else "**beyond**",
            )
            for one in results
        ],
    )
    for bitcell in dict.fromkeys(one.cells.bitcell for one in results):
        yield f"\n## {bitcell}\n"
        yield f"![transfer curves of {bitcell}]({PICTURES}/curve_{bitcell}.png)"


def write(results: Sequence[Swept], folder: Path, *, rows: int, adc_bits: int) -> None:
    """Write page and pictures below a folder."""
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    (folder / PAGE).write_text("\n".join(page(results, rows=rows, adc_bits=adc_bits)) + "\n", encoding="utf-8")
    for bitcell in dict.fromkeys(one.cells.bitcell for one in results):
        curves = {
            f"{one.cells.readout} + {one.cells.adc}": one.curve for one in results if one.cells.bitcell == bitcell
        }
        draw_curves(curves, folder / PICTURES / f"curve_{bitcell}.png")


app = typer.Typer(add_completion=False)


@app.command()
def main(
    rows: Annotated[int, typer.Option("--rows", min=1, max=256, help="Cells of a column.")] = 16,
    adc_bits: Annotated[int, typer.Option("--adc-bits", min=2, max=8, help="Resolution.")] = ADC_BITS,
    points: Annotated[
        int | None, typer.Option("--points", min=1, help="Of a curve, of either sign.", show_default="one a row")
    ] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder for page and pictures.")] = None,
) -> None:
    """Run the curves of all combinations; exit status 1 if one is further off than its cells say."""
    library = CellLibrary()
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("columns in ngspice", total=len(list(combinations(library))))
        results = sweep(library, rows=rows, points=points, adc_bits=adc_bits, done=lambda _: progress.advance(task))
    for one in results:
        verdict = "within" if one.passed else "BEYOND"
        typer.echo(f"{one.cells}: {one.curve.largest_error:.2g} of {one.allowed:.2g} LSB, {verdict}")
    if output is not None:
        write(results, output, rows=rows, adc_bits=adc_bits)
    if not all(one.passed for one in results):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
