"""About how many counters each core needs in a pipeline, to exchange tensors; the scheduler finds out exactly.

One tells a core that its layer before is stored. For each tensor it has one for every other core that writes what it
reads, and one for every other core that reads what it writes.
"""

from __future__ import annotations

from nngen.ir import Mapping, Network

from .mapping_places import cores_of


def counters_of(network: Network, mapping: Mapping, cores: int) -> tuple[int, ...]:
    """Return the need of every core."""
    needed = [1] * cores
    for layer in network.layers:
        writers = cores_of(layer, mapping.layer(layer.name))
        reading = [cores_of(one, mapping.layer(one.name)) for one in network.readers(layer.output)]
        readers = frozenset[int]().union(*reading)
        for core in writers | readers:
            needed[core] += len(writers - {core}) if core in readers else 0
            needed[core] += len(readers - {core}) if core in writers else 0
    return tuple(needed)
