"""Look-up tables as a core holds them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.compiler.mapper import different_tables
from nngen.ir import Network

IntArray = npt.NDArray[np.int64]


def table_image(network: Network, core: Core) -> IntArray:
    """Return the different tables of a network, as many as a core has, shape ``(tables, 256)``, 0 … 255.

    A table has the same number in all cores of a chip; one with fewer tables runs no layer that needs the others.
    """
    return np.array(different_tables(network)[: core.tables], np.int64).reshape(-1, 256)
