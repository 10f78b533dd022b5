"""The numbers of a suggested chip while they are chosen, and the chip that they make."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nngen.arch import Architecture, ArchitectureFile, architecture_of
from nngen.cellib import CellLibrary

ARCHITECTURE_SCHEMA = "nngen/architecture/1"
BITCELL, ADC = "rram_2t2r", "sar_cdac"
# The most that an architecture file may say of each memory: where the compiler finds out how much it needs.
MOST_ACTIVATION_BYTES, MOST_INSTRUCTIONS, MOST_RECORDS, MOST_OUTPUT_BYTES = 1 << 19, 1 << 16, 1 << 14, 8191
MOST_COEFFICIENT_WORDS = 1 << 14
# Enough for chunks whose busiest unit hardly waits; what does not fit is cut.
VECTOR_BUFFER_BYTES, VECTOR_ACCUMULATORS = 2048, 512
MOST_ACCUMULATOR_BITS, MOST_ACTIVATION_BITS = 32, 16


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A chip in the numbers that depend on the network."""

    name: str
    description: str
    rows: int
    columns: int
    cell_bits: int
    adc_bits: int
    columns_per_adc: int
    gains: tuple[int, ...]
    activation_bits: int
    word_bytes: int = 8
    macros: int = 1
    accumulator_bits: int = MOST_ACCUMULATOR_BITS
    activation_bytes: int = MOST_ACTIVATION_BYTES
    output_buffer_bytes: int = 256
    program_instructions: int = MOST_INSTRUCTIONS
    constant_records: int = MOST_RECORDS
    clock_hz: float = 100e6
    has_vector: bool = False
    coefficient_words: int = MOST_COEFFICIENT_WORDS
    tables: int = 0
    negative_slope: bool = False

    def content(self) -> dict[str, Any]:
        """Return the architecture file as the values it holds."""
        macro = {
            "rows": self.rows,
            "columns": self.columns,
            "dac_bits": 1,
            "columns_per_adc": self.columns_per_adc,
            "gains": self.gains,
            "bitcell": {"cell": BITCELL, "parameters": {"bits": self.cell_bits}},
            "adc": {"cell": ADC, "parameters": {"bits": self.adc_bits}},
        }
        memory = {
            "activation_bytes": self.activation_bytes,
            "word_bytes": self.word_bytes,
            "output_buffer_bytes": self.output_buffer_bytes,
            "program_instructions": self.program_instructions,
            "constant_records": self.constant_records,
        }
        core: dict[str, Any] = {
            "macros": self.macros,
            "activation_bits": self.activation_bits,
            "accumulator_bits": self.accumulator_bits,
            "macro": macro,
            "memory": memory,
        }
        if self.has_vector:
            core["vector"] = {
                "buffer_bytes": VECTOR_BUFFER_BYTES,
                "accumulators": VECTOR_ACCUMULATORS,
                "coefficient_words": self.coefficient_words,
            }
        if self.tables:
            core["tables"] = self.tables
        if self.negative_slope:
            core["negative_slope"] = True
        return {
            "schema": ARCHITECTURE_SCHEMA,
            "name": self.name,
            "description": self.description,
            "clock_hz": self.clock_hz,
            "core": (core,),
        }

    def architecture(self) -> Architecture:
        """Return the chip."""
        return architecture_of(ArchitectureFile.model_validate(self.content()), CellLibrary())
