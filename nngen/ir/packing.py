"""Constant records and macro cells as the words that the core's memories and its programming port take."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.isa import (
    RECORD_SIGNED_FIELDS,
    cells_per_word,
    constant_record_bits,
    constant_record_layout,
    words_per_row,
)

from .program import ConstantRecord

IntArray = npt.NDArray[np.int64]


def pack_record(record: ConstantRecord, core: Core) -> int:
    """Return a constant record as one number; its 32-bit words follow each other, lowest first.

    Raises
    ------
    ProgramError
        Names the field that does not fit its width.
    """
    packed, offset = 0, 0
    for name, width in constant_record_layout(core):
        value = int(getattr(record, name))
        lowest, highest = _range(name, width)
        if not lowest <= value <= highest:
            raise ProgramError(f"constant record {name} must be {lowest} to {highest}, not {value}")
        packed |= (value & ((1 << width) - 1)) << offset
        offset += width
    return packed


def unpack_record(packed: int, core: Core) -> ConstantRecord:
    """Return the constant record that ``pack_record`` made this number of.

    Raises
    ------
    ProgramError
        Where bits beyond the record are set.
    """
    bits = constant_record_bits(core)
    if not 0 <= packed < 1 << bits:
        raise ProgramError(f"constant record must be {bits} bits wide, not {packed:#x}")
    values: dict[str, int] = {}
    for name, width in constant_record_layout(core):
        value = packed & ((1 << width) - 1)
        values[name] = value - (1 << width) if name in RECORD_SIGNED_FIELDS and value >> (width - 1) else value
        packed >>= width
    last = bool(values.pop("last"))
    return ConstantRecord(last=last, **values)


def _range(name: str, width: int) -> tuple[int, int]:
    if name in RECORD_SIGNED_FIELDS:
        return -(1 << (width - 1)), (1 << (width - 1)) - 1
    return 0, (1 << width) - 1


def pack_cells(levels: npt.NDArray[np.integer], core: Core) -> IntArray:
    """Return the programming words of cell levels.

    Parameters
    ----------
    levels
        Shape ``(..., columns)``: one row, a macro, or all macros.

    Returns
    -------
    Words 0..2^32-1, int64 of shape ``(..., words_per_row)``; the first bit line stands in the lowest bits.

    Raises
    ------
    ProgramError
        For a wrong number of columns or a level that a cell cannot hold.
    """
    columns, bits, a_word = core.macro.columns, core.macro.cell_bits, cells_per_word(core)
    wide = np.asarray(levels, np.int64)
    if wide.ndim == 0 or wide.shape[-1] != columns:
        raise ProgramError(f"cells of a row must be {columns}, not {wide.shape[-1] if wide.ndim else 1}")
    if wide.size and (wide.min() < 0 or wide.max() >= 1 << bits):
        wrong = int(wide.min()) if wide.min() < 0 else int(wide.max())
        raise ProgramError(f"level of a cell must be 0 to {(1 << bits) - 1}, not {wrong}")
    padded = np.zeros((*wide.shape[:-1], words_per_row(core) * a_word), np.int64)
    padded[..., :columns] = wide
    lanes = padded.reshape(*wide.shape[:-1], words_per_row(core), a_word)
    words: IntArray = np.bitwise_or.reduce(lanes << (np.arange(a_word, dtype=np.int64) * bits), axis=-1)
    return words


def unpack_cells(words: npt.NDArray[np.integer], core: Core) -> IntArray:
    """Return the cell levels, shape ``(..., columns)``, of programming words of shape ``(..., words_per_row)``.

    Raises
    ------
    ProgramError
        For a wrong number of words, or one with bits set that no cell takes.
    """
    columns, bits, a_word = core.macro.columns, core.macro.cell_bits, cells_per_word(core)
    wide = np.asarray(words, np.int64)
    if wide.ndim == 0 or wide.shape[-1] != words_per_row(core):
        raise ProgramError(f"words of a row must be {words_per_row(core)}, not {wide.shape[-1] if wide.ndim else 1}")
    lanes = wide[..., None] >> (np.arange(a_word, dtype=np.int64) * bits) & ((1 << bits) - 1)
    levels = lanes.reshape(*wide.shape[:-1], -1)[..., :columns]
    strange = pack_cells(levels, core) != wide
    if np.any(strange):
        raise ProgramError(f"programming word must have no bit set beyond its cells, not {int(wide[strange][0]):#x}")
    return levels
