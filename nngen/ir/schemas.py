"""The published JSON Schemas: what a file must look like that another tool or a hand writes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from nngen.arch import ArchitectureFile
from nngen.cellib import Cell

from .mapping import Mapping
from .network_file import NetworkIndex
from .program_file import ProgramIndex
from .schedule import Schedule

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_MODELS: dict[str, type[BaseModel]] = {
    "architecture": ArchitectureFile,
    "cell": Cell,
    "network": NetworkIndex,
    "mapping": Mapping,
    "schedule": Schedule,
    "program": ProgramIndex,
}


def artifact_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each artifact that is read from a file, by its name.

    TOML files (architecture, cell) are described as the values they hold. A schema states names, types and ranges; what
    fields must satisfy together is checked when the file is read.
    """
    return {name: model_schema(model) for name, model in _MODELS.items()}


def model_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of one model, with its keys as they stand in the file."""
    return {"$schema": DIALECT, **model.model_json_schema(by_alias=True)}
