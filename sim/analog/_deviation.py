"""How far a cell's conductance strays from its level."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Deviation:
    """A normal deviation of each cell, independent of all others.

    Parameters
    ----------
    constant
        Standard deviation as a fraction of the conductance window (of the highest level), whatever the level.
    proportional
        Standard deviation as a fraction of the cell's own conductance. Both add as variances.
    """

    constant: float = 0.0
    proportional: float = 0.0

    def __post_init__(self) -> None:
        for name in ("constant", "proportional"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise InputError(f"{name} deviation must be a finite number of at least 0, not {value:g}")

    @property
    def is_none(self) -> bool:
        """Whether nothing strays."""
        return not (self.constant or self.proportional)

    def variance(self, conductance: FloatArray, window: float) -> FloatArray:
        """Return the variance of every cell; conductances and ``window`` in unit cells."""
        variance: FloatArray = np.float32((self.constant * window) ** 2) + (
            np.float32(self.proportional**2) * conductance * conductance
        )
        return variance
