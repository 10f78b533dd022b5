"""A converter's transfer as a table: from a dot product to what the digital side adds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nngen.numerics import Converter

IntArray = npt.NDArray[np.int64]
Transfer = Callable[[IntArray], IntArray]

# Largest |q| for which a table is made; 16 bytes for each.
LARGEST_TABLE = 1 << 18


def transfer(converter: Converter, largest: int) -> Transfer:
    """Return the function from dot products of magnitude up to ``largest`` to ``code * step / gain``.

    One look-up takes a fifth of the time of the arithmetic. A negative q finds its entry from the table's end.
    """
    if largest > LARGEST_TABLE:
        return lambda q: converter.reconstruct(converter.convert(q))
    every = np.concatenate([np.arange(largest + 1), np.arange(-largest, 0)])
    table = converter.reconstruct(converter.convert(every))
    return lambda q: table[q]
