"""Converters whose capacitors or comparators stray, the same in their SPICE and their Verilog views."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import CellUse

FloatArray = npt.NDArray[np.float64]

_UNIT_CAPACITOR = 0.2  # standard deviation of a unit capacitor; of 2^k of them together 1 / sqrt(2^k) of it
_THRESHOLD = 0.8  # standard deviation of a comparator's threshold, in LSB
_FRACTION_BITS = 16  # of the Verilog views' fixed point


@dataclass(frozen=True, kw_only=True)
class Mismatch:
    """What the parameters of a converter's views hold, in LSB: a weight for each bit, or a threshold for each code.

    Parameters
    ----------
    kind
        ``weights`` or ``thresholds``.
    values
        From bit 0, or from code 1; whole multiples of 2^-16, as the Verilog view has them.
    """

    kind: str
    values: FloatArray

    @classmethod
    def nominal(cls, adc: CellUse) -> Mismatch | None:
        """Return the values of a converter that does not stray; None for one whose views have none."""
        bits = int(adc.parameters["bits"])
        if adc.cell.mismatch == "weights":
            return cls(kind="weights", values=(1 << np.arange(bits)).astype(np.float64))
        if adc.cell.mismatch == "thresholds":
            return cls(kind="thresholds", values=np.arange(1, 1 << bits).astype(np.float64) - 0.5)
        return None

    def strayed(self, generator: np.random.Generator) -> Mismatch:
        """Return a converter that strays, so far that codes move."""
        draws = generator.standard_normal(len(self.values))
        if self.kind == "weights":
            spread = _UNIT_CAPACITOR * np.sqrt(self.values)
        else:
            spread = np.full(len(self.values), _THRESHOLD)
        one = 1 << _FRACTION_BITS
        values: FloatArray = np.maximum(np.round((self.values + spread * draws) * one), 1) / one
        return Mismatch(kind=self.kind, values=values)

    @property
    def spice_parameters(self) -> dict[str, float]:
        """Parameters of the subcircuit."""
        name, first = ("weight", 0) if self.kind == "weights" else ("threshold", 1)
        return {f"{name}_{number}": float(value) for number, value in enumerate(self.values, start=first)}

    @property
    def verilog_parameter(self) -> tuple[str, str]:
        """Name and value of the module's parameter: all values in 16.16 fixed point, the first lowest."""
        packed = sum(
            int(value) << (32 * place) for place, value in enumerate(np.round(self.values * (1 << _FRACTION_BITS)))
        )
        return self.kind.upper(), f"{32 * len(self.values)}'h{packed:x}"
