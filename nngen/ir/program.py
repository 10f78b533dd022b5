"""Program: what the machine loads. Instructions, constant records and macro images of every core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.isa import Instruction

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ConstantRecord:
    """One record of POST: which accumulator to add, and, where ``last``, the constants of the finished sum.

    Records that are not ``last`` have m = b = s = 0.
    """

    macro: int
    adc: int
    entry: int
    last: bool
    multiplier: int = 0
    offset: int = 0
    shift: int = 0


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
    """

    core: int
    instructions: tuple[Instruction | int, ...]
    layer_starts: tuple[tuple[str, int], ...]
    records: tuple[ConstantRecord, ...]
    cells: IntArray


@dataclass(frozen=True, kw_only=True)
class Program:
    """The whole chip's program; a loader refuses it where ``architecture_sha256`` is not its own."""

    architecture_sha256: str
    cores: tuple[CoreProgram, ...]
