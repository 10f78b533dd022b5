"""Integer matrix products through BLAS: floats of a width in which every partial sum is an integer and exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

IntArray = npt.NDArray[np.int64]
Matrix = npt.NDArray[Any]
FLOAT32_EXACT = 1 << 24
FLOAT64_EXACT = 1 << 53


def exact_type(bound: int) -> np.dtype[Any]:
    """Return the fastest type that holds every integer of magnitude up to ``bound``.

    A sum of integers whose magnitudes add up to ``bound`` is exact in it, whatever the order and grouping.
    """
    if bound < FLOAT32_EXACT:
        return np.dtype(np.float32)
    return np.dtype(np.float64 if bound < FLOAT64_EXACT else np.int64)


def largest_sum(weights: npt.NDArray[np.integer], largest_factor: int) -> int:
    """Return the bound of ``exact_type`` for a product with weights of shape ``(rows, columns)``.

    ``largest_factor`` is the largest magnitude of what they are multiplied with.
    """
    if not weights.size:
        return 0
    return int(np.abs(weights.astype(np.int64)).sum(axis=0).max()) * largest_factor


def product(left: Matrix, right: Matrix) -> IntArray:
    """Return ``left @ right`` as integers; both hold integers in the type that ``exact_type`` gave."""
    sums: IntArray = np.matmul(left, right).astype(np.int64, copy=False)
    return sums
