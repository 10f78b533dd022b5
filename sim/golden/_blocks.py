"""A layer's weights as the machine holds them: blocks of cells that are driven and converted alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.ir import LayerMapping, MatrixLayer
from nngen.numerics import WeightFormat, combine_cells

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Block:
    """Tiles of the same matrix rows with the same gain: one matrix product serves them.

    Parameters
    ----------
    rows
        [a, b) of the layer's weight matrix; each range is converted on its own.
    outputs
        Output channels, shape ``(outputs,)``.
    gain
        Gain of the column readout; None where calibration has not chosen yet.
    levels
        What each conversion computes with, shape ``(rows, outputs * slices)``; slices of an output are adjacent.
    """

    rows: tuple[int, int]
    outputs: IntArray
    gain: int | None
    levels: IntArray

    @property
    def largest_level_sum(self) -> int:
        """Largest magnitude of a conversion's dot product with planes of 0 and 1: all cells of one sign driven."""
        positive = np.maximum(self.levels, 0).sum(axis=0)
        negative = np.maximum(-self.levels, 0).sum(axis=0)
        return int(max(positive.max(), negative.max()))


def blocks_of(layer: MatrixLayer, mapping: LayerMapping, weights: WeightFormat) -> tuple[Block, ...]:
    """Return the blocks of a layer in the order of their rows.

    Replicas hold the same weights again, for other output positions; the first one stands for all.
    """
    outputs: dict[tuple[tuple[int, int], int | None], list[int]] = {}
    for tile in mapping.tiles:
        if tile.replica == 0:
            outputs.setdefault((tile.input_range, tile.gain), []).extend(range(*tile.output_range))
    ordered = sorted(outputs.items(), key=lambda item: (item[0][0], item[0][1] or 0))
    return tuple(
        Block(
            rows=rows,
            outputs=np.array(sorted(channels), np.int64),
            gain=gain,
            levels=_levels(layer.matrix[slice(*rows), sorted(channels)], weights),
        )
        for (rows, gain), channels in ordered
    )


def _levels(matrix: IntArray, weights: WeightFormat) -> IntArray:
    return combine_cells(weights.split(matrix), encoding=weights.encoding)
