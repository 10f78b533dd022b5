"""What an MVM does at a macro, for those who want to see its conversions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class MvmObservation:
    """The conversions of one MVM at one macro.

    Parameters
    ----------
    instruction
        Number of the MVM in the program.
    macro
        Number of the macro.
    place
        Place of the first conversion within every converter's group; the others follow it.
    gain
        Of the readout.
    planes
        What every row drives in each plane, shape ``(rows, planes, samples)``.
    codes
        Signed as the contract has them, shape ``(adcs, conversions of each, planes, samples)``.
    """

    instruction: int
    macro: int
    place: int
    gain: int
    planes: IntArray
    codes: IntArray


Observer = Callable[[MvmObservation], None]
