"""Coverage as a file: the counts, and the hash of the bins they are of. Files of another list of bins are refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError

from nngen.arch import Core
from nngen.errors import InputError
from nngen.validation import first_problem

from ._bins import BinList

COVERAGE_SCHEMA = "nngen/coverage/1"


class CoverageFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    schema_: Literal["nngen/coverage/1"] = Field(default="nngen/coverage/1", alias="schema")
    bins_sha256: str = Field(pattern="^[0-9a-f]{64}$", description="core, bins and the limits of their classes")
    counts: tuple[NonNegativeInt, ...] = Field(description="how often each bin was met, in the order of the bins")


def format_coverage(bins_sha256: str, counts: tuple[int, ...]) -> str:
    """Return the text of a file."""
    file = CoverageFile(bins_sha256=bins_sha256, counts=counts)
    return json.dumps(file.model_dump(by_alias=True)) + "\n"


def parse_coverage(text: str, *, bins_sha256: str, bins: int, name: str) -> tuple[int, ...]:
    """Return the counts of a file.

    Raises
    ------
    InputError
        It is malformed, or of other bins; the message begins with ``name``.
    """
    try:
        file = CoverageFile.model_validate_json(text)
    except ValidationError as error:
        raise InputError(f"{name}: {first_problem(error, CoverageFile)}") from error
    if file.bins_sha256 != bins_sha256:
        raise InputError(
            f"{name}: bins_sha256 must be {bins_sha256[:12]}…, not {file.bins_sha256[:12]}…: it was collected for "
            "another core or by another version of the instruction set; collect it again"
        )
    if len(file.counts) != bins:
        raise InputError(f"{name}: counts must be those of {bins} bins, not of {len(file.counts)}")
    return file.counts


def bins_hash(list_: BinList, core: Core) -> str:
    """Return the hash of all that gives a count its meaning."""
    shape = {
        "core": asdict(core),
        "bins": [(found.name, found.possible) for found in list_.bins],
        "classes": [
            (block.start, classes.name, [(r.low, r.high) for r in classes.ranges])
            for of in list_.commands
            for classes, block in of.operands
        ],
    }
    return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()
