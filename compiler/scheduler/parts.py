"""Parts of layers: what each core has to do with a layer, and which tensors its memory holds for that.

1. A matrix layer has a part on each core that has tiles of it, a vector layer on the core that its mapping names.
2. A tensor lives in the memory of every core that has a part in a layer which reads it, an output of the network also
   in that of the lowest core that computes some of it. One that nobody reads lives there alone.
"""

from __future__ import annotations

from nngen.ir import Layer, Mapping, MatrixLayer, Network

Cores = tuple[int, ...]


def cores_of(layer: Layer, mapping: Mapping) -> Cores:
    """Return the cores that have a part in a layer, ascending."""
    mapped = mapping.layer(layer.name)
    if isinstance(layer, MatrixLayer):
        return tuple(sorted({tile.core for tile in mapped.tiles}))
    return (mapped.core,)


def layers_on(network: Network, mapping: Mapping, core: int) -> tuple[Layer, ...]:
    """Return the layers in which a core has a part, in their order."""
    return tuple(layer for layer in network.layers if core in cores_of(layer, mapping))


def mapping_on(mapping: Mapping, core: int) -> Mapping:
    """Return the mapping without the tiles on other cores."""
    layers = [
        layer.model_copy(update={"tiles": tuple(tile for tile in layer.tiles if tile.core == core)})
        for layer in mapping.layers
    ]
    return mapping.model_copy(update={"layers": tuple(layers)})


def holders_of(network: Network, mapping: Mapping) -> dict[str, Cores]:
    """Return the cores, ascending, that hold each tensor which the host or a layer writes."""
    written = [entry.tensor for entry in network.inputs] + [layer.output for layer in network.layers]
    return {name: _holders(network, mapping, name) for name in dict.fromkeys(written)}


def _holders(network: Network, mapping: Mapping, name: str) -> Cores:
    readers = {core for layer in network.readers(name) for core in cores_of(layer, mapping)}
    if readers and all(entry.tensor != name for entry in network.outputs):
        return tuple(sorted(readers))
    writer = network.writer(name)
    home = min(cores_of(writer, mapping) if writer else readers, default=0)
    return tuple(sorted(readers | {home}))
