"""What a trimmed macro is, and what ngspice made of it."""

from __future__ import annotations

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.sim.analog.bench import DECK_FILE

from .trim import Trimmed

__all__ = ["describe", "render"]


def render(trimmed: Trimmed) -> RenderableType:
    """Return reads and codes as a table."""
    made = trimmed.bench.made
    noun = made.core.macro.conversion_noun
    parts: list[RenderableType] = [
        Text(f"wrote {trimmed.folder}", style="bold"),
        Text(f"macro {trimmed.macro}: {len(made.conversions)} {noun}s, {len(trimmed.bench.reads)} reads"),
    ]
    if trimmed.codes is None:
        return Group(*parts, Text(f"next: cd {trimmed.folder} && ngspice -b {DECK_FILE}", style="dim"))
    table = Table(box=None, pad_edge=False)
    for heading in (
        "read",
        noun,
        "gain",
        "rows driven",
        "code of the network",
        "exact",
        "code in ngspice",
        "off by, LSB",
    ):
        table.add_column(heading, justify="right")
    share = made.core.macro.columns_per_adc
    for number, read in enumerate(trimmed.bench.reads):
        for place, adc in enumerate(made.adcs):
            if not trimmed.bench.connected[number, place]:
                continue
            error = trimmed.errors[number, place]
            table.add_row(
                *(str(cell) for cell in (number, adc * share + read.column, read.gain, sum(map(bool, read.planes)))),
                str(trimmed.expected[number, place]),
                f"{trimmed.exact[number, place]:.2f}",
                str(trimmed.codes[number, place]),
                f"{error:+.2f}" if error else "",
                style="bold red" if abs(error) > trimmed.allowed else "",
            )
    worst = abs(trimmed.errors).max()
    verdict = "as they must be" if trimmed.passed else "NOT as they must be"
    summary = f"codes are {verdict}: at most {worst:.2g} LSB off, {trimmed.allowed:.2g} allowed by the cells"
    return Group(*parts, table, Text(summary, style="green" if trimmed.passed else "bold red"))


def describe(trimmed: Trimmed) -> dict[str, Any]:
    """Return the same for JSON."""
    return {
        "folder": str(trimmed.folder),
        "macro": trimmed.macro,
        "conversions": list(trimmed.bench.made.conversions),
        "reads": [{"column": read.column, "gain": read.gain} for read in trimmed.bench.reads],
        "expected": trimmed.expected.tolist(),
        "codes": None if trimmed.codes is None else trimmed.codes.tolist(),
        "allowed": trimmed.allowed,
        "passed": trimmed.passed,
    }
