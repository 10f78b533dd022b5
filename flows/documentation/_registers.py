"""The page of the host port: the register map of one architecture and the rules that give everybody else's."""

from __future__ import annotations

from nngen.arch import Architecture
from nngen.host import (
    cells_per_word,
    constant_record_layout,
    macro_word_index,
    record_words,
    register_map,
    words_per_row,
)
from nngen.isa import CAUSE_MEANINGS, RECORD_SIGNED_FIELDS
from nngen.markdown import code_block, table

_INTRODUCTION = """\
# Registers and memories

Generated from `nngen/host/` by `python -m nngen.flows.documentation`; do not edit.

The host reaches a core through one AXI4-Lite port of 32-bit words. Addresses are in bytes and multiples of 4. An access
to what is not mapped, or not allowed while the core runs, answers SLVERR and does nothing. Registers, programs,
constants, macros, coefficients and tables take whole words only; activation memory takes any byte strobes.
"""

_RULES = """\
## Where things stand

- Registers begin at 0, event counters at {events:#x}, in the order of the [events](isa.md#events). They are the same in
  every core.
- Memories follow from 0x1000 on in the order below. Each takes a power of two of bytes and begins at a multiple of it;
  its size is the architecture's. What lies beyond its last word is not mapped.
- `nngen.host.register_map(core)` gives all addresses; `nngen.host.c_header(core)` writes them as a C header.

## To run a program

1. Read MAGIC and ARCHITECTURE; the latter must be the first 32 bits of `architecture_sha256` in `program.json`.
2. While the core is idle, write PROGRAM, CONSTANTS and MACROS; where the core has them, COEFFICIENTS and TABLES.
3. Write the input to ACTIVATIONS, then 1 to START. Memories and macro contents stay as they are; everything else in the
   core is reset.
4. Wait for the interrupt, or until STATUS has bit 1 set and bit 0 clear. Write 1 to INTERRUPT to clear it.
5. CAUSE 0: read the output from ACTIVATIONS. Any other: CAUSE_PC says where the program stopped.
"""

_OPTIONS = """\
### Coefficients and tables

A core with VEC has a window COEFFICIENTS behind MACROS: each coefficient word holds as many coefficients of 16 bits as
activation memory has bytes a word, two in each word of the window, the lower first. A core with look-up tables has a
window TABLES behind that: 256 entries of a byte each, four in each word, the lower first.
"""


def registers_page(example: Architecture) -> str:
    """Return the page, with the addresses of an example."""
    core = example.core
    layout = register_map(core)
    registers = [(f"`{r.name}`", f"{r.address:#06x}", r.access, f"{r.reset:#x}", r.meaning) for r in layout.registers]
    windows = [(f"`{w.name}`", f"{w.address:#x}", w.words, f"{w.span:#x}", w.access, w.meaning) for w in layout.windows]
    events = next(r.address for r in layout.registers if r.name.startswith("EVENT_"))
    causes = [(cause.value, cause.name, meaning) for cause, meaning in CAUSE_MEANINGS.items()]
    parts = [
        _INTRODUCTION,
        _RULES.format(events=events),
        "## Registers\n",
        table(("register", "address", "access", "reset", "meaning"), registers),
        "Values of CAUSE:\n",
        table(("code", "cause", "meaning"), causes),
        "## Memories\n",
        f"Those of the architecture `{example.name}`; its port has {layout.address_bits} address bits.\n",
        table(("memory", "address", "words", "bytes taken", "access", "content"), windows),
        _constants(example),
        _cells(example),
        _OPTIONS,
    ]
    return "\n".join(parts)


def _constants(example: Architecture) -> str:
    rows, offset = [], 0
    for name, width in constant_record_layout(example.core):
        kind = "two's complement" if name in RECORD_SIGNED_FIELDS else "unsigned"
        rows.append((f"`{name}`", f"{offset + width - 1}..{offset}" if width > 1 else offset, width, kind))
        offset += width
    return (
        "### Constant records\n\n"
        f"A record takes {record_words(example.core)} words here, a power of two in any core; bits above the last\n"
        "field are 0. The widths of `entry`, `adc` and `macro` follow from how many there are, those of `multiplier`\n"
        "and `offset` from `multiplier_bits` and `accumulator_bits`.\n\n"
        + table(("field", "bits", "width", "kind"), rows)
    )


def _cells(example: Architecture) -> str:
    core = example.core
    row = macro_word_index(core, macro=0, row=1, word=0)
    macro = macro_word_index(core, macro=1, row=0, word=0)
    return (
        "### Cells\n\n"
        f"The cells of a row are packed {cells_per_word(core)} to a word here (as many cells of\n"
        f"{core.macro.cell_bits} bits as 32 bits hold), first bit line in the lowest bits:\n"
        f"{words_per_row(core)} words a row. Macro, row and word have address bits of their own:\n\n"
        + code_block(f"word index in MACROS = macro * {macro} + row * {row} + word", "text")
        + "\nA row or a word that the macro does not have is not mapped.\n"
    )
