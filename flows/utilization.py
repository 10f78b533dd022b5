"""How much of a chip a network uses: cells and converters by space, converters by time."""

from __future__ import annotations

from collections.abc import Mapping as Events
from dataclasses import dataclass

import numpy as np

from nngen.arch import Core
from nngen.ir import LayerMapping, Mapping, MatrixLayer, Network
from nngen.numerics import slices_needed

__all__ = ["LayerUse", "Utilization", "converter_share", "utilization"]


@dataclass(frozen=True, kw_only=True)
class LayerUse:
    """What one layer takes.

    Parameters
    ----------
    layer
        Its name.
    matrix
        (rows, outputs) of its weights.
    slices
        Cell pairs a weight takes.
    tiles, macros
        Rectangles it is cut into, macros they lie in.
    cells
        Cells that hold its weights.
    gain
        Of the column readout; the lowest where tiles differ.
    """

    layer: str
    matrix: tuple[int, int]
    slices: int
    tiles: int
    macros: tuple[int, ...]
    cells: int
    gain: int


@dataclass(frozen=True, kw_only=True)
class Utilization:
    """What a network takes of a core; each figure as (used, available).

    Parameters
    ----------
    layers
        In the network's order.
    macros, cells, converters
        Macros with a weight in them; cells that hold weights; ADCs that convert for a weight.
    """

    layers: tuple[LayerUse, ...]
    macros: tuple[int, int]
    cells: tuple[int, int]
    converters: tuple[int, int]


def utilization(network: Network, mapping: Mapping, core: Core) -> Utilization:
    """Count what a mapped network uses of a core."""
    layers = tuple(_layer(layer, mapping.layer(layer.name), core) for layer in network.matrix_layers)
    macro = core.macro
    converters = {
        (tile.macro, pair // macro.columns_per_adc)
        for use in layers
        for tile in mapping.layer(use.layer).tiles
        for pair in range(tile.column // 2, tile.column // 2 + use.slices * tile.outputs)
    }
    return Utilization(
        layers=layers,
        macros=(len({number for use in layers for number in use.macros}), core.macros),
        cells=(sum(use.cells for use in layers), core.macros * macro.rows * macro.columns),
        converters=(len(converters), core.adcs),
    )


def _layer(layer: MatrixLayer, mapped: LayerMapping, core: Core) -> LayerUse:
    slices = slices_needed(int(np.abs(layer.weights).max(initial=0)), core.macro.cell_bits)
    return LayerUse(
        layer=layer.name,
        matrix=(layer.rows, layer.outputs),
        slices=slices,
        tiles=len(mapped.tiles),
        macros=tuple(sorted({tile.macro for tile in mapped.tiles})),
        cells=sum(2 * slices * tile.rows * tile.outputs for tile in mapped.tiles),
        gain=min(tile.gain or 1 for tile in mapped.tiles),
    )


def converter_share(events: Events[str, int], core: Core) -> float:
    """Return the share of all converter cycles of a run in which a converter converts."""
    return events["conversions"] * core.macro.conversion_cycles / (core.adcs * events["cycles"])
