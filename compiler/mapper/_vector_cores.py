"""Which core runs each vector layer.

The one that saves most words on the bus: a tensor does not travel where all cores that read it are the one that
computes it. Among equals the one with the fewest elements to compute so far, then the lowest.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary

from nngen.ir import Layer, MatrixLayer, Network

from ._fill import Able

Cores = tuple[int, ...]


def vector_cores(network: Network, matrix_cores: Dictionary[str, Cores], able: Able) -> dict[str, int]:
    """Return the core of each vector layer, given those of the matrix layers."""
    places: dict[str, Cores] = dict(matrix_cores)
    chosen: dict[str, int] = {}
    load = dict.fromkeys({core for cores in able.values() for core in cores}, 0)
    for layer in network.layers:
        if isinstance(layer, MatrixLayer):
            continue
        best = min(able[layer.name], key=lambda core: (_travelling(network, layer, core, places), load[core], core))
        load[best] += layer.rows * network.tensors[layer.output].elements
        chosen[layer.name] = best
        places[layer.name] = (best,)
    return chosen


def _travelling(network: Network, layer: Layer, core: int, places: Dictionary[str, Cores]) -> int:
    """Return the bytes of its inputs and output that travel if a layer runs on a core, as far as places are known."""
    tensors = [*layer.inputs, layer.output]
    known = {**places, layer.name: (core,)}
    travelling = [network.tensors[name] for name in dict.fromkeys(tensors) if _travels(network, name, known)]
    return sum(tensor.elements * tensor.element_bytes for tensor in travelling)


def _travels(network: Network, name: str, places: Dictionary[str, Cores]) -> bool:
    writer = network.writer(name)
    if writer is None or writer.name not in places:
        return False
    readers = {core for reader in network.readers(name) for core in places.get(reader.name, ())}
    return bool(readers) and readers != set(places[writer.name])
