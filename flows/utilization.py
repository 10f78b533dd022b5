"""How much of a chip a network uses: cells and converters by space, converters by time."""

from __future__ import annotations

from collections.abc import Mapping as Events
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from nngen.arch import Core, Macro
from nngen.ir import CoreSchedule, LayerMapping, Mapping, MatrixLayer, Network, Tile

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
        Rectangles it is cut into; (core, macro) of those they lie in.
    cells
        Cells that hold its weights.
    gain
        Of the column readout; the lowest where tiles differ.
    """

    layer: str
    matrix: tuple[int, int]
    slices: int
    tiles: int
    macros: tuple[tuple[int, int], ...]
    cells: int
    gain: int

    @property
    def macro_runs(self) -> str:
        """Macro numbers with runs shortened: 0-3, 7; of further cores behind the number of the core: 0-3, 7; 1: 0-5."""
        texts: list[str] = []
        for core, places in groupby(self.macros, key=lambda place: place[0]):
            runs = _runs([macro for _, macro in places])
            texts.append(f"{core}: {runs}" if core or texts else runs)
        return "; ".join(texts)


def _runs(numbers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


@dataclass(frozen=True, kw_only=True)
class Utilization:
    """What a network takes of a chip; each figure as (used, available).

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


def utilization(network: Network, mapping: Mapping, cores: Sequence[Core]) -> Utilization:
    """Count what a mapped network uses of a chip's cores."""
    macro = cores[0].macro
    layers = tuple(_layer(layer, mapping.layer(layer.name), macro) for layer in network.matrix_layers)
    macros = sum(core.macros for core in cores)
    converters = {
        (tile.place, conversion // macro.columns_per_adc)
        for use in layers
        for tile in mapping.layer(use.layer).tiles
        for conversion in _conversions(tile, use.slices, macro)
    }
    return Utilization(
        layers=layers,
        macros=(len({place for use in layers for place in use.macros}), macros),
        cells=(sum(use.cells for use in layers), macros * macro.rows * macro.columns),
        converters=(len(converters), macros * macro.adcs),
    )


def _layer(layer: MatrixLayer, mapped: LayerMapping, macro: Macro) -> LayerUse:
    weights = macro.weight_format(layer.weights)
    return LayerUse(
        layer=layer.name,
        matrix=(layer.rows, layer.outputs),
        slices=weights.slices,
        tiles=len(mapped.tiles),
        macros=tuple(sorted({tile.place for tile in mapped.tiles})),
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
    cores, programs = machine.cores, machine.program.cores
    counts = (
        ("macros", *used.macros),
        ("cells", *used.cells),
        ("converters", *used.converters),
        ("instructions", sum(len(p.instructions) for p in programs), sum(c.program_instructions for c in cores)),
        ("constant records", sum(len(p.records) for p in programs), sum(c.constant_records for c in cores)),
        ("activation bytes", sum(map(_bytes, machine.schedule.cores)), sum(c.activation_bytes for c in cores)),
    )
    return tuple(Total(name=name, used=part, available=whole) for name, part, whole in counts)


def _bytes(scheduled: CoreSchedule) -> int:
    return max((region.address + region.size for region in scheduled.regions), default=0)


def converter_share(events: Events[str, int], cores: Sequence[Core]) -> float:
    """Return the share of all converter cycles of a chip's run in which a converter converts."""
    adcs = sum(core.adcs for core in cores)
    return events["conversions"] * cores[0].macro.conversion_cycles / (adcs * events["cycles"])
