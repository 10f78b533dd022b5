"""Differential weight encoding: a signed weight as slices of ``cell_bits`` bits on a pair of bit lines.

The slice of a positive weight lies on the positive line (even column), that of a negative one on the negative line (odd
column); the other cell of the pair is zero. Slices are adjacent pairs, least significant first.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def slices_needed(largest_magnitude: int, cell_bits: int) -> int:
    """Return how many cells of ``cell_bits`` bits hold the magnitude ``largest_magnitude``; at least one."""
    return max(1, -(-int(largest_magnitude).bit_length() // cell_bits))


def cell_codes(weights: npt.NDArray[np.integer], *, cell_bits: int, slices: int) -> IntArray:
    """Return the cell levels of a weight matrix.

    Parameters
    ----------
    weights
        Integers of shape ``(rows, outputs)`` with ``|w| < 2^(cell_bits * slices)``.

    Returns
    -------
    Levels 0..2^cell_bits-1 of shape ``(rows, outputs * slices * 2)``: the tile's bit lines in order.
    """
    rows, outputs = weights.shape
    magnitude = np.abs(weights.astype(np.int64))
    shifts = np.arange(slices, dtype=np.int64) * cell_bits
    levels = (magnitude[:, :, None] >> shifts) & ((1 << cell_bits) - 1)
    positive = np.where(weights[:, :, None] > 0, levels, 0)
    negative = np.where(weights[:, :, None] < 0, levels, 0)
    return np.stack([positive, negative], axis=-1).reshape(rows, outputs * slices * 2)


def combine_cells(cells: npt.NDArray[np.integer]) -> IntArray:
    """Return what each pair computes with: positive minus negative level, shape ``(rows, columns // 2)``."""
    wide = cells.astype(np.int64)
    return wide[:, 0::2] - wide[:, 1::2]
