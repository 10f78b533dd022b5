"""One circuit cell: the schema of ``cell.toml`` (interface version 1)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    width: int = Field(default=1, ge=1, description="bits")
    width_parameter: str | None = Field(default=None, description="the cell's parameter that says how many bits")
    line: Literal["row", "column"] | None = Field(
        default=None, description="of a bitcell: the pins of a row, or of a column, are one line of the array"
    )
    only: Literal["pair"] | None = Field(
        default=None, description="of a column_readout: the pin is there only where bit lines come in pairs"
    )
    meaning: str

    def bits(self, parameters: Mapping[str, float]) -> int:
        """Return the width with the parameters of a resolved cell."""
        return self.width if self.width_parameter is None else int(parameters[self.width_parameter])

    def terminals(self, parameters: Mapping[str, float]) -> tuple[str, ...]:
        """Return the names of the subcircuit's terminals: of a pin that has bits, or may have, ``<name>_<bit>``."""
        if self.width == 1 and self.width_parameter is None:
            return (self.name,)
        return tuple(f"{self.name}_{bit}" for bit in range(self.bits(parameters)))


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


class Storage(_Strict):
    """How a bitcell of a SPICE view holds a level, and what a driven one puts onto its bit line.

    A cell of level n conducts ``g_lowest + n (g_highest - g_lowest) / (2^bits - 1)``.
    """

    quantity: Literal["resistance", "conductance", "level"] = Field(
        description="what the subcircuit's parameters hold: ohms, siemens, or the level itself"
    )
    parameters: tuple[str, ...] = Field(
        min_length=1,
        max_length=2,
        description="the subcircuit's parameter that holds it; of a cell with two bit lines one for each, the positive "
        "one first",
    )
    highest: str | None = Field(
        default=None,
        description="cells of currents: the parameter with the resistance (ohm) of the highest level",
    )
    lowest: str | None = Field(
        default=None, description="the cell's parameter with the resistance (ohm) of level 0; without it none conducts"
    )
    series: str | None = Field(
        default=None, description="the cell's parameter with what stands in series (ohm) and is part of both"
    )
    read: str = Field(description="the cell's parameter with the voltage (V) of a fully driven row line")
    capacitance: str | None = Field(
        default=None, description="charge cells: the cell's parameter with the capacitor (fF) to the bit line"
    )


class Expectation(_Strict):
    """What a measurement of the cell's deck must find."""

    measure: str = Field(pattern=NAME_PATTERN, description="name of the deck's .measure")
    lowest: float
    highest: float
    unit: str
    meaning: str


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
    signal: Literal["current", "charge"] | None = Field(
        default=None, description="what a bitcell puts onto its bit line, or a column_readout takes from it"
    )
    selects: Literal["driven", "enabled"] = Field(
        default="enabled",
        description="of a row_driver: whose word lines are high while it is enabled, those of driven rows or of all",
    )
    storage: Storage | None = Field(default=None, description="of a bitcell with a SPICE view")
    mismatch: Literal["weights", "thresholds"] | None = Field(
        default=None,
        description="of an adc: which parameters of its views stray, in LSB: `weight_<bit>` of the capacitors, "
        "`threshold_<code>` of the comparators",
    )
    code_error: float | None = Field(
        default=None,
        ge=0,
        description="of an adc, a column_readout or a bitcell: the codes by which its SPICE view may be off",
    )
    pins: tuple[Pin, ...]
    parameters: dict[str, Parameter] = Field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    expectations: tuple[Expectation, ...] = Field(default=(), description="of the measurements that its deck makes")

    @model_validator(mode="after")
    def _consistent(self) -> Cell:
        names = [pin.name for pin in self.pins]
        if len(set(names)) != len(names):
            raise ValueError(f"pins must have different names, not {', '.join(names)}")
        if (self.kind == "adc") != (self.controller is not None):
            raise ValueError("controller must be given for an adc and for nothing else")
        if self.storage is not None and self.kind != "bitcell":
            raise ValueError("storage must be given for a bitcell and for nothing else")
        for field, name in self._named_parameters():
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "it has none"
                raise ValueError(f"{field} must name a parameter of the cell ({known}), not '{name}'")
        return self

    def _named_parameters(self) -> Iterator[tuple[str, str]]:
        """Every place that names one of the cell's parameters."""
        for number, pin in enumerate(self.pins):
            if pin.width_parameter is not None:
                yield f"pins[{number}].width_parameter", pin.width_parameter
        for field in ("highest", "lowest", "series", "read", "capacitance"):
            name = getattr(self.storage, field, None)
            if name is not None:
                yield f"storage.{field}", name

    @property
    def bit_lines(self) -> int:
        """Bit lines of a bitcell: one, or the two of a differential pair."""
        return sum(pin.line == "column" and pin.domain == "analog" for pin in self.pins)

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
