"""Program: what the machine loads. Instructions, constant records and macro images of every core."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nngen.isa import Instruction

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ConstantRecord:
    """One record of POST: which accumulator to add, and, where ``last``, the constants of the finished sum.

    Records that are not ``last`` have m = b = s = 0. The second constants, of negative sums, exist only in cores with
    ``negative_slope``.
    """

    macro: int
    adc: int
    entry: int
    last: bool
    multiplier: int = 0
    offset: int = 0
    shift: int = 0
    negative_multiplier: int = 0
    negative_offset: int = 0


@dataclass(frozen=True, kw_only=True)
class MemoryImage:
    """What the host writes into activation memory once, with the program: it stays there from run to run.

    Parameters
    ----------
    address
        First byte, a multiple of 4.
    words
        32 bits each, little endian in memory; int64 of one dimension.
    """

    address: int
    words: IntArray

    @property
    def content(self) -> npt.NDArray[np.uint8]:
        """The bytes in memory from ``address`` on."""
        return self.words.astype("<u4").view(np.uint8)


@dataclass(frozen=True, kw_only=True)
class CoreProgram:
    """What one core loads.

    Parameters
    ----------
    instructions
        In program order; 64-bit words may stand for instructions, legal or not.
    layer_starts
        ``(layer name, index of its first instruction)`` in order; the layer reaches to the next one's start.
    records
        Constant memory.
    cells
        Cell levels per macro, int64 of shape ``(macros, rows, columns)``.
    coefficients
        Coefficient memory of VEC from its first word on, int64 of shape ``(words, word_bytes)``, 16 bits each, signed.
    tables
        Look-up tables, int64 of shape ``(tables, 256)``, 0 … 255.
    memory
        Weights that the program loads while it runs (PROG); None where there are none.
    """

    core: int
    instructions: tuple[Instruction | int, ...]
    layer_starts: tuple[tuple[str, int], ...]
    records: tuple[ConstantRecord, ...]
    cells: IntArray
    coefficients: IntArray = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    tables: IntArray = field(default_factory=lambda: np.zeros((0, 256), np.int64))
    memory: MemoryImage | None = None

    @property
    def layer_ranges(self) -> dict[str, range]:
        """Addresses of each layer's instructions, by its name; HALT, at the end, is no layer's.

        Empty for a core that no layer uses.
        """
        marks = (*self.layer_starts, ("", len(self.instructions) - 1))
        return {name: range(start, end) for (name, start), (_, end) in pairwise(marks)}


@dataclass(frozen=True, kw_only=True)
class Program:
    """The whole chip's program; a loader refuses it where ``architecture_sha256`` is not its own."""

    architecture_sha256: str
    cores: tuple[CoreProgram, ...]
