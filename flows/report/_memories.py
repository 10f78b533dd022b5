"""The memories of a core, as its architecture sizes them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nngen.arch import Core
from nngen.isa import INSTRUCTION_BITS, constant_record_bits


@dataclass(frozen=True, kw_only=True)
class CoreMemory:
    """One kind of memory: ``count`` times ``words`` of ``bits``."""

    name: str
    meaning: str
    count: int
    words: int
    bits: int

    @property
    def kilobytes(self) -> float:
        """All of them in KiB."""
        return self.count * self.words * self.bits / 8192


def chip_memories(cores: Sequence[Core]) -> tuple[CoreMemory, ...]:
    """Return what the cores of a chip store, macros left out; memories of one kind and size are counted together."""
    found = Counter(memory for core in cores for memory in core_memories(core))
    return tuple(replace(memory, count=memory.count * times) for memory, times in found.items())


def core_memories(core: Core) -> tuple[CoreMemory, ...]:
    """Return what a core stores, macros left out."""
    macro = core.macro
    return (
        CoreMemory(
            name="activation memory",
            meaning="tensors with their padding",
            count=1,
            words=core.activation_bytes // core.word_bytes,
            bits=8 * core.word_bytes,
        ),
        CoreMemory(
            name="program memory",
            meaning="instructions",
            count=1,
            words=core.program_instructions,
            bits=INSTRUCTION_BITS,
        ),
        CoreMemory(
            name="constant memory",
            meaning="requantization records",
            count=1,
            words=core.constant_records,
            bits=constant_record_bits(core),
        ),
        CoreMemory(
            name="row buffers",
            meaning="two banks a macro: codes that drive the word lines",
            count=2 * core.macros,
            words=macro.rows,
            bits=core.activation_bits,
        ),
        CoreMemory(
            name="accumulators",
            meaning="two banks an ADC: one entry for each column it serves",
            count=2 * core.adcs,
            words=core.accumulator_entries,
            bits=core.accumulator_bits,
        ),
        CoreMemory(
            name="output buffers",
            meaning="two banks: what STORE writes",
            count=2,
            words=core.output_buffer_bytes,
            bits=8,
        ),
    )
