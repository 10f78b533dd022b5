"""What a mapping costs, before it is scheduled: macros, words over bus and memories, cycles. The mapper minimizes it.

1. A layer ends when its slowest core has, or the bus. Layers run one after the other; or, of different inferences, at
   the same time on different cores: then a core's stage is all that it does for one inference, and one inference ends
   with each pass of the slowest stage, or of the bus. Cores that give each other tensors in a circle make one stage:
   none of them can be an inference ahead of the others, so that their layers come one after the other.
2. A tensor lives in the memory of every core that reads it, an output of the network also in that of the lowest core
   that computes some of it. What lives only where it is computed does not travel; anything else is sent once for all.
3. Rows of one output on several cores: each sends its partial sums, as words of 32 bits, to the core that the layer's
   mapping names, whose VEC adds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nngen.arch import Architecture
from nngen.ir import Layer, LayerMapping, Mapping, MatrixLayer, Network
from nngen.isa import COUNTERS

from .bounds import Bounds
from .chip_bounds import chip_layer_bounds
from .layers import layer_bounds
from .macro_bound import macros_bound
from .mapping_counters import counters_of
from .mapping_memory import CoreMemory, memory_of
from .mapping_places import Cores, circles_of, cores_of, holders_of
from .mapping_work import WORD_BYTES, CoreWork, is_split, matrix_work


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """Estimates for one layer and one inference.

    Parameters
    ----------
    layer
        Its name.
    bound
        Cycles that no mapping avoids on this chip, without replication.
    work
        What each core does; of each replica by itself.
    bus_words, memory_reads, memory_writes
        Words that go over the bus, and that all memories together give and take.
    """

    layer: str
    bound: int
    work: tuple[CoreWork, ...]
    bus_words: int
    memory_reads: int
    memory_writes: int

    @property
    def cycles(self) -> int:
        """Cycles from the layer's start to its end."""
        return max(self.bus_words, *(self.cycles_on(core) for core in {one.core for one in self.work}))

    def cycles_on(self, core: int) -> int:
        """Return the cycles of one core; all that it does comes one after the other."""
        return sum(one.cycles for one in self.work if one.core == core)


@dataclass(frozen=True, kw_only=True)
class MappingCost:
    """Estimates for a whole mapping.

    Parameters
    ----------
    layers
        In the network's order.
    macros, macros_bound
        Macros that hold something, and how many no mapping can do without.
    memories, pipeline_memories
        Bytes of activation memory that each core needs, about: layer by layer, and in a pipeline.
    counters
        Counters that each core needs in a pipeline, about.
    circles
        The cores in groups that give each other tensors in a circle; most are alone.
    """

    layers: tuple[LayerCost, ...]
    macros: int
    macros_bound: int
    memories: tuple[CoreMemory, ...]
    pipeline_memories: tuple[CoreMemory, ...]
    counters: tuple[int, ...]
    circles: tuple[Cores, ...]

    @property
    def cycles(self) -> int:
        """Cycles of one inference, layer by layer."""
        return sum(layer.cycles for layer in self.layers)

    @property
    def bound(self) -> int:
        """Cycles that no mapping avoids, layer by layer, without replication."""
        return sum(layer.bound for layer in self.layers)

    @property
    def bus_words(self) -> int:
        """Words over the bus for one inference."""
        return sum(layer.bus_words for layer in self.layers)

    @property
    def memory_words(self) -> int:
        """Words read from and written into activation memories for one inference."""
        return sum(layer.memory_reads + layer.memory_writes for layer in self.layers)

    @property
    def stages(self) -> tuple[int, ...]:
        """Cycles of each circle of cores for one inference, if each works for an inference of its own."""
        return tuple(sum(max(map(layer.cycles_on, cores)) for layer in self.layers) for cores in self.circles)

    @property
    def interval(self) -> int:
        """Cycles from one inference to the next in a pipeline of layers: of the slowest stage, or of the bus."""
        return max(self.bus_words, *self.stages)

    @property
    def macros_gap(self) -> float:
        """Macros over their bound."""
        return self.macros / max(self.macros_bound, 1)

    @property
    def missing_bytes(self) -> int:
        """Bytes of activation memory that cores lack layer by layer, about."""
        return _missing(self.memories)

    @property
    def missing_pipeline_bytes(self) -> int:
        """Bytes of activation memory that cores lack in a pipeline, about."""
        return _missing(self.pipeline_memories)

    @property
    def missing_counters(self) -> int:
        """Counters that cores lack for a pipeline, about."""
        return sum(max(0, needed - COUNTERS) for needed in self.counters)


def _missing(memories: tuple[CoreMemory, ...]) -> int:
    return sum(max(0, memory.needed - memory.available) for memory in memories)


def mapping_cost(network: Network, mapping: Mapping, architecture: Architecture) -> MappingCost:
    """Return what a mapping costs that has passed ``validate_mapping``."""
    holders = holders_of(network, mapping)
    return MappingCost(
        layers=tuple(
            _layer_cost(network, layer, mapping.layer(layer.name), architecture, holders[layer.output])
            for layer in network.layers
        ),
        macros=len({tile.place for layer in mapping.layers for tile in layer.tiles}),
        macros_bound=macros_bound(network, architecture.core.macro),
        memories=memory_of(network, mapping, architecture, holders),
        pipeline_memories=memory_of(network, mapping, architecture, holders, pipelined=True),
        counters=counters_of(network, mapping, len(architecture.cores)),
        circles=circles_of(network, mapping, len(architecture.cores)),
    )


def _layer_cost(
    network: Network, layer: Layer, mapping: LayerMapping, architecture: Architecture, targets: frozenset[int]
) -> LayerCost:
    if isinstance(layer, MatrixLayer) and is_split(layer, mapping):
        partial = matrix_work(network, layer, mapping, architecture.cores)
        added = _addition(network, layer, mapping, architecture, terms=len(cores_of(layer, mapping)))
        stores = [*_stores(partial, frozenset({mapping.core})), *_stores((added,), targets)]
        work = (*partial, added)
    else:
        work = _work(network, layer, mapping, architecture)
        stores = list(_stores(work, targets))
    return LayerCost(
        layer=layer.name,
        bound=chip_layer_bounds(network, layer, architecture.cores).bound,
        work=work,
        bus_words=sum(bus for bus, _ in stores),
        memory_reads=sum(one.busy.load for one in work),
        memory_writes=sum(written for _, written in stores),
    )


def _stores(work: tuple[CoreWork, ...], targets: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Yield the words that each core sends over the bus, and those that memories take of it."""
    for one in work:
        yield (0 if targets == {one.core} else one.busy.store), len(targets) * one.busy.store


def _work(network: Network, layer: Layer, mapping: LayerMapping, architecture: Architecture) -> tuple[CoreWork, ...]:
    if isinstance(layer, MatrixLayer):
        return matrix_work(network, layer, mapping, architecture.cores)
    return (
        CoreWork(
            core=mapping.core,
            busy=layer_bounds(network, layer, architecture.cores[mapping.core]),
            fill=0,
            outputs=layer.outputs,
            positions=network.positions(layer),
        ),
    )


def _addition(
    network: Network, layer: MatrixLayer, mapping: LayerMapping, architecture: Architecture, *, terms: int
) -> CoreWork:
    """Return the work of the core that adds the partial sums of so many cores."""
    word = architecture.core.word_bytes
    summed = terms * -(-layer.outputs * WORD_BYTES // word)
    store = -(-layer.outputs * network.tensors[layer.output].element_bytes // word)
    one = Bounds(load=summed, mvm=0, vec=summed, post=layer.outputs, store=store)
    positions = network.positions(layer)
    return CoreWork(
        core=mapping.core, busy=one.times(positions), fill=summed + store, outputs=layer.outputs, positions=positions
    )
