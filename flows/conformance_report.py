"""What conformance found, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from .conformance import Checked

__all__ = ["describe", "render", "write_json"]

NUMBERS = ("samples", "codes", "differing", "tied means", "largest", "class changes")
LISTED = 20


def render(results: Sequence[Checked]) -> RenderableType:
    """Return the table, the differences that were found, and the count."""
    table = Table("network", "dialect", box=None, pad_edge=False)
    for name in NUMBERS:
        table.add_column(name, justify="right")
    table.add_column("outcome")
    for one in results:
        numbers = (one.samples, one.codes, one.differing, one.tied_means, one.largest, one.class_changes)
        cells = (f"{number:,}" if one.codes else "" for number in numbers)
        table.add_row(Text(one.name), one.dialect, *cells, _outcome(one))
    lines: list[RenderableType] = [table]
    for one in results:
        lines += [Text(_line(one.name, layer, difference)) for layer, difference in one.listed[:LISTED]]
    missed = sum(one.outcome == "MISS" for one in results)
    lines.append(Text(f"{len(results)} checks, {missed} missed", style="bold red" if missed else "bold"))
    return Group(*lines)


def _outcome(one: Checked) -> Text:
    verdict = Text("" if one.outcome == "refused" else one.outcome, style="bold red" if one.outcome == "MISS" else "")
    parts = [f"({one.reference})" if one.reference and one.outcome != "MISS" else "", _escaped(one.reason)]
    return verdict.append("".join(f" {part}" for part in parts if part)) if verdict else Text(_escaped(one.reason))


def _escaped(text: str) -> str:
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def _line(network: str, layer: str, difference: Any) -> str:
    where = ", ".join(map(str, difference.index))
    kind = "near-tie" if difference.near_tie else "DIFFERENCE"
    apart = f"{difference.distance:.2g} from the tie, float32 may move {difference.tolerance:.2g}"
    return f"{kind}: {network}, {layer} [{where}]: {difference.golden}, not {difference.reference}; {apart}"


def describe(results: Sequence[Checked]) -> list[dict[str, Any]]:
    """Return the results as JSON takes them."""
    return [_described(one) for one in results]


def _described(one: Checked) -> dict[str, Any]:
    facts = asdict(one)
    listed = [{"layer": layer, **difference} for layer, difference in facts["listed"]]
    return {**facts, "listed": listed}


def write_json(results: Sequence[Checked], path: Path) -> None:
    """Write the results as JSON."""
    path.write_text(json.dumps(describe(results), indent=2) + "\n", encoding="utf-8")
