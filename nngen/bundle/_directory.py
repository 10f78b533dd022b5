"""Reads a build directory: everything a command needs, and nothing from outside of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from nngen.arch import Architecture
from nngen.errors import BuildError
from nngen.ir import Mapping, Network, Program, Schedule, load_network, load_program
from nngen.ir.network_file import INDEX_FILE
from nngen.validation import first_problem

from ._architecture import read_stored_architecture
from ._layout import MAPPING_FILE, PROGRAM_FOLDER, SCHEDULE_FILE
from ._manifest import MANIFEST_FILE, Manifest, file_sha256
from ._workshop import clean_leftovers

__all__ = ["BuildDirectory"]

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class BuildDirectory:
    """A build whose files are all there, each with the SHA-256 that the manifest says.

    Parameters
    ----------
    path
        The directory.
    manifest
        What it was made from, and by.
    """

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path) -> BuildDirectory:
        """Open a build directory and check every file in it.

        Raises
        ------
        BuildError
            It is not a build directory, or names the file that is missing or damaged.
        """
        if not path.is_dir():
            _recover(path)
        if not path.exists():
            raise BuildError(f"build directory '{path}' does not exist; make it with 'nngen build'")
        if not (path / MANIFEST_FILE).is_file():
            raise BuildError(
                f"'{path}' is not a build directory: it must hold {MANIFEST_FILE}; make one with 'nngen build'"
            )
        build = cls(path=path, manifest=Manifest.read(path))
        for name, sha256 in build.manifest.outputs.items():
            build._check(name, sha256)
        return build

    def holds(self, name: str) -> bool:
        """Whether the build has this file, or a folder of this name."""
        return name in self.manifest.outputs or any(other.startswith(f"{name}/") for other in self.manifest.outputs)

    def file(self, name: str) -> Path:
        """Return the path of a file or folder of the build.

        Raises
        ------
        BuildError
            The build was made without it.
        """
        if not self.holds(name):
            raise BuildError(f"build '{self.path}' holds no '{name}'; build again with it")
        return self.path / name

    def architecture(self) -> Architecture:
        """Read the chip, with the cells that the build holds."""
        return read_stored_architecture(self.path)

    def network(self) -> Network:
        """Read the integer network, as calibrated for the chip."""
        return load_network(self.file(INDEX_FILE).parent)

    def mapping(self) -> Mapping:
        """Read which weights sit where."""
        return self._read(MAPPING_FILE, Mapping)

    def schedule(self) -> Schedule:
        """Read who does what when."""
        return self._read(SCHEDULE_FILE, Schedule)

    def program(self, architecture: Architecture) -> Program:
        """Read what the cores load; refused where it was compiled for another architecture."""
        return load_program(self.file(PROGRAM_FOLDER), architecture)

    def verilog(self, folder: str) -> tuple[Path, ...]:
        """Return the Verilog files in a folder of the build, sorted."""
        return tuple(sorted(self.file(folder).glob("*.v")))

    def _read(self, name: str, model: type[Model]) -> Model:
        path = self.file(name)
        try:
            return model.model_validate_json(path.read_bytes())
        except OSError as error:
            raise BuildError(f"'{path}' cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise BuildError(f"'{path}': {first_problem(error, model)}; build again") from error

    def _check(self, name: str, sha256: str) -> None:
        path = self.path / name
        if not path.is_file():
            raise BuildError(f"'{path}' is missing, though {MANIFEST_FILE} names it; build again")
        try:
            actual = file_sha256(path)
        except OSError as error:
            raise BuildError(f"'{path}' cannot be read: {error.strerror}") from error
        if actual != sha256:
            raise BuildError(f"'{path}' is damaged: its SHA-256 must be {sha256}, not {actual}; build again")


def _recover(path: Path) -> None:
    """Bring back what a build that was killed between two renames has laid aside."""
    try:
        clean_leftovers(path.resolve())
    except OSError as error:
        raise BuildError(f"build directory '{path}' cannot be read: {error.strerror}") from error
