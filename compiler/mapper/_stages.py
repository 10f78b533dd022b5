"""Divides a network into stages of a pipeline: core after core takes the next layers, the slowest as few as can be.

A stage is some consecutive layers on one core, or one matrix layer whose outputs several cores share evenly. What a
stage takes is estimated by the bounds of its layers; all ways to cut the network are compared (dynamic programming over
cores and layers). A way whose tensors find room in the memories, by an estimate, is better than one that is faster.
Where the network is a chain, neighbouring stages alone exchange tensors, which spares the bus and the cores' counters.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from nngen.arch import Core
from nngen.ir import MatrixLayer, Network
from nngen.sim.kpi import layer_bounds, stored_bytes

from ._compact import lay
from ._demand import Demand
from ._fill import Able
from ._placing import macro_equivalents
from ._shares import Shares, even_shares

_Price = tuple[int, int]  # bytes of memory that are missing, cycles


@dataclass(frozen=True, kw_only=True)
class Stages:
    """A division of the layers.

    Parameters
    ----------
    shares
        Of the matrix layers.
    vector
        The core of each vector layer.
    """

    shares: Shares
    vector: dict[str, int]


@dataclass(frozen=True)
class _Step:
    """Cores [core, core + width) take the layers [begin, end); several cores share one layer."""

    core: int
    width: int
    begin: int
    end: int


def staged(network: Network, demands: Sequence[Demand], cores: Sequence[Core], able: Able) -> Stages | None:
    """Return the stages whose slowest is fastest, or None where there is no way to cut the network so.

    Parameters
    ----------
    network
        The network.
    demands
        Of its matrix layers.
    cores
        Of the chip.
    able
        The cores that can compute each layer.
    """
    cutting = _Cutting(network, demands, cores, able)
    layers = len(network.layers)
    best: list[dict[int, tuple[_Price, tuple[_Step, ...]]]] = [{} for _ in range(len(cores) + 1)]
    best[0][0] = ((0, 0), ())
    for core in range(len(cores)):
        for begin, ((missing, slowest), steps) in best[core].items():
            for step, (lacking, cycles) in cutting.steps(core, begin):
                found = (missing + lacking, max(slowest, cycles)), (*steps, step)
                known = best[core + step.width].get(step.end)
                if known is None or found[0] < known[0]:
                    best[core + step.width][step.end] = found
    done = [reached[layers] for reached in best if layers in reached]
    return cutting.stages(min(done, key=lambda one: one[0])[1]) if done else None


class _Cutting:
    """The network, and what each step costs."""

    def __init__(self, network: Network, demands: Sequence[Demand], cores: Sequence[Core], able: Able) -> None:
        self._network = network
        self._demands = {demand.name: demand for demand in demands}
        self._cores = cores
        self._able = able
        self._held = cache(_held)

    def steps(self, core: int, begin: int) -> Iterator[tuple[_Step, _Price]]:
        """Yield what a core may take from a layer on, with its price: nothing, some layers, or its share of one."""
        yield _Step(core, 1, begin, begin), (0, 0)
        cycles, held = 0, list[Demand]()
        for end in range(begin + 1, len(self._network.layers) + 1):
            layer = self._network.layers[end - 1]
            if core not in self._able[layer.name]:
                break
            if layer.name in self._demands:
                held.append(replace(self._demands[layer.name], name=str(len(held))))
                if not self._held(tuple(held), self._cores[core]):
                    break
            cycles += layer_bounds(self._network, layer, self._cores[core]).bound
            yield _Step(core, 1, begin, end), (self._missing(core, begin, end), cycles)
        yield from self._shared(core, begin)

    def _shared(self, core: int, begin: int) -> Iterator[tuple[_Step, _Price]]:
        if begin == len(self._network.layers):
            return
        layer = self._network.layers[begin]
        if not isinstance(layer, MatrixLayer):
            return
        demand, able = self._demands[layer.name], self._able[layer.name]
        alone = layer_bounds(self._network, layer, self._cores[core])
        for width in range(2, len(self._cores) - core + 1):
            if core + width - 1 not in able or demand.outputs < width:
                return
            outputs = -(-demand.outputs // width)
            one = replace(demand, name="0", outputs=min(demand.outputs, -(-outputs // self._unit) * self._unit))
            if all(self._held((one,), kind) for kind in dict.fromkeys(self._cores[core : core + width])):
                each = max(-(-work // width) for work in (alone.mvm, alone.post, alone.store))
                missing = width * self._missing(core, begin, begin + 1)
                yield _Step(core, width, begin, begin + 1), (missing, max(alone.load, each))

    def _missing(self, core: int, begin: int, end: int) -> int:
        """Return the bytes that a core lacks: for what comes from elsewhere, and what lives at a time besides."""
        layers = self._network.layers[begin:end]
        written = [layer.output for layer in layers]
        foreign = {name for layer in layers for name in layer.inputs if name not in written}
        alive = [0] * len(layers)
        for place, name in enumerate(written):
            last = max((i for i, layer in enumerate(layers) if name in layer.inputs), default=None)
            for i in range(place, place if last is None else last + 1):
                alive[i] += stored_bytes(self._network, name)
        needed = sum(stored_bytes(self._network, name) for name in foreign) + max(alive)
        return max(0, needed - self._cores[core].activation_bytes)

    @property
    def _unit(self) -> int:
        return self._cores[0].macro.adcs

    def stages(self, steps: Sequence[_Step]) -> Stages:
        """Return what some steps mean."""
        shares: Shares = {}
        vector: dict[str, int] = {}
        for step in steps:
            for layer in self._network.layers[step.begin : step.end]:
                if layer.name in self._demands:
                    own = range(step.core, step.core + step.width)
                    shares[layer.name] = even_shares(self._demands[layer.name].outputs, own, unit=self._unit)
                else:
                    vector[layer.name] = step.core
        return Stages(shares=shares, vector=vector)


def _held(demands: tuple[Demand, ...], core: Core) -> bool:
    """Return whether a core has macros for some layers."""
    return macro_equivalents(demands, core) <= core.macros and lay(demands, core, macros=core.macros) is not None
