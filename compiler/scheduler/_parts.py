"""Which cores take part in a layer, which hold a tensor, and how the parts of layers meet.

1. A layer has a part on every core that has tiles of it; a vector layer on the one that the mapping names.
2. A tensor lives in the memory of every core that reads it, at one address; an output of the network that nobody reads
   in that of the first core that computes a part of it.
3. The parts of a layer wait for a signal of every part of the layer before. A core signals only once it has all signals
   for its own layer, and these came to all parts of the layer at once: so no signal is ever taken for one of another
   layer, all parts of a layer find what earlier layers wrote, and nobody still reads what they write over. Signals go
   from a layer to the next only: nothing can wait for itself.
4. The first of a layer's parts writes the padding around the output.
"""

from __future__ import annotations

from dataclasses import dataclass

from nngen.ir import Exchange, Layer, LayerMapping, Mapping, MatrixLayer, Network

from .halo import halo_of


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The cores of every layer, and of every tensor.

    Parameters
    ----------
    cores
        Of each layer, by name, ascending.
    holders
        Of each tensor that is in memory at all, ascending.
    """

    network: Network
    cores: dict[str, tuple[int, ...]]
    holders: dict[str, tuple[int, ...]]

    @classmethod
    def of(cls, network: Network, mapping: Mapping) -> Parts:
        """Return the parts of a mapped network."""
        cores = {layer.name: _cores(layer, mapping.layer(layer.name)) for layer in network.layers}
        made = {layer.output: cores[layer.name][:1] for layer in network.layers}
        names = [entry.tensor for entry in network.inputs] + list(made)
        holders = {}
        for name in names:
            readers = {core for layer in network.readers(name) for core in cores[layer.name]}
            holders[name] = tuple(sorted(readers)) or made.get(name, (0,))
        return cls(network=network, cores=cores, holders=holders)

    def layers(self, core: int) -> list[Layer]:
        """Return the layers that a core takes part in."""
        return [layer for layer in self.network.layers if core in self.cores[layer.name]]

    def padded_inputs(self, core: int) -> bool:
        """Return whether a core holds an input of the network with padding."""
        names = [entry.tensor for entry in self.network.inputs if core in self.holders[entry.tensor]]
        return any(any(halo_of(self.network, name).sides) for name in names)

    def exchange(self, layer: Layer, core: int) -> Exchange:
        """Return how a core's part of a layer meets the others."""
        layers = self.network.layers
        number = next(i for i, one in enumerate(layers) if one.name == layer.name)
        before = self.cores[layers[number - 1].name] if number else ()
        after = self.cores[layers[number + 1].name] if number + 1 < len(layers) else ()
        holders = self.holders[layer.output]
        own = self.layers(core)
        return Exchange(
            targets=() if holders == (core,) else holders,
            pads=core == self.cores[layer.name][0],
            inputs=own[0].name == layer.name and self.padded_inputs(core),
            waits=len(before),
            signals=after,
        )


def _cores(layer: Layer, mapped: LayerMapping) -> tuple[int, ...]:
    if not isinstance(layer, MatrixLayer):
        return (mapped.core,)
    return tuple(sorted({tile.core for tile in mapped.tiles}))


def tiles_of_core(mapped: LayerMapping, core: int) -> LayerMapping:
    """Return the mapping of a layer with the tiles of one core only."""
    return mapped.model_copy(update={"tiles": tuple(tile for tile in mapped.tiles if tile.core == core)})
