"""Which cores work for a layer, and which memories hold a tensor, by a mapping."""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from nngen.ir import Layer, LayerMapping, Mapping, MatrixLayer, Network

from .mapping_work import is_split

Cores = frozenset[int]


def cores_of(layer: Layer, mapping: LayerMapping) -> Cores:
    """Return the cores that read a layer's input."""
    return (
        frozenset(tile.core for tile in mapping.tiles) if isinstance(layer, MatrixLayer) else frozenset({mapping.core})
    )


def holders_of(network: Network, mapping: Mapping) -> dict[str, Cores]:
    """Return the cores that hold each tensor which the host or a layer writes.

    They are those that read it, and of an output of the network the lowest core that finishes some of it.
    """
    by_name = {layer.layer: layer for layer in mapping.layers}
    holders: dict[str, set[int]] = {entry.tensor: set() for entry in network.inputs}
    holders |= {layer.output: set() for layer in network.layers}
    for layer in network.layers:
        for name in layer.inputs:
            holders[name] |= cores_of(layer, by_name[layer.name])
    kept = {entry.tensor for entry in network.outputs}
    for layer in network.layers:
        if layer.output in kept or not holders[layer.output]:
            holders[layer.output].add(_home(layer, by_name[layer.name]))
    return {name: frozenset(cores or {0}) for name, cores in holders.items()}


def circles_of(network: Network, mapping: Mapping, cores: int) -> tuple[Cores, ...]:
    """Return the cores in groups: those that give tensors to each other, directly or in a circle, are in one."""
    gives = np.zeros((cores, cores), np.bool_)
    for layer in network.layers:
        for reader in network.readers(layer.output):
            for core in cores_of(layer, mapping.layer(layer.name)):
                gives[core, sorted(cores_of(reader, mapping.layer(reader.name)))] = True
    count, group = connected_components(gives, directed=True, connection="strong")
    found = [frozenset(np.flatnonzero(group == number).tolist()) for number in range(count)]
    return tuple(sorted(found, key=min))


def _home(layer: Layer, mapping: LayerMapping) -> int:
    split = isinstance(layer, MatrixLayer) and is_split(layer, mapping)
    return mapping.core if split else min(cores_of(layer, mapping))
