"""The architecture of a build, resolved with the cells that the build holds and no others."""

from __future__ import annotations

from pathlib import Path

from nngen.arch import Architecture, read_architecture
from nngen.cellib import CellLibrary

from ._layout import ARCHITECTURE_FILE, CELL_FOLDER

__all__ = ["read_stored_architecture"]


def read_stored_architecture(build: Path) -> Architecture:
    """Read the architecture of a build directory; a built-in cell may have changed since.

    Raises
    ------
    ArchitectureError, CellError
        Name the file and the field.
    """
    cells = build / CELL_FOLDER
    library = CellLibrary([cells] if cells.is_dir() else [], built_in=False)
    return read_architecture(build / ARCHITECTURE_FILE, library=library)
