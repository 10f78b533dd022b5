"""Chips of several cores, and mappings onto them: every choice from one seeded generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from nngen.arch import Architecture, Bus, Core
from nngen.compiler.mapper import layer_weights
from nngen.ir import LayerMapping, Mapping, MatrixLayer, Network, Tile

from .randoms import random_cuts, random_tiles


def joined(base: Architecture, cores: Sequence[Core]) -> Architecture:
    """Return a chip of these cores, joined by a bus where they are several."""
    bus = Bus(cores=len(cores), memory_bytes=max(core.activation_bytes for core in cores)) if len(cores) > 1 else None
    return replace(base, cores=tuple(replace(core, bus=bus) for core in cores))


def several(base: Architecture, count: int, **changes: int) -> Architecture:
    """Return a chip of ``count`` cores like the one of ``base``, but for ``changes``."""
    return joined(base, [replace(base.core, **changes)] * count)  # type: ignore[arg-type]  # fields that are numbers


def random_cores(rng: Generator, base: Architecture) -> Architecture:
    """Return a chip of two to five cores like the one of ``base``, of different sizes."""
    return joined(
        base,
        [
            replace(
                base.core,
                macros=int(rng.choice([1, 2, 3, 5, 8])),
                activation_bytes=base.core.activation_bytes * int(rng.choice([1, 1, 2])),
                queue_depth=int(rng.integers(2, 6)),
                output_buffer_bytes=base.core.word_bytes * int(rng.integers(1, 9)),
            )
            for _ in range(int(rng.integers(2, 6)))
        ],
    )


def random_chip_mapping(
    rng: Generator, network: Network, architecture: Architecture, *, rows: bool = False, chain: bool = False
) -> Mapping | None:
    """Return a mapping of outputs of each layer to some of the cores, or None where tiles met no room.

    With ``rows``, ranges of matrix rows of one output may lie on different cores. With ``chain`` layers follow each
    other from core to core.
    """
    count = len(architecture.cores)
    macro = architecture.core.macro
    taken = [np.zeros((core.macros, macro.rows, macro.conversions), np.bool_) for core in architecture.cores]
    layers = []
    for number, layer in enumerate(network.layers):
        home = number % count if chain else int(rng.integers(count))
        tiles: list[Tile] = []
        if isinstance(layer, MatrixLayer):
            able = [home] if chain else rng.permutation(count)[: int(rng.integers(1, count + 1))].tolist()
            found = _layer_tiles(rng, layer, architecture, able, taken, rows=rows)
            if found is None:
                return None
            tiles = found
        layers.append(LayerMapping(layer=layer.name, core=home, tiles=tuple(tiles)))
    return Mapping(layers=tuple(layers))


def _layer_tiles(
    rng: Generator,
    layer: MatrixLayer,
    architecture: Architecture,
    able: list[int],
    taken: list[np.ndarray[tuple[int, ...], np.dtype[np.bool_]]],
    *,
    rows: bool,
) -> list[Tile] | None:
    tiles: list[Tile] = []
    slices = layer_weights(layer, architecture.core).slices
    for outputs in random_cuts(rng, layer.outputs, layer.outputs):
        number = int(rng.choice(able))
        for inputs in random_cuts(rng, layer.rows, architecture.core.macro.rows):
            if rows and rng.random() < 0.5:
                number = int(rng.choice(able))
            core = architecture.cores[number]
            found = random_tiles(rng, inputs, outputs, slices=slices, core=core, taken=taken[number])
            if found is None:
                return None
            tiles += [tile.model_copy(update={"core": number}) for tile in found]
    rng.shuffle(tiles)  # type: ignore[arg-type]  # a list works as well as an array
    return tiles
