"""Waivers: bins that need not be met, each with the reason, in a TOML file. One that has become needless is a fault."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from nngen.arch import Core, Macro, Vector
from nngen.errors import InputError, suggestion
from nngen.validation import first_problem, read_toml

WAIVERS_SCHEMA = "nngen/waivers/1"
WAIVERS = Path(__file__).parent / "waivers.toml"  # those of the nightly runs


def _parameters() -> tuple[str, ...]:
    """Return the names of all numbers of a core."""
    own = (f.name for f in fields(Core) if f.type == "int")
    parts = (("macro", Macro), ("vector", Vector))
    return (*own, *(f"{name}.{f.name}" for name, part in parts for f in fields(part) if f.type == "int"))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Limits(_Strict):
    """Values of a parameter, both ends included."""

    at_least: int | None = Field(default=None, description="smallest value")
    at_most: int | None = Field(default=None, description="largest value")

    @model_validator(mode="after")
    def _some(self) -> Limits:
        if self.at_least is None and self.at_most is None:
            raise ValueError("must have at_least, at_most or both")
        return self

    def hold(self, value: int) -> bool:
        """Whether a value lies within."""
        return (self.at_least is None or value >= self.at_least) and (self.at_most is None or value <= self.at_most)


class Waiver(_Strict):
    """Bins that need not be met."""

    bins: str = Field(description="pattern of names; * stands for any characters, ? for one")
    reason: str = Field(description="why they cannot, or need not, be met")
    where: dict[str, Limits] = Field(
        default_factory=dict,
        description="only for cores of these sizes: by parameter, `macro.rows` for those of macros, "
        "`vector.accumulators` for those of VEC, which a core must then have",
    )

    @field_validator("bins", "reason")
    @classmethod
    def _given(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("must not be empty")
        return value

    @field_validator("where")
    @classmethod
    def _known(cls, value: dict[str, Limits]) -> dict[str, Limits]:
        known = _parameters()
        for name in value:
            if name not in known:
                raise ValueError(f"must name parameters of a core, not '{name}'" + suggestion(name, known))
        return value

    def applies(self, core: Core) -> bool:
        """Whether it is meant for a core."""
        values = {name: _parameter(core, name) for name in self.where}
        return all(value is not None and self.where[name].hold(value) for name, value in values.items())


class WaiverFile(_Strict):
    """The whole file."""

    schema_: Literal["nngen/waivers/1"] = Field(alias="schema", description="version of this format")
    waiver: tuple[Waiver, ...] = Field(default=(), description="`[[waiver]]`, one table each")


def read_waivers(path: Path = WAIVERS) -> tuple[Waiver, ...]:
    """Read a file of waivers.

    Raises
    ------
    InputError
        Names the file and the key, what it must be and what it is.
    """
    raw = read_toml(path, error=InputError, what=f"waiver file '{path}'", name=path.name)
    try:
        return WaiverFile.model_validate(raw).waiver
    except ValidationError as error:
        raise InputError(f"{path.name}: {first_problem(error, WaiverFile)}") from error


def _parameter(core: Core, name: str) -> int | None:
    """Return a number of a core; None where it has no such part."""
    value: object = core
    for attribute in name.split("."):
        value = None if value is None else getattr(value, attribute)
    assert value is None or isinstance(value, int)
    return value
