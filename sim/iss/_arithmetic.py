"""Two's complement."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]


def wrap(values: IntArray, bits: int) -> IntArray:
    """Return values as two's complement numbers of ``bits`` bits."""
    half = np.int64(1 << (bits - 1))
    return ((values + half) & np.int64((1 << bits) - 1)) - half
