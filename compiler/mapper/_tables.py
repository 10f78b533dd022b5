"""Look-up tables of a network: equal ones share a slot."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.ir import Layer, Network

IntArray = npt.NDArray[np.int64]


def different_tables(network: Network) -> tuple[IntArray, ...]:
    """Return the tables as the core holds them, 0 … 255 each, in the order in which layers need them."""
    found: dict[bytes, IntArray] = {}
    for layer in network.layers:
        if layer.table is not None:
            stored = _stored(layer.table)
            found.setdefault(stored.tobytes(), stored)
    return tuple(found.values())


def table_slot(network: Network, layer: Layer) -> int | None:
    """Return the number of a layer's table among the different ones; None where it has none."""
    if layer.table is None:
        return None
    stored = _stored(layer.table)
    return next(i for i, table in enumerate(different_tables(network)) if np.array_equal(table, stored))


def _stored(table: IntArray) -> IntArray:
    stored: IntArray = table.astype(np.int64) & 0xFF
    return stored
