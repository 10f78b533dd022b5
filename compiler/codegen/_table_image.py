"""Look-up tables as the core holds them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.compiler.mapper import different_tables
from nngen.ir import Network

IntArray = npt.NDArray[np.int64]


def table_image(network: Network, *, used: bool) -> IntArray:
    """Return the different tables of a network, shape ``(tables, 256)``, 0 … 255; none for a core that uses none."""
    if not used:
        return np.zeros((0, 256), np.int64)
    return np.array(different_tables(network), np.int64).reshape(-1, 256)
