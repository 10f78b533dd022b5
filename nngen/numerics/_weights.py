"""Weight encodings: a signed weight as slices of ``cell_bits`` bits, each converted on its own.

``differential``
    A slice takes a pair of bit lines that is converted as one. The levels of a positive weight lie on the positive line
    (even column), those of a negative one on the negative line (odd column); the other cell of the pair holds 0.
``twos_complement``
    All bits but the sign fill slices on single bit lines; the sign, level 0 or 1, has a last slice of its own that
    counts negative.
``offset``
    Slices on single bit lines hold u = w + 2^(bits - 1), which is never negative. The digital side takes the sum of
    what was driven, times 2^(bits - 1), away again.

Slices of a weight are adjacent, least significant first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ._widths import signed_bits

IntArray = npt.NDArray[np.int64]
Encoding = Literal["differential", "twos_complement", "offset"]
ENCODINGS: tuple[Encoding, ...] = ("differential", "twos_complement", "offset")


def lines_of(encoding: Encoding) -> int:
    """Return the bit lines that one conversion reads."""
    return 2 if encoding == "differential" else 1


def combine_cells(cells: npt.NDArray[np.integer], *, encoding: Encoding = "differential") -> IntArray:
    """Return what each conversion computes with: the level, or of a pair the positive minus the negative one.

    Parameters
    ----------
    cells
        Levels of shape ``(rows, columns)``.

    Returns
    -------
    Shape ``(rows, conversions)``.
    """
    wide = cells.astype(np.int64)
    return wide[:, 0::2] - wide[:, 1::2] if lines_of(encoding) == 2 else wide


@dataclass(frozen=True, kw_only=True)
class WeightFormat:
    """How the weights of one layer are stored in cells.

    Parameters
    ----------
    encoding
        How a weight gets its sign.
    bits
        Of the widest weight: of its magnitude in ``differential``, of its two's complement in the other encodings.
    cell_bits
        Bits of a cell's level, 1 to 8.
    """

    encoding: Encoding
    bits: int
    cell_bits: int

    @classmethod
    def of(cls, weights: npt.NDArray[np.integer], *, encoding: Encoding, cell_bits: int) -> WeightFormat:
        """Return the format of the fewest bits that holds all ``weights``, of any shape."""
        lowest, highest = int(weights.min(initial=0)), int(weights.max(initial=0))
        if encoding == "differential":
            bits = max(1, highest.bit_length(), lowest.bit_length())
        else:
            bits = signed_bits(lowest, highest)
        return cls(encoding=encoding, bits=bits, cell_bits=cell_bits)

    @property
    def lines(self) -> int:
        """Bit lines of a slice."""
        return lines_of(self.encoding)

    @property
    def columns(self) -> int:
        """Bit lines of a weight."""
        return self.slices * self.lines

    @property
    def slices(self) -> int:
        """Conversions of a weight in each plane."""
        return self._level_slices + self.negative_slice

    @property
    def negative_slice(self) -> bool:
        """Whether the last slice counts negative."""
        return self.encoding == "twos_complement"

    @property
    def offset(self) -> int:
        """What is added to every weight before it is stored."""
        return 1 << (self.bits - 1) if self.encoding == "offset" else 0

    @property
    def slice_weights(self) -> tuple[int, ...]:
        """Signed weight of each slice: weight + offset = sum of level times slice weight."""
        weights = [1 << (self.cell_bits * s) for s in range(self.slices)]
        if self.negative_slice:
            weights[-1] = -weights[-1]
        return tuple(weights)

    def split(self, weights: npt.NDArray[np.integer]) -> IntArray:
        """Return the cell levels of a weight matrix.

        Parameters
        ----------
        weights
            Integers of shape ``(rows, outputs)`` that the format holds.

        Returns
        -------
        Levels 0..2^cell_bits-1 of shape ``(rows, outputs * columns)``: the bit lines in order.
        """
        wide = weights.astype(np.int64)
        if self.encoding == "differential":
            lines = [self._levels(np.maximum(wide, 0)), self._levels(np.maximum(-wide, 0))]
            levels = np.stack(lines, axis=-1)
        else:
            levels = self._levels(wide + self.offset)
            if self.negative_slice:
                levels = np.append(levels, (wide[:, :, None] < 0).astype(np.int64), axis=-1)
        return levels.reshape(len(wide), -1)

    def combine(self, cells: npt.NDArray[np.integer]) -> IntArray:
        """Return the weights that cells of shape ``(rows, outputs * columns)`` hold: what ``split`` took apart."""
        levels = combine_cells(cells, encoding=self.encoding).reshape(len(cells), -1, self.slices)
        weights: IntArray = levels @ np.array(self.slice_weights) - self.offset
        return weights

    @property
    def _level_slices(self) -> int:
        """Slices that hold levels: all but that of the sign."""
        if self.negative_slice:
            return -(-(self.bits - 1) // self.cell_bits)
        return -(-self.bits // self.cell_bits)

    def _levels(self, values: IntArray) -> IntArray:
        """Return the levels of ``values`` modulo what the slices hold, on a last axis of their own."""
        shifts = np.arange(self._level_slices, dtype=np.int64) * self.cell_bits
        levels: IntArray = (values[:, :, None] >> shifts) & ((1 << self.cell_bits) - 1)
        return levels
