"""How the parts of a layer on different cores work together: what they write where, and in what order.

1. What a part computes goes to all cores that hold the layer's output; one part, that of the lowest core, writes the
   halo around it.
2. Layers follow each other on the whole chip: once a part has stored everything, its core signals all cores that have a
   part in the next layer; a part loads nothing before it has a signal from each part of the layer before. A core that
   fills halos of the network's inputs tells itself on a counter of its own, and waits for that, too, before its first
   LOAD.
3. A halo is written without any LOAD before it. Where the layer before has a part on another core, which may still read
   what that memory held until then, it waits for the same signals.

So a part begins after all parts of all layers before have ended: what a layer reads is there, and memory is used again
only after its last reader. The order cannot end in a circle: every wait is for parts of an earlier layer. And no signal
can be taken for another: cores of a layer send theirs only after they have taken all of the layer before, which came to
all parts of the layer at once. So at most two signals from each core are outstanding on a counter: 128, it takes 255.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingOf

from nngen.ir import Exchange, Mapping, Network, Region, Take, Tell

from ._core import CoreStart
from .counters import PADDED, STORED
from .parts import Cores, cores_of


def exchanges_of(
    network: Network, mapping: Mapping, holders: MappingOf[str, Cores], regions: MappingOf[str, Region]
) -> dict[tuple[str, int], Exchange]:
    """Return the exchange of each part, by layer and core."""
    cores = [cores_of(layer, mapping) for layer in network.layers]
    befores, afters = [(), *cores[:-1]], [*cores[1:], ()]
    starts = starts_of(network, holders, regions, 1 + max((core for own in cores for core in own), default=0))
    filling = {core for core, start in enumerate(starts) if start.filled}
    exchanges: dict[tuple[str, int], Exchange] = {}
    for layer, before, own, after in zip(network.layers, befores, cores, afters, strict=True):
        for core in own:
            fills = core == own[0]
            takes = [Take(counter=PADDED, count=1)] if core in filling else []
            takes += [Take(counter=STORED, count=len(before))] if before else []
            exchanges[layer.name, core] = Exchange(
                targets=holders[layer.output],
                fills_halo=fills,
                fills_wait=fills and any(regions[layer.output].halo) and bool(set(before) - {core}),
                takes=tuple(takes),
                tells=(Tell(counter=STORED, cores=after),) if after else (),
            )
        filling -= set(own)
    return exchanges


def starts_of(
    network: Network, holders: MappingOf[str, Cores], regions: MappingOf[str, Region], cores: int
) -> tuple[CoreStart, ...]:
    """Return what each core does before its first layer: it fills halos of inputs, and says so."""
    padded = [entry.tensor for entry in network.inputs if any(regions[entry.tensor].halo)]
    filled = [tuple(name for name in padded if core in holders[name]) for core in range(cores)]
    return tuple(
        CoreStart(filled=names, grants=(Take(counter=PADDED, count=1),)) if names else CoreStart() for names in filled
    )
