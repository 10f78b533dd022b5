"""The architecture of a build, resolved with the cells that the build holds and no others."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from nngen.arch import Architecture, ArchitectureFile
from nngen.arch._resolve import resolve_core
from nngen.cellib import CellLibrary
from nngen.errors import ArchitectureError
from nngen.validation import first_problem, read_toml

from ._layout import ARCHITECTURE_FILE, CELL_FOLDER

__all__ = ["read_stored_architecture"]


class _StoredCells(CellLibrary):
    """The cells of a build; a built-in cell may have changed since."""

    def __init__(self, folder: Path) -> None:
        self._folders = {path.parent.name: path.parent for path in sorted(folder.glob("*/cell.toml"))}


def read_stored_architecture(build: Path) -> Architecture:
    """Read the architecture of a build directory.

    Raises
    ------
    ArchitectureError, CellError
        Name the file and the field.
    """
    path = build / ARCHITECTURE_FILE
    raw = read_toml(path, error=ArchitectureError, what=f"architecture file '{path}'", name=path.name)
    try:
        file = ArchitectureFile.model_validate(raw)
    except ValidationError as error:
        raise ArchitectureError(f"{path.name}: {first_problem(error, ArchitectureFile)}") from error
    library = _StoredCells(build / CELL_FOLDER)
    core, cells = resolve_core(file.core[0], library, where="core[0]")
    return Architecture(file=file, core=core, cells=cells, cell_folders={name: library.folder(name) for name in cells})
