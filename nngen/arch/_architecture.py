"""Reads an architecture file, resolves its cells and refuses combinations that cannot work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import ValidationError

from nngen.cellib import Cell, CellLibrary
from nngen.errors import ArchitectureError, NngenError, quoted
from nngen.validation import first_problem, read_toml

from ._analog import AnalogMacro, resolve_analog
from ._model import ArchitectureFile
from ._resolve import resolve_cores
from ._resolved import Core

# Bumped whenever instruction encodings, constant records or the macro image change their meaning.
INSTRUCTION_SET_VERSION = 4


@dataclass(frozen=True, kw_only=True)
class Architecture:
    """A validated chip.

    Parameters
    ----------
    file
        What the file says.
    cores
        Every core in numbers, in the order of the file; those of one kind are equal.
    cells
        Cells in use, by name.
    cell_folders
        Where they were read from.
    analog
        The circuits of its macro.
    """

    file: ArchitectureFile
    cores: tuple[Core, ...]
    cells: dict[str, Cell]
    cell_folders: dict[str, Path]
    analog: AnalogMacro

    @property
    def name(self) -> str:
        """Name of the chip."""
        return self.file.name

    @property
    def clock_hz(self) -> float:
        """Clock frequency."""
        return self.file.clock_hz

    @property
    def core(self) -> Core:
        """The first core. All have its macro and the width of its memory's words, whatever else differs."""
        return self.cores[0]

    @property
    def kinds(self) -> tuple[Core, ...]:
        """The different cores, in the order of their first one."""
        return tuple(dict.fromkeys(self.cores))

    @property
    def sha256(self) -> str:
        """Hash of all that shapes programs and hardware: resolved parameters and instruction set version."""
        cores = [{name: value for name, value in asdict(core).items() if name != "table"} for core in self.cores]
        shape = {"cores": cores, "instruction_set": INSTRUCTION_SET_VERSION}
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


def read_architecture(path: Path, *, cells: Sequence[Path] = (), library: CellLibrary | None = None) -> Architecture:
    """Read and check an architecture file.

    Parameters
    ----------
    path
        The TOML file.
    cells
        More folders of cells (``--cells``).
    library
        The cells to take instead of those of the search path.

    Raises
    ------
    ArchitectureError, CellError
        Name the file and the field, what it must be and what it is.
    """
    what = f"architecture file '{path}'"
    raw = read_toml(path, error=ArchitectureError, what=what, name=path.name)
    try:
        file = ArchitectureFile.model_validate(raw)
    except ValidationError as error:
        raise ArchitectureError(f"{path.name}: {first_problem(error, ArchitectureFile)}") from error
    if library is None:
        library = _search_path(path, file, cells)
    try:
        return architecture_of(file, library)
    except NngenError as error:
        raise type(error)(f"{path.name}: {error}") from error


def architecture_of(file: ArchitectureFile, library: CellLibrary) -> Architecture:
    """Return the chip that a file's content describes, with cells of a library.

    Raises
    ------
    ArchitectureError, CellError
        Name the field, what it must be and what it is.
    """
    cores = resolve_cores(file.core, library)
    analog = resolve_analog(file.core[0].macro, library, where="core[0].macro")
    uses = sorted(analog.uses, key=lambda use: use.cell.name)
    return Architecture(
        file=file,
        cores=cores,
        cells={use.cell.name: use.cell for use in uses},
        cell_folders={use.cell.name: use.folder for use in uses},
        analog=analog,
    )


def _search_path(path: Path, file: ArchitectureFile, cells: Sequence[Path]) -> CellLibrary:
    for number, folder in enumerate(file.cell_path):
        try:
            found = (path.parent / folder).is_dir()
        except (OSError, ValueError):  # a name that no file can have
            found = False
        if not found:
            raise ArchitectureError(f"{path.name}: cell_path[{number}] must be a directory, not {quoted(folder)}")
    return CellLibrary([*(path.parent / folder for folder in file.cell_path), *cells])
