"""The machine in numbers: what mapper, models and hardware read. Derived once from the file and its cells."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nngen.numerics import Converter, Encoding, WeightFormat, lines_of


@dataclass(frozen=True, kw_only=True)
class Macro:
    """A crossbar macro.

    Parameters
    ----------
    rows, columns
        Word lines and bit lines.
    dac_bits, cell_bits, adc_bits
        Width of a plane, of a cell's level, of a code.
    columns_per_adc
        Conversions that one ADC serves in turn.
    gains
        Ascending powers of two.
    controller
        Kind of ADC controller.
    sample_cycles
        Cycles until a sample is settled.
    """

    rows: int
    columns: int
    dac_bits: int
    cell_bits: int
    encoding: Encoding
    columns_per_adc: int
    gains: tuple[int, ...]
    controller: str
    adc_bits: int
    sample_cycles: int

    @property
    def conversions(self) -> int:
        """Columns, or of the differential encoding pairs, that can be converted."""
        return self.columns // self.lines

    @property
    def lines(self) -> int:
        """Bit lines of one conversion."""
        return lines_of(self.encoding)

    @property
    def conversion_noun(self) -> str:
        """What one conversion reads, for messages."""
        return "pair" if self.lines == 2 else "column"

    @property
    def adcs(self) -> int:
        """Converters; ADC k serves conversions k*columns_per_adc onwards."""
        return self.conversions // self.columns_per_adc

    @property
    def conversion_cycles(self) -> int:
        """Cycles of one conversion: after sampling SAR tries one bit a cycle, a ramp one level, flash takes one."""
        searching = {"sar": self.adc_bits, "ramp": (1 << self.adc_bits) - 1, "flash": 1}
        return self.sample_cycles + searching[self.controller]

    @property
    def accumulation_cycles(self) -> int:
        """ADCs that share one shift-adder, which takes their codes one a cycle while they convert: a power of two."""
        return 1 << (min(self.adcs, self.conversion_cycles).bit_length() - 1)

    @property
    def full_scale(self) -> int:
        """q_max."""
        return self.rows * ((1 << self.dac_bits) - 1) * ((1 << self.cell_bits) - 1)

    def converter(self, gain: int = 1) -> Converter:
        """Return the conversion at a gain."""
        signed = self.encoding == "differential"
        return Converter(bits=self.adc_bits, full_scale=self.full_scale, signed=signed, gain=gain)

    def weight_format(self, weights: npt.NDArray[np.integer]) -> WeightFormat:
        """Return how the weights of one layer are stored: in as few slices as the widest needs."""
        return WeightFormat.of(weights, encoding=self.encoding, cell_bits=self.cell_bits)

    @property
    def usable_gains(self) -> tuple[int, ...]:
        """Gains that are at most the converter's step."""
        return tuple(gain for gain in self.gains if gain <= self.converter().step)


@dataclass(frozen=True, kw_only=True)
class Vector:
    """The digital unit VEC.

    Parameters
    ----------
    buffer_bytes
        Bytes of one of its two buffers, a power of two.
    accumulators
        Accumulators of one of its two banks, a multiple of the memory's word_bytes.
    coefficient_words
        Words of the coefficient memory, a power of two; each holds a 16-bit coefficient a lane.
    """

    buffer_bytes: int
    accumulators: int
    coefficient_words: int


@dataclass(frozen=True, kw_only=True)
class Bus:
    """The broadcast bus between the cores of a chip that has several.

    Parameters
    ----------
    cores
        How many there are.
    memory_bytes
        Bytes of the largest activation memory: what addresses on the bus reach.
    """

    cores: int
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Core:
    """A core: macros, memories, widths. Sizes in the unit of their name.

    ``bus`` is None where it is the only one; ``table`` is the number of its table in the file, and makes no difference.
    """

    macros: int
    macro: Macro
    activation_bits: int
    accumulator_bits: int
    multiplier_bits: int
    queue_depth: int
    activation_bytes: int
    word_bytes: int
    output_buffer_bytes: int
    program_instructions: int
    constant_records: int
    vector: Vector | None = None
    strided_access: bool = True
    tables: int = 0
    negative_slope: bool = False
    reprogram: bool = False
    bus: Bus | None = None
    table: int = field(default=0, compare=False)

    @property
    def where(self) -> str:
        """Its table in the architecture file, for messages."""
        return f"core[{self.table}]"

    @property
    def reach_bytes(self) -> int:
        """Bytes that its addresses reach: its own memory, or the largest on the bus."""
        return self.activation_bytes if self.bus is None else self.bus.memory_bytes

    @property
    def adcs(self) -> int:
        """Converters of all macros."""
        return self.macros * self.macro.adcs

    @property
    def accumulator_entries(self) -> int:
        """Accumulators per ADC in one bank."""
        return self.macro.columns_per_adc

    @property
    def offset_bits(self) -> int:
        """Width of b: it takes any product of accumulator and multiplier."""
        return self.accumulator_bits + self.multiplier_bits

    @property
    def shift_bits(self) -> int:
        """Width of s."""
        return 6
