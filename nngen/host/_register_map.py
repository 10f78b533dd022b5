"""The host's view of the chip: registers and memory windows of the AXI4-Lite port, derived from the architecture.

Hardware, driver, documentation and C header are made from this one map. All accesses are 32-bit words; addresses are in
bytes and multiples of 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from nngen.arch import Core
from nngen.isa import EVENTS, coefficient_lanes, index_bits, record_words, words_per_row

MAGIC = 0x4E4E4731  # "NNG1"

Access = Literal["r", "w", "rw"]


@dataclass(frozen=True, kw_only=True)
class HostRegister:
    """A 32-bit register."""

    name: str
    address: int
    access: Access
    meaning: str
    reset: int = 0


@dataclass(frozen=True, kw_only=True)
class Window:
    """A range of addresses that is a memory. ``words`` 32-bit words from ``address`` on; size is a power of two."""

    name: str
    address: int
    words: int
    access: Access
    meaning: str

    @property
    def span(self) -> int:
        """Bytes the window takes in the address map."""
        return 1 << max(2, (self.words * 4 - 1).bit_length())


@dataclass(frozen=True, kw_only=True)
class RegisterMap:
    """Everything the host can reach, for one core."""

    registers: tuple[HostRegister, ...]
    windows: tuple[Window, ...]
    address_bits: int

    def register(self, name: str) -> HostRegister:
        """Return the register of this name."""
        return next(r for r in self.registers if r.name == name)

    def window(self, name: str) -> Window:
        """Return the window of this name."""
        return next(w for w in self.windows if w.name == name)


_CONTROL: tuple[tuple[str, Access, str, int], ...] = (
    ("MAGIC", "r", "0x4E4E4731: an nngen chip", MAGIC),
    (
        "ARCHITECTURE",
        "r",
        "first 32 bits of the architecture's SHA-256; programs for another one must not be loaded",
        0,
    ),
    ("START", "w", "writing 1 starts the program; ignored while the core runs", 0),
    ("STATUS", "r", "bit 0: running; bit 1: done since the last start", 0),
    ("CAUSE", "r", "why the core stopped: 0 HALT, else an error cause", 0),
    ("CAUSE_PC", "r", "address of the instruction that caused the error", 0),
    ("INTERRUPT_ENABLE", "rw", "bit 0: raise the interrupt line when a program ends", 0),
    ("INTERRUPT", "rw", "bit 0: a program has ended; write 1 to clear", 0),
    ("WATCHDOG", "rw", "cycles without progress after which the core stops; 0 = never", 1 << 16),
    ("LOOP_COUNT", "rw", "repetitions of LOOP instructions that ask the host", 1),
)
EVENT_BASE = 0x80
TABLE_ENTRIES = 256


def register_map(core: Core) -> RegisterMap:
    """Lay out registers and windows for a core.

    Macro m, row r, word k has the word index ``(m * 2^ceil(log2(rows)) + r) * 2^ceil(log2(words_per_row)) + k`` in the
    window MACROS: each index has bits of its own, so that hardware needs no multiplier.
    """
    registers = [
        HostRegister(name=name, address=4 * i, access=access, meaning=meaning, reset=reset)
        for i, (name, access, meaning, reset) in enumerate(_CONTROL)
    ]
    registers += [
        HostRegister(name=f"EVENT_{event.name.upper()}", address=EVENT_BASE + 4 * i, access="r", meaning=event.meaning)
        for i, event in enumerate(EVENTS)
    ]
    macro_words = core.macros << (index_bits(core.macro.rows) + _word_index_bits(core))
    sizes: list[tuple[str, int, Access, str]] = [
        ("PROGRAM", 2 * core.program_instructions, "w", "instructions, low word first; not while the core runs"),
        ("CONSTANTS", record_words(core) * core.constant_records, "w", "constant records; not while the core runs"),
        ("ACTIVATIONS", core.activation_bytes // 4, "rw", "activation memory; waits for the core's own accesses"),
        ("MACROS", macro_words, "w", "cells of the macros, packed; not while the core runs"),
    ]
    if core.vector is not None:
        words = core.vector.coefficient_words * coefficient_lanes(core) // 2
        sizes.append(("COEFFICIENTS", words, "w", "coefficients of VEC, two a word; not while the core runs"))
    if core.tables:
        words = core.tables * TABLE_ENTRIES // 4
        sizes.append(("TABLES", words, "w", "look-up tables of POST, four entries a word; not while the core runs"))
    windows: list[Window] = []
    end = 0x1000
    for name, words, access, meaning in sizes:
        window = Window(name=name, address=0, words=words, access=access, meaning=meaning)
        address = -(-end // window.span) * window.span
        windows.append(Window(name=name, address=address, words=words, access=access, meaning=meaning))
        end = address + window.span
    return RegisterMap(registers=tuple(registers), windows=tuple(windows), address_bits=(end - 1).bit_length())


@dataclass(frozen=True, kw_only=True)
class ChipMap:
    """Everything the host can reach in a chip: a block of addresses for each core.

    Parameters
    ----------
    cores
        What each core's block holds; addresses count from the block's first.
    block_bits
        A block has 2^block_bits bytes.
    """

    cores: tuple[RegisterMap, ...]
    block_bits: int

    @property
    def address_bits(self) -> int:
        """Width of an address."""
        return self.block_bits + (len(self.cores) - 1).bit_length()

    def base(self, core: int) -> int:
        """Return the first address of a core's block."""
        return core << self.block_bits


def chip_map(cores: Sequence[Core]) -> ChipMap:
    """Lay out the blocks of a chip's cores: each as large as the largest needs."""
    maps = tuple(register_map(core) for core in cores)
    return ChipMap(cores=maps, block_bits=max(one.address_bits for one in maps))


def _word_index_bits(core: Core) -> int:
    words = words_per_row(core)
    return 0 if words == 1 else (words - 1).bit_length()


def macro_word_index(core: Core, *, macro: int, row: int, word: int) -> int:
    """Return the index in the window MACROS of one programming word."""
    low = _word_index_bits(core)
    return (((macro << index_bits(core.macro.rows)) | row) << low) | word
