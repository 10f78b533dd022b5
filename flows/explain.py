"""``--explain``: every node of a file that is not supported, in a table, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.compiler.frontend import Unsupported, explain_network

from .present import printable

__all__ = ["describe", "explain", "render"]


def explain(path: Path) -> list[Unsupported]:
    """Return every node of a file that is not supported."""
    return explain_network(path)


def describe(found: Sequence[Unsupported]) -> dict[str, object]:
    """Return what ``nngen inspect --explain --json`` prints."""
    return {"unsupported": [asdict(one) for one in found]}


def render(path: Path, found: Sequence[Unsupported]) -> RenderableType:
    """Return the table."""
    if not found:
        return Text(f"{path}: every node is supported")
    table = Table("operator", "node", "reason", "nearest supported form", box=None, pad_edge=False)
    for one in found:
        table.add_row(*(Text(printable(cell)) for cell in (one.operator, one.node, one.reason, one.nearest)))
    nodes = sum(bool(one.operator) for one in found)
    count = "1 node is not" if nodes == 1 else f"{nodes} nodes are not" if nodes else "the file as a whole is not"
    return Group(Text(f"{path}: {count} supported", style="bold"), table)
