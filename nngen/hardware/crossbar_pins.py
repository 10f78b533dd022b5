"""The crossbar macro as a black box: one description of its pins, from which wrapper and all views are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nngen.arch import Core
from nngen.isa import cells_per_word, index_bits, words_per_row

CROSSBAR_MODULE = "nngen_crossbar"
GAIN_BITS = 4


@dataclass(frozen=True, kw_only=True)
class MacroPin:
    """A pin of the macro: its contract with the circuit designer."""

    name: str
    direction: Literal["input", "output"]
    width: int
    meaning: str


def column_bits(core: Core) -> int:
    """Return the width of a column's number; one more than there are connects none."""
    return index_bits(core.macro.columns_per_adc + 1)


def has_trials(core: Core) -> bool:
    """Whether the controller tries codes and a comparator answers; else the converter gives its code at once."""
    return core.macro.controller != "flash"


def crossbar_pins(core: Core) -> tuple[MacroPin, ...]:
    """Return the pins of a core's macro in order."""
    macro = core.macro
    offset_binary = "unsigned; of a pair with the top bit inverted" if macro.lines == 2 else "unsigned"
    conversion: tuple[tuple[str, Literal["input", "output"], int, str], ...] = (
        ("code", "output", macro.adcs * macro.adc_bits, f"code of every ADC, {offset_binary}, ADC 0 lowest"),
    )
    if has_trials(core):
        conversion = (
            ("trial", "input", macro.adcs * macro.adc_bits, f"code tried of every ADC, {offset_binary}, ADC 0 lowest"),
            ("compare", "output", macro.adcs, "1 where the held value is at or above the tried code's transition"),
        )
    group = "pair" if macro.lines == 2 else "column"
    rows: tuple[tuple[str, Literal["input", "output"], int, str], ...] = (
        ("clk", "input", 1, "clock of programming port and sampling"),
        ("enable", "input", 1, "the macro takes part; word lines are valid"),
        ("word_lines", "input", macro.rows * macro.dac_bits, "plane of every row, row 0 lowest"),
        ("sample", "input", 1, "last cycle of sampling: the columns are held at the next clock edge; else 0"),
        ("column", "input", column_bits(core), f"{group} within each ADC's group; columns_per_adc connects none"),
        ("gain", "input", GAIN_BITS, "log2 of the readout's gain"),
        *conversion,
        ("program_enable", "input", 1, "write the cells of program_word in program_row"),
        ("program_row", "input", index_bits(macro.rows), "word line to program"),
        ("program_word", "input", index_bits(words_per_row(core)), "group of cells to program"),
        ("program_data", "input", 32, "levels, lowest bit line in the lowest bits"),
    )
    return tuple(MacroPin(name=n, direction=d, width=w, meaning=t) for n, d, w, t in rows)


def crossbar_parameters(core: Core) -> dict[str, int]:
    """Return the numbers that the behavioural view computes with."""
    macro = core.macro
    return {
        "ROWS": macro.rows,
        "COLUMNS": macro.columns,
        "LINES": macro.lines,
        "DAC_BITS": macro.dac_bits,
        "CELL_BITS": macro.cell_bits,
        "ADCS": macro.adcs,
        "COLUMNS_PER_ADC": macro.columns_per_adc,
        "ADC_BITS": macro.adc_bits,
        "STEP": macro.converter().step,
        "STEP_LOG2_PLUS_1": macro.converter().step.bit_length(),
        "LOWEST": macro.converter().lowest,
        "HIGHEST": macro.converter().highest,
        "CELLS_PER_WORD": cells_per_word(core),
        "WORDS": words_per_row(core),
        "SAMPLED": int(macro.sample_cycles > 0),
    }
