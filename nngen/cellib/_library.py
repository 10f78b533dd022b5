"""Where cells are found: built-in ones, those of an architecture's ``cell_path``, and those of ``--cells``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from nngen.errors import CellError, quoted, suggestion

from ._cell import Cell, Kind, read_cell

# The folder cells/ is installed as the package nngen.cells; in a checkout it stands beside nngen/.
_INSTALLED = Path(__file__).resolve().parents[1] / "cells"
BUILT_IN = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[2] / "cells"


class CellLibrary:
    """All cells of a search path; the same name twice is an error.

    Parameters
    ----------
    folders
        Directories whose subfolders hold a ``cell.toml``.
    built_in
        Whether the cells that come with nngen are among them.
    """

    def __init__(self, folders: Sequence[Path] = (), *, built_in: bool = True) -> None:
        self._folders: dict[str, Path] = {}
        for root in (*([BUILT_IN] if built_in else []), *folders):
            if not root.is_dir():
                raise CellError(f"cell path '{root}' must be a directory")
            for path in sorted(root.glob("*/cell.toml")):
                name = path.parent.name
                if name in self._folders:
                    raise CellError(
                        f"cell '{name}' must be defined once on the cell path, not in '{self._folders[name].parent}' "
                        f"and in '{root}'"
                    )
                self._folders[name] = path.parent

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all cells, sorted."""
        return tuple(sorted(self._folders))

    def folder(self, name: str) -> Path:
        """Return the folder of a cell."""
        return self._folders[name]

    def kind(self, name: str) -> Kind:
        """Return the kind of a cell."""
        return read_cell(self._folders[name]).kind

    def find(self, name: str, *, kind: Kind, where: str) -> Cell:
        """Return the cell that the architecture's field ``where`` names.

        Raises
        ------
        CellError
            There is no such cell, or it is of another kind.
        """
        if name not in self._folders:
            known = ", ".join(self.names)
            raise CellError(
                f"{where}.cell must be a cell of the search path ({known}), not {quoted(name)}"
                + suggestion(name, self.names)
            )
        cell = read_cell(self._folders[name])
        if cell.kind != kind:
            raise CellError(f"{where}.cell must be of the kind {kind}, not '{name}', a {cell.kind}")
        return cell
