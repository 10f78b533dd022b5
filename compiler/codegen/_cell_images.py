"""Cell levels of every macro: the weights where the mapping puts them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.compiler.mapper import layer_weights
from nngen.ir import Mapping, Network

IntArray = npt.NDArray[np.int64]


def cell_images(network: Network, mapping: Mapping, core: Core) -> IntArray:
    """Return the levels that the host writes, shape ``(macros, rows, columns)``; cells without a weight hold 0.

    Each macro holds what it needs in its first phase.
    """
    images = np.zeros((core.macros, core.macro.rows, core.macro.columns), np.int64)
    tiles = [tile for layer in mapping.layers for tile in layer.tiles]
    for phase in sorted({tile.phase for tile in tiles}, reverse=True):
        macros = sorted({tile.macro for tile in tiles if tile.phase == phase})
        images[macros] = phase_cells(network, mapping, core, phase=phase)[macros]
    return images


def phase_cells(network: Network, mapping: Mapping, core: Core, *, phase: int) -> IntArray:
    """Return the levels of the weights of one phase, of the same shape."""
    images = np.zeros((core.macros, core.macro.rows, core.macro.columns), np.int64)
    for layer in network.matrix_layers:
        weights = layer_weights(layer, core)
        for tile in mapping.layer(layer.name).tiles:
            if tile.phase != phase:
                continue
            levels = weights.split(layer.matrix[slice(*tile.input_range), slice(*tile.output_range)])
            columns = slice(tile.column, tile.column + levels.shape[1])
            images[tile.macro, tile.row : tile.row + tile.rows, columns] = levels
    return images
