"""The register map as a C header, for firmware that drives the chip."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from nngen.arch import Core
from nngen.isa import (
    CAUSE_MEANINGS,
    EVENTS,
    INSTRUCTION_BITS,
    cells_per_word,
    coefficient_lanes,
    record_words,
    words_per_row,
)

from ._register_map import MAGIC, RegisterMap, macro_word_index, register_map

_INTRODUCTION = """\
/* Registers and memories of an nngen core, as its AXI4-Lite port shows them. Generated; do not edit.
 *
 * Addresses are in bytes, from the base of the port; every access is a 32-bit word. */
"""


def c_header(core: Core, *, architecture_sha256: str = "") -> str:
    """Return a C11 header: addresses of registers and memories, sizes, events, causes and assertions about them.

    It includes nothing but ``<stdint.h>`` and defines only names that begin with ``NNGEN_``. With the hash of the
    architecture it also says what the register ARCHITECTURE reads.
    """
    layout = register_map(core)
    sections = [
        _INTRODUCTION,
        "#ifndef NNGEN_REGISTERS_H\n#define NNGEN_REGISTERS_H\n\n#include <stdint.h>\n",
        _section("identity", _identity(architecture_sha256)),
        _section("registers", _registers(layout)),
        _section("memories: address of the first word, number of words", _windows(layout)),
        _section("sizes", _sizes(core)),
        _section("events: counter n stands at NNGEN_EVENT(n)", _events(layout)),
        _section("causes", _causes()),
        _macro_word(core),
        _assertions(core, layout),
        "#endif\n",
    ]
    return "\n".join(sections)


def _section(title: str, defines: Iterable[tuple[str, str, str]]) -> str:
    lines = [f"#define {f'NNGEN_{name}':<36} {value:<22} /* {_comment(meaning)} */" for name, value, meaning in defines]
    return f"/* {title} */\n" + "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    return text.replace("*/", "* /")


def _hex(value: int) -> str:
    return f"UINT32_C({value:#x})"


def _count(value: int) -> str:
    return f"UINT32_C({value})"


def _identity(architecture_sha256: str) -> Iterable[tuple[str, str, str]]:
    yield "MAGIC_VALUE", _hex(MAGIC), "what the register MAGIC reads"
    if architecture_sha256:
        yield "ARCHITECTURE_VALUE", _hex(int(architecture_sha256[:8], 16)), "what the register ARCHITECTURE reads"


def _registers(layout: RegisterMap) -> Iterable[tuple[str, str, str]]:
    for register in layout.registers:
        yield register.name, _hex(register.address), f"{register.access}: {register.meaning}"


def _windows(layout: RegisterMap) -> Iterable[tuple[str, str, str]]:
    for window in layout.windows:
        yield window.name, _hex(window.address), f"{window.access}: {window.meaning}"
        yield f"{window.name}_WORDS", _count(window.words), f"32-bit words of {window.name}"


def _sizes(core: Core) -> Iterable[tuple[str, str, str]]:
    sizes = (
        ("INSTRUCTION_COUNT", core.program_instructions, "instructions that fit"),
        ("INSTRUCTION_WORDS", INSTRUCTION_BITS // 32, "words of an instruction, lowest first"),
        ("RECORD_COUNT", core.constant_records, "constant records that fit"),
        ("RECORD_WORDS", record_words(core), "words of a constant record, lowest first"),
        ("ACTIVATION_BYTES", core.activation_bytes, "activation memory"),
        ("MACRO_COUNT", core.macros, "crossbar macros"),
        ("MACRO_ROWS", core.macro.rows, "word lines of a macro"),
        ("MACRO_COLUMNS", core.macro.columns, "bit lines of a macro"),
        ("CELL_BITS", core.macro.cell_bits, "bits of a cell's level"),
        ("CELLS_PER_WORD", cells_per_word(core), "cells of a programming word, first bit line lowest"),
        ("WORDS_PER_ROW", words_per_row(core), "programming words of a row"),
    )
    for name, value, meaning in (*sizes, *_option_sizes(core)):
        yield name, _count(value), meaning


def _option_sizes(core: Core) -> Iterable[tuple[str, int, str]]:
    if core.vector is not None:
        yield "COEFFICIENT_COUNT", core.vector.coefficient_words, "coefficient words that fit"
        yield "COEFFICIENT_WORDS", coefficient_lanes(core) // 2, "words of a coefficient word, two coefficients in each"
    if core.tables:
        yield "TABLE_COUNT", core.tables, "look-up tables of 256 entries, four in a word"


def _events(layout: RegisterMap) -> Iterable[tuple[str, str, str]]:
    yield "EVENT(n)", f"({_hex(layout.register('EVENT_' + EVENTS[0].name.upper()).address)} + 4 * (n))", "its address"
    yield "EVENT_COUNT", _count(len(EVENTS)), "events"
    for number, event in enumerate(EVENTS):
        yield f"EVENT_NUMBER_{event.name.upper()}", _count(number), event.meaning


def _causes() -> Iterable[tuple[str, str, str]]:
    for cause, meaning in CAUSE_MEANINGS.items():
        yield f"CAUSE_{cause.name}", _count(cause.value), meaning


def _macro_word(core: Core) -> str:
    """Address of a programming word; the index has bits of its own for macro, row and word."""
    macro = macro_word_index(core, macro=1, row=0, word=0).bit_length() - 1
    row = macro_word_index(core, macro=0, row=1, word=0).bit_length() - 1
    return (
        "/* address of word `word` of row `row` of macro `macro` */\n"
        "#define NNGEN_MACRO_WORD(macro, row, word) \\\n"
        f"    (NNGEN_MACROS + 4 * (((uint32_t)(macro) << {macro}) | ((uint32_t)(row) << {row}) | (uint32_t)(word)))\n"
    )


def _assertions(core: Core, layout: RegisterMap) -> str:
    """State in C what a driver may rely on: memories do not overlap, sizes agree, events follow each other."""
    memories = layout.windows
    beyond = {memory.name: f"NNGEN_{memory.name} + 4 * NNGEN_{memory.name}_WORDS" for memory in memories}
    end = (core.macros - 1, core.macro.rows - 1, words_per_row(core) - 1)
    last_event = EVENTS[-1].name.upper()
    lines = [
        _assertion(f"NNGEN_EVENT(NNGEN_EVENT_COUNT - 1) == NNGEN_EVENT_{last_event}", "events follow each other"),
        _assertion(f"NNGEN_EVENT(NNGEN_EVENT_COUNT) <= NNGEN_{memories[0].name}", "registers end before memories"),
        *(
            _assertion(f"{beyond[low.name]} <= NNGEN_{high.name}", f"{low.name} ends before {high.name}")
            for low, high in pairwise(memories)
        ),
        _assertion("NNGEN_PROGRAM_WORDS == NNGEN_INSTRUCTION_COUNT * NNGEN_INSTRUCTION_WORDS", "size of PROGRAM"),
        _assertion("NNGEN_CONSTANTS_WORDS == NNGEN_RECORD_COUNT * NNGEN_RECORD_WORDS", "size of CONSTANTS"),
        _assertion("NNGEN_ACTIVATIONS_WORDS * 4 == NNGEN_ACTIVATION_BYTES", "size of ACTIVATIONS"),
        *(
            [_assertion("NNGEN_COEFFICIENTS_WORDS == NNGEN_COEFFICIENT_COUNT * NNGEN_COEFFICIENT_WORDS", "their size")]
            if core.vector is not None
            else []
        ),
        *([_assertion("NNGEN_TABLES_WORDS == NNGEN_TABLE_COUNT * 64", "size of TABLES")] if core.tables else []),
        _assertion(f"NNGEN_MACRO_WORD({end[0]}, {end[1]}, {end[2]}) < {beyond['MACROS']}", "size of MACROS"),
    ]
    return "\n".join(lines) + "\n"


def _assertion(condition: str, what: str) -> str:
    return f'_Static_assert({condition}, "{what}");'
