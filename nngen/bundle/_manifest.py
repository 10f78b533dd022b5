"""``manifest.json``: what a build was made from and by, and the SHA-256 of every file in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from nngen.errors import BuildError
from nngen.validation import first_problem

__all__ = ["MANIFEST_FILE", "MANIFEST_SCHEMA", "Manifest", "file_sha256", "files_below"]

MANIFEST_SCHEMA = "nngen/manifest/1"
MANIFEST_FILE = "manifest.json"
LARGEST_MANIFEST = 64 << 20

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def _relative_name(name: str) -> str:
    path = PurePosixPath(name)
    if not path.parts or path.is_absolute() or ".." in path.parts or "\0" in name or str(path) != name:
        raise ValueError(f"must be names of files inside the build, not {name!r}")
    return name


FileName = Annotated[str, AfterValidator(_relative_name)]


class Manifest(BaseModel):
    """The whole file. It names no clock, host or path: the same inputs give the same bytes everywhere."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["nngen/manifest/1"] = Field(default="nngen/manifest/1", alias="schema")
    nngen: str = Field(description="version of nngen")
    tools: dict[str, str] = Field(description="versions of the other tools that shaped an output")
    seed: int = Field(description="of everything random")
    only: tuple[str, ...] = Field(default=(), description="the parts that were asked for; empty means all")
    inputs: dict[str, Sha256] = Field(description="SHA-256 of the files the user gave, by role")
    outputs: dict[FileName, Sha256] = Field(description="SHA-256 of the files of the build, by name")

    def to_json(self) -> str:
        """Return the text of the file."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2, sort_keys=True) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """Read the manifest of a build directory.

        Raises
        ------
        BuildError
            Names the file and what is wrong with it.
        """
        path = folder / MANIFEST_FILE
        try:
            if path.stat().st_size > LARGEST_MANIFEST:
                raise BuildError(f"'{path}' is damaged: it must be smaller than {LARGEST_MANIFEST >> 20} MiB")
            return cls._from_raw(json.loads(path.read_text(encoding="utf-8")), path)
        except OSError as error:
            raise BuildError(f"'{path}' cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise BuildError(f"'{path}' is damaged: it is not JSON; build again") from error

    @classmethod
    def _from_raw(cls, raw: object, path: Path) -> Manifest:
        schema = raw.get("schema") if isinstance(raw, dict) else None
        if schema != MANIFEST_SCHEMA:
            raise BuildError(f"'{path}': schema must be '{MANIFEST_SCHEMA}', not {schema!r}; build again")
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise BuildError(f"'{path}' is damaged: {first_problem(error, cls)}; build again") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_below(folder: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name relative to ``folder``, path) of every file below it but the manifest, sorted by name."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if not path.is_dir()}
    yield from sorted((name, path) for name, path in found.items() if name != MANIFEST_FILE)
