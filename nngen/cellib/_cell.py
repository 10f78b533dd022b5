"""One circuit cell: the schema of ``cell.toml`` (interface version 1)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nngen.errors import CellError, suggestion
from nngen.numerics import Encoding
from nngen.validation import NAME_PATTERN, first_problem, read_toml

Kind = Literal["bitcell", "row_driver", "column_readout", "adc", "memory"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Pin(_Strict):
    """A terminal, in the order of the subcircuit."""

    name: str = Field(pattern=NAME_PATTERN)
    domain: Literal["analog", "digital", "supply"]
    direction: Literal["in", "out", "inout"]
    width: int = Field(default=1, ge=1)
    meaning: str


class Parameter(_Strict):
    """A number the architecture may choose, inclusive range [lowest, highest]."""

    default: float
    lowest: float
    highest: float
    unit: str
    meaning: str
    integer: bool = False

    @model_validator(mode="after")
    def _in_range(self) -> Parameter:
        if not self.lowest <= self.default <= self.highest:
            raise ValueError(f"default must lie in {self.lowest:g}..{self.highest:g}, not {self.default:g}")
        return self

    def check(self, value: float, *, where: str) -> None:
        """Refuse a value that is out of range, or has a fraction where only whole numbers make sense."""
        if not self.lowest <= value <= self.highest or (self.integer and value != int(value)):
            kind = "a whole number" if self.integer else "a number"
            raise CellError(f"{where} must be {kind} from {self.lowest:g} to {self.highest:g}, not {value:g}")


class Figure(_Strict):
    """A figure for KPIs with where it comes from."""

    name: str
    value: float = Field(ge=0)
    unit: str
    conditions: str
    source: str
    status: Literal["measured", "simulated", "transcribed", "assumed"]


class Cell(_Strict):
    """A validated ``cell.toml``. ``controller`` names the RTL controller of an ADC."""

    name: str = Field(pattern=NAME_PATTERN)
    kind: Kind
    interface: Literal[1]
    description: str
    transfer: Literal["linear", "table"] = "linear"
    encodings: tuple[Encoding, ...] = ()
    volatile: bool = False
    controller: Literal["sar", "ramp", "flash"] | None = None
    pins: tuple[Pin, ...]
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Cell:
        names = [pin.name for pin in self.pins]
        if len(set(names)) != len(names):
            raise ValueError(f"pins must have different names, not {', '.join(names)}")
        if (self.kind == "adc") != (self.controller is not None):
            raise ValueError("controller must be given for an adc and for nothing else")
        return self

    def resolve(self, chosen: dict[str, float], *, where: str) -> dict[str, float]:
        """Return all parameters, the chosen ones checked and the rest at their defaults.

        Raises
        ------
        CellError
            Names ``where`` (the field of the architecture), the parameter, its range and the value.
        """
        for name, value in chosen.items():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "it has none"
                raise CellError(
                    f"{where}.parameters.{name} must be a parameter of cell '{self.name}' ({known})"
                    + suggestion(name, self.parameters)
                )
            self.parameters[name].check(value, where=f"{where}.parameters.{name}")
        return {name: chosen.get(name, parameter.default) for name, parameter in self.parameters.items()}


def read_cell(folder: Path) -> Cell:
    """Read the cell in ``folder``.

    Raises
    ------
    CellError
        Names the file and the field.
    """
    file = f"cell '{folder.name}': cell.toml"
    raw = read_toml(folder / "cell.toml", error=CellError, what=file, name=file)
    try:
        cell = Cell.model_validate(raw)
    except ValidationError as error:
        raise CellError(f"cell '{folder.name}': {first_problem(error, Cell)}") from error
    if cell.name != folder.name:
        raise CellError(f"cell '{folder.name}': name must be that of its folder, not '{cell.name}'")
    return cell
