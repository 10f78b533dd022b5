"""``nngen cells list``: every cell of the search path, with its figures and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.cellib import Cell, CellLibrary, deck_view, read_cell, spice_view, verilog_view

__all__ = ["describe", "list_cells", "render"]

Entry = tuple[Cell, Path]


def list_cells(folders: Sequence[Path] = (), *, kind: str | None = None) -> list[Entry]:
    """Return the cells of the search path with their folders, by kind and name.

    Parameters
    ----------
    folders
        Further folders of cells.
    kind
        Only those of this kind.

    Raises
    ------
    CellError
        A cell is malformed, or stands twice on the path.
    """
    library = CellLibrary(folders)
    entries = [(read_cell(library.folder(name)), library.folder(name)) for name in library.names]
    found = [entry for entry in entries if kind is None or entry[0].kind == kind]
    return sorted(found, key=lambda entry: (entry[0].kind, entry[0].name))


def render(entries: Sequence[Entry]) -> RenderableType:
    """Return cells and figures as two tables."""
    cells = Table("cell", "kind", "views", "parameters", "what it is", box=None, pad_edge=False)
    figures = Table("cell", "figure", "value", "conditions", "status", "source", box=None, pad_edge=False)
    for cell, folder in entries:
        parameters = ", ".join(f"{name}={one.default:g}" for name, one in cell.parameters.items())
        cells.add_row(
            Text(cell.name, style="bold"), cell.kind, _views(folder), Text(parameters), Text(cell.description)
        )
        for figure in cell.figures:
            value = f"{figure.value:g} {figure.unit}"
            figures.add_row(
                *(Text(text) for text in (cell.name, figure.name, value, figure.conditions)),
                figure.status,
                Text(figure.source),
            )
    return Group(cells, Text(), figures)


def _views(folder: Path) -> str:
    views = {"SPICE": spice_view, "deck": deck_view, "Verilog": verilog_view}
    return ", ".join(name for name, view in views.items() if view(folder) is not None) or "none"


def describe(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return what the tables show, for JSON."""
    return [cell.model_dump(exclude_none=True) | {"views": _views(folder)} for cell, folder in entries]
