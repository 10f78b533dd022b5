"""The analog-to-digital conversion of one column or pair."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Converter:
    """Codes of an ADC for the integer dot product q in unit-cell units.

    Parameters
    ----------
    bits
        Resolution B.
    full_scale
        ``q_max`` = rows x (2^dac_bits - 1) x (2^cell_bits - 1).
    signed
        True for a differential pair: codes -2^(B-1)..2^(B-1)-1 instead of 0..2^B-1.
    gain
        Power of two, at most ``step``.
    fraction_bits
        F, the fraction bits of the conductance image; q is given as Q = q * 2^F.
    """

    bits: int
    full_scale: int
    signed: bool
    gain: int = 1
    fraction_bits: int = 0

    @property
    def lowest(self) -> int:
        """Lowest code."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def highest(self) -> int:
        """Highest code."""
        return (1 << (self.bits - 1)) - 1 if self.signed else (1 << self.bits) - 1

    @cached_property
    def step(self) -> int:
        """Smallest power of two with round(full_scale / step) <= highest code (ties to even)."""
        step = 1
        while round(self.full_scale / step) > self.highest:
            step *= 2
        return step

    @property
    def shift(self) -> int:
        """log2(step / gain): what the digital side shifts a code by."""
        return (self.step // self.gain).bit_length() - 1

    @property
    def largest_unclipped(self) -> int:
        """Largest |q| whose code is surely not clipped."""
        return (self.highest * self.step) // self.gain

    def convert(self, q: npt.NDArray[np.integer]) -> IntArray:
        """Return the codes of dot products ``q`` (already times 2^F), any shape."""
        step = self.step
        scaled = 2 * q.astype(np.int64) * self.gain + (step << self.fraction_bits)
        codes: IntArray = scaled >> (step.bit_length() + self.fraction_bits)
        return np.clip(codes, self.lowest, self.highest)

    def reconstruct(self, codes: npt.NDArray[np.integer]) -> IntArray:
        """Return what the digital side adds for each code: code * step / gain."""
        return codes.astype(np.int64) << self.shift
