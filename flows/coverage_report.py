"""Functional coverage for people: tables on a terminal, or a page in Markdown. What it says is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.markdown import table
from nngen.sim.verification.coverage import CoverageReport, Tally

from .present import percent

__all__ = ["coverage_table", "markdown", "problems", "render", "verdict"]

HEADINGS = ("", "bins", "hit", "waived", "missing", "covered")
SHOWN = 40  # missing bins that are listed


def render(report: CoverageReport, *, shown: int = SHOWN) -> RenderableType:
    """Return the tables, what is missing or wrong, and the verdict last."""
    parts: list[RenderableType] = [
        Text(f"functional coverage of {report.retirements:,} instructions", style="bold"),
        Text(),
        coverage_table(report),
        Text(),
        *(Text(f"  {line}", style="red") for line in problems(report, shown=shown)),
        Text(verdict(report), style="bold green" if report.complete else "bold red"),
    ]
    return Group(*parts)


def coverage_table(report: CoverageReport) -> Table:
    """Return a row a group, a row an instruction, and all."""
    found = Table(box=None, pad_edge=False)
    for number, heading in enumerate(HEADINGS):
        found.add_column(heading, justify="right" if number else "left")
    for tallies in _sections(report):
        for tally in tallies:
            found.add_row(*_cells(tally))
        found.add_section()
    return found


def markdown(report: CoverageReport, *, shown: int = SHOWN) -> str:
    """Return the report as a page."""
    parts = ["# Functional coverage\n", f"{report.retirements:,} instructions. {verdict(report)}\n"]
    for title, tallies in zip(("group", "instruction", ""), _sections(report), strict=True):
        parts.append(table((title, *HEADINGS[1:]), map(_cells, tallies)))
    lines = list(problems(report, shown=shown))
    if lines:
        parts += ["## Missing or wrong\n", "".join(f"- {line}\n" for line in lines)]
    if report.waived:
        parts += ["## Waived\n", table(("bin", "reason"), report.waived)]
    return "\n".join(parts)


def problems(report: CoverageReport, *, shown: int = SHOWN) -> Iterator[str]:
    """Return a line for all that must not be, and for the first bins that are missing."""
    yield from (f"impossible, but seen {count:,} times: {name}" for name, count in report.unexpected)
    yield from report.stale
    missing = [f"missing: {name}" for names in report.missing.values() for name in names]
    yield from missing[:shown]
    if len(missing) > shown:
        yield f"missing: {len(missing) - shown:,} more"


def verdict(report: CoverageReport) -> str:
    """Return the one line that counts."""
    if report.complete:
        return "every bin was met that must be"
    counts = (
        (report.total.missing, "missing"),
        (len(report.unexpected), "impossible but seen"),
        (len(report.stale), "waivers without use"),
    )
    return "NOT complete: " + ", ".join(f"{count:,} {what}" for count, what in counts if count)


def _sections(report: CoverageReport) -> tuple[Iterable[Tally], ...]:
    return report.groups, report.instructions, (report.total,)


def _cells(tally: Tally) -> tuple[str, ...]:
    numbers = (tally.bins, tally.hit, tally.waived, tally.missing)
    return (tally.name, *(f"{number:,}" for number in numbers), percent(tally.hit, tally.needed))
