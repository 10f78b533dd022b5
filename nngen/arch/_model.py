"""The architecture file as it is written: TOML, schema ``nngen/architecture/1``. Unknown keys are refused."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from nngen.numerics import Encoding
from nngen.validation import NAME_PATTERN

MOST_CORES = 64


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _check_power_of_two(value: int) -> int:
    if value & (value - 1):
        raise ValueError(f"must be a power of two, not {value}")
    return value


class CellChoice(_Strict):
    """A circuit cell and the parameters that differ from its defaults."""

    cell: str = Field(description="name of a cell of the search path")
    parameters: dict[str, float] = Field(default_factory=dict, description="parameters of the cell, by name")


class AdcChoice(CellChoice):
    """The converter of every column group."""


class WiresSpec(_Strict):
    """Wires of the array, for each cell that they pass. They shape the SPICE netlists, and nothing digital."""

    row_ohm: float = Field(default=0.0, ge=0, le=1e4, description="resistance of a row's input line, ohm a cell")
    column_ohm: float = Field(default=0.0, ge=0, le=1e4, description="resistance of a bit line, ohm a cell")
    column_femtofarad: float = Field(
        default=0.0, ge=0, le=1e3, description="capacitance of a bit line to ground, fF a cell"
    )


class MacroSpec(_Strict):
    """A crossbar macro; all macros of a core are equal."""

    rows: int = Field(ge=1, le=2047, description="word lines; a multiple of memory.word_bytes")
    columns: int = Field(ge=2, le=4096, description="bit lines; even where a differential pair takes two")
    dac_bits: int = Field(default=1, ge=1, le=8, description="bits of an activation driven at once")
    encoding: Encoding = Field(
        default="differential",
        description="how a signed weight is stored: `differential` on a pair of bit lines, `twos_complement` with a "
        "column of its own for the sign, `offset` in unsigned cells with a digital count of what was driven",
    )
    columns_per_adc: int = Field(
        ge=1,
        le=255,
        description="conversions (pairs, or columns of the other encodings) that one ADC serves in turn; a divisor of "
        "their number",
    )
    gains: tuple[int, ...] = Field(
        default=(1,), description="gains of the column readout: powers of two from 1 up to at most the converter's step"
    )
    bitcell: CellChoice = Field(description="the storage cell; its parameter `bits` is the width of a weight slice")
    adc: AdcChoice = Field(
        description="the converter; its parameter `bits` is the resolution, its cell names the controller: `sar`, "
        "`ramp` or `flash`"
    )
    row_driver: CellChoice | None = Field(
        default=None,
        description="drives a row for a plane; without it `driver_1b`, of wider planes `driver_dac`. Only SPICE "
        "knows it",
    )
    readout: CellChoice | None = Field(
        default=None,
        description="what an ADC converts, from the bit lines; without it `transimpedance`, of cells that add charges "
        "`charge_sharing`. Only SPICE knows it",
    )
    wires: WiresSpec = Field(default_factory=WiresSpec, description="wires of the array; ideal ones by default")

    @field_validator("gains")
    @classmethod
    def _gains(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        for gain in value:
            if gain < 1 or gain & (gain - 1):
                raise ValueError(f"must be powers of two, not {gain}")
        if 1 not in value or list(value) != sorted(set(value)):
            raise ValueError(f"must ascend from 1, not {list(value)}")
        return value


class MemorySpec(_Strict):
    """Memories of a core."""

    activation_bytes: int = Field(ge=16, le=1 << 19, description="activation memory; a multiple of word_bytes")
    word_bytes: int = Field(default=8, ge=4, le=64, description="port width of activation memory, a power of two")
    output_buffer_bytes: int = Field(
        default=256, ge=4, le=8191, description="bytes POST can collect before STORE; a multiple of word_bytes"
    )
    program_instructions: int = Field(default=512, ge=16, le=1 << 16, description="64-bit instructions")
    constant_records: int = Field(default=512, ge=1, le=1 << 14, description="requantization constants, one a source")

    _power = field_validator("word_bytes")(_check_power_of_two)


class VectorSpec(_Strict):
    """The digital unit VEC: pooling, residual sums, depthwise convolutions. A memory word's bytes are its lanes."""

    buffer_bytes: int = Field(
        default=1024,
        ge=16,
        le=2048,
        description="bytes of one vector buffer (there are two), a power of two, two memory words or more",
    )
    accumulators: int = Field(
        default=256, ge=16, le=4080, description="accumulators of one bank (there are two); a multiple of word_bytes"
    )
    coefficient_words: int = Field(
        default=1024, ge=1, le=1 << 14, description="words of word_bytes 16-bit coefficients, a power of two"
    )

    _powers = field_validator("buffer_bytes", "coefficient_words")(_check_power_of_two)


class CoreSpec(_Strict):
    """A core and how many of it the chip has."""

    count: int = Field(default=1, ge=1, le=MOST_CORES, description="cores of this kind; a chip has at most 64 in all")
    macros: int = Field(ge=1, le=128, description="crossbar macros of the core")
    activation_bits: int = Field(default=8, ge=1, le=16, description="widest activation code the row buffer takes")
    accumulator_bits: int = Field(default=32, ge=8, le=32, description="width of an accumulator, two's complement")
    multiplier_bits: int = Field(
        default=25, ge=4, le=25, description="width of the signed multiplier m of the requantization"
    )
    queue_depth: int = Field(default=4, ge=2, le=64, description="commands that wait in front of each unit")
    strided_access: bool = Field(default=True, description="LOAD and STORE can copy several runs at once")
    tables: int = Field(
        default=0, ge=0, le=16, description="look-up tables of 256 entries behind the requantization; a power of two"
    )
    negative_slope: bool = Field(
        default=False, description="constant records hold a second multiplier and offset for negative sums"
    )
    reprogram: bool = Field(
        default=False, description="programs can write cells (PROG): weights beyond the macros; volatile bitcells only"
    )
    macro: MacroSpec
    memory: MemorySpec
    vector: VectorSpec | None = Field(default=None, description="the digital unit VEC; without it a core has none")

    @field_validator("tables")
    @classmethod
    def _tables(cls, value: int) -> int:
        return _check_power_of_two(value)


class ArchitectureFile(_Strict):
    """The whole file."""

    schema_: Literal["nngen/architecture/1"] = Field(alias="schema", description="version of this format")
    name: str = Field(
        pattern=NAME_PATTERN,
        max_length=100,  # it stands in titles of netlists, which have at most 200
        description="name of the chip: lower-case letters, digits and _, a letter first",
    )
    description: str = Field(default="", description="for people")
    clock_hz: float = Field(default=100e6, gt=0, description="clock of cores and bus")
    cell_path: tuple[str, ...] = Field(default=(), description="more folders of cells, relative to this file")
    core: tuple[CoreSpec, ...] = Field(
        min_length=1,
        max_length=MOST_CORES,
        description="`[[core]]`, one table a kind of core; all kinds have the same macro and word_bytes",
    )
