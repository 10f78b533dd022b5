"""Runs benchmarks and prints their figures; exit status 1 where one that is no time misses its aim."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from nngen.errors import suggestion

from . import BENCHMARKS, Benchmark, Row

NAMES = "\n\n".join(f"{benchmark.name}: {benchmark.description}." for benchmark in BENCHMARKS)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(help=f"Measure the figures of the design; without names, all that are not long.\n\n{NAMES}")
def main(names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", show_default=False)] = None) -> None:
    """Measure the named benchmarks, or all that are not long."""
    chosen = [_find(name) for name in names] if names else [one for one in BENCHMARKS if not one.long]
    console = Console()
    missed = 0
    for benchmark in chosen:
        rows = []
        for row in benchmark.measure():
            rows.append(row)
            if benchmark.long:  # the table comes an hour later
                typer.echo(f"{row.figure}: {_figure(row.measured)} {row.unit}", err=True)
        console.print(table(benchmark, rows))
        missed += sum(not (row.met or row.timing) for row in rows)
    if missed:
        raise typer.Exit(1)


def _find(name: str) -> Benchmark:
    by_name = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    if name not in by_name:
        known = ", ".join(by_name)
        typer.echo(f"benchmark must be one of {known}, not '{name}'{suggestion(name, by_name)}", err=True)
        raise typer.Exit(2)
    return by_name[name]


def table(benchmark: Benchmark, rows: list[Row]) -> Table:
    """Return the figures of a benchmark as a table."""
    result = Table("figure", title=f"{benchmark.name}: {benchmark.description}", title_justify="left")
    result.add_column("measured", justify="right")
    result.add_column("at most", justify="right")
    result.add_column("")
    for row in rows:
        limit = "" if row.limit is None else f"{row.limit:g}"
        verdict = Text("") if row.limit is None else Text("met") if row.met else Text("missed", style="bold red")
        result.add_row(Text(row.figure), Text(f"{_figure(row.measured)} {row.unit}"), limit, verdict)
    return result


def _figure(value: float) -> str:
    """Return a count in full, anything else with three digits."""
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


if __name__ == "__main__":
    app()
