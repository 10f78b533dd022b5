"""Cell levels of every macro: the weights where the mapping puts them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.compiler.mapper import layer_slices
from nngen.ir import Mapping, Network
from nngen.numerics import cell_codes

IntArray = npt.NDArray[np.int64]


def cell_images(network: Network, mapping: Mapping, core: Core) -> IntArray:
    """Return the levels, shape ``(macros, rows, columns)``; cells without a weight hold 0."""
    macro = core.macro
    images = np.zeros((core.macros, macro.rows, macro.columns), np.int64)
    for layer in network.matrix_layers:
        slices = layer_slices(layer, core)
        for tile in mapping.layer(layer.name).tiles:
            weights = layer.matrix[slice(*tile.input_range), slice(*tile.output_range)]
            levels = cell_codes(weights, cell_bits=macro.cell_bits, slices=slices)
            columns = slice(tile.column, tile.column + levels.shape[1])
            images[tile.macro, tile.row : tile.row + tile.rows, columns] = levels
    return images
