"""How much of a chip a network uses: cells and converters by space, converters by time."""

from __future__ import annotations

from collections.abc import Mapping as Events
from dataclasses import dataclass

from nngen.arch import Core, Macro
from nngen.ir import LayerMapping, Mapping, MatrixLayer, Network, Tile

from .machine import Machine

__all__ = ["LayerUse", "Total", "Utilization", "converter_share", "totals", "utilization"]


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
        Conversions of a weight: cells, or pairs of cells, that hold it.
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

    @property
    def macro_runs(self) -> str:
        """Macro numbers with runs shortened: 0-3, 7."""
        runs: list[list[int]] = []
        for number in self.macros:
            if runs and number == runs[-1][-1] + 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


@dataclass(frozen=True, kw_only=True)
class Utilization:
    """What a network takes of a core; each figure as (used, available).

    Parameters
    ----------
    layers
        Those with a weight matrix, in the network's order.
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
        (tile.macro, conversion // macro.columns_per_adc)
        for use in layers
        for tile in mapping.layer(use.layer).tiles
        for conversion in _conversions(tile, use.slices, macro)
    }
    return Utilization(
        layers=layers,
        macros=(len({number for use in layers for number in use.macros}), core.macros),
        cells=(sum(use.cells for use in layers), core.macros * macro.rows * macro.columns),
        converters=(len(converters), core.adcs),
    )


def _layer(layer: MatrixLayer, mapped: LayerMapping, core: Core) -> LayerUse:
    weights = core.macro.weight_format(layer.weights)
    return LayerUse(
        layer=layer.name,
        matrix=(layer.rows, layer.outputs),
        slices=weights.slices,
        tiles=len(mapped.tiles),
        macros=tuple(sorted({tile.macro for tile in mapped.tiles})),
        cells=sum(weights.columns * tile.rows * tile.outputs for tile in mapped.tiles),
        gain=min(tile.gain or 1 for tile in mapped.tiles),
    )


def _conversions(tile: Tile, slices: int, macro: Macro) -> range:
    first = tile.column // macro.lines
    return range(first, first + slices * tile.outputs)


@dataclass(frozen=True, kw_only=True)
class Total:
    """How much of one resource of the chip is in use."""

    name: str
    used: int
    available: int


def totals(machine: Machine, used: Utilization) -> tuple[Total, ...]:
    """Return what a built network takes of its chip: macros, cells, converters, memories."""
    core, program = machine.core, machine.program
    regions = machine.schedule.cores[0].regions
    counts = (
        ("macros", *used.macros),
        ("cells", *used.cells),
        ("converters", *used.converters),
        ("instructions", len(program.instructions), core.program_instructions),
        ("constant records", len(program.records), core.constant_records),
        ("activation bytes", max(region.address + region.size for region in regions), core.activation_bytes),
    )
    return tuple(Total(name=name, used=part, available=whole) for name, part, whole in counts)


def converter_share(events: Events[str, int], core: Core) -> float:
    """Return the share of all converter cycles of a run in which a converter converts."""
    return events["conversions"] * core.macro.conversion_cycles / (core.adcs * events["cycles"])
