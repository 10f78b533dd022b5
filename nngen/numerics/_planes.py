"""Bit-serial input: an activation code enters the macro as planes of ``dac_bits`` bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class PlaneFormat:
    """How codes of one tensor are driven onto the word lines.

    Parameters
    ----------
    bits
        Width of the activation code in bits, 1 to 16.
    signed
        True for two's-complement codes.
    dac_bits
        Bits driven at once, 1 to 8.
    """

    bits: int
    signed: bool
    dac_bits: int

    @property
    def planes(self) -> int:
        """Number of planes, least significant first."""
        return -(-self.bits // self.dac_bits)

    @property
    def plane_maximum(self) -> int:
        """Largest value driven onto a word line."""
        return (1 << self.dac_bits) - 1

    @property
    def top_plane_negative(self) -> bool:
        """True where the top plane counts negative (signed codes in 1-bit planes)."""
        return self.signed and self.dac_bits == 1

    @property
    def offset(self) -> int:
        """What is added to a code before it is split (signed codes in wider planes); corrected in b."""
        return 1 << (self.bits - 1) if self.signed and self.dac_bits > 1 else 0

    @property
    def weights(self) -> tuple[int, ...]:
        """Signed weight of each plane: code + offset = sum of plane times weight."""
        weights = [1 << (self.dac_bits * p) for p in range(self.planes)]
        if self.top_plane_negative:
            weights[-1] = -weights[-1]
        return tuple(weights)

    def split(self, codes: npt.NDArray[np.integer]) -> IntArray:
        """Split codes of any shape into planes of shape ``(planes, *codes.shape)`` with values 0..2^dac_bits-1."""
        raw = (codes.astype(np.int64) + self.offset) & ((1 << self.bits) - 1)
        shifts = np.arange(self.planes, dtype=np.int64) * self.dac_bits
        planes = raw[None] >> shifts.reshape(-1, *([1] * codes.ndim))
        return planes & self.plane_maximum
