"""Divides the layers of a network among the cores of a chip, places them there, and takes what costs least.

1. Several ways to divide the layers are tried (``_fill``, ``_exact``); for each, every core places its shares like the
   layers of a chip with that core alone; cores alike with shares alike place them alike.
2. A vector layer runs on the core that saves most words on the bus; among equals on the one with least to do so far.
3. Of all mappings the strategy takes the one whose cost it likes best (``nngen.sim.kpi.mapping_cost``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, replace

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import Layer, LayerMapping, Mapping, MatrixLayer, Network, Tile
from nngen.sim.kpi import MappingCost, mapping_cost

from ._demand import Demand, layer_demand
from ._fill import Able, evened, filled, row_parts
from ._options import check_layer_options
from ._placing import COMPACT, Place, first_placement
from ._shares import Share, Shares
from ._shortage import shortage_of_cores
from ._stages import staged
from ._strategies import Strategy
from ._strip import Strip, tiles_of
from ._vector_cores import vector_cores

Placed = dict[str, tuple[Tile, ...]]
Check = Callable[[Mapping], object]
"""Raises ``CapacityError`` for a mapping that will not do."""


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A mapping and its cost."""

    mapping: Mapping
    shares: Shares
    cost: MappingCost


@dataclass(frozen=True, kw_only=True)
class ChipTask:
    """A network to be mapped to a chip.

    Parameters
    ----------
    able
        The cores that can compute each layer.
    demands
        What each matrix layer needs of any of them.
    gains
        Gain of the column readout by layer.
    """

    network: Network
    architecture: Architecture
    able: Able
    demands: tuple[Demand, ...]
    gains: Dictionary[str, int]

    @classmethod
    def of(cls, network: Network, architecture: Architecture, gains: Dictionary[str, int]) -> ChipTask:
        """Return the task.

        Raises
        ------
        CapacityError
            Where no core can compute a layer: what the first one lacks.
        """
        cores = architecture.cores
        able = {layer.name: able_cores(network, layer, cores) for layer in network.layers}
        demands = tuple(layer_demand(network, one, cores[able[one.name][0]]) for one in network.matrix_layers)
        return cls(network=network, architecture=architecture, able=able, demands=demands, gains=gains)


def map_on_cores(
    network: Network,
    architecture: Architecture,
    *,
    strategy: Strategy,
    gains: Dictionary[str, int],
    split_rows: bool,
    check: Check | None,
) -> Mapping:
    """Return the mapping of a network on a chip with several cores; see :func:`map_network`."""
    task = ChipTask.of(network, architecture, gains)
    placer = Placer(placers=(*strategy.placers, *COMPACT))
    found: list[Priced] = []
    for shares in _divisions(task, strategy, split_rows=split_rows):
        if all(shares != other.shares for other in found):
            found += priced(task, shares, placer)
    if strategy.staged and (stages := staged(network, task.demands, architecture.cores, task.able)) is not None:
        found += priced(task, stages.shares, placer, vector=stages.vector)
    if not found:
        raise CapacityError(
            f"network '{network.name}' {shortage_of_cores(task.demands, architecture.cores, task.able)}"
        )
    return _accepted([one.mapping for one in sorted(found, key=lambda one: strategy.key(one.cost))], check)


def _accepted(mappings: Sequence[Mapping], check: Check | None) -> Mapping:
    """Return the first mapping that passes a check.

    Raises
    ------
    CapacityError
        Where none does: what the check says of the first.
    """
    refusals: list[CapacityError] = []
    for mapping in mappings:
        try:
            if check is not None:
                check(mapping)
        except CapacityError as error:
            refusals.append(error)
        else:
            return mapping
    raise refusals[0]


def able_cores(network: Network, layer: Layer, cores: Sequence[Core]) -> tuple[int, ...]:
    """Return the cores that can compute a layer.

    Raises
    ------
    CapacityError
        Where there is none: what the first lacks.
    """
    refusals: dict[Core, CapacityError | None] = {}
    for core in cores:
        if core not in refusals:
            refusals[core] = _refusal(network, layer, core)
    first = refusals[cores[0]]
    if first is not None and None not in refusals.values():
        raise first
    return tuple(number for number, core in enumerate(cores) if refusals[core] is None)


def _refusal(network: Network, layer: Layer, core: Core) -> CapacityError | None:
    try:
        check_layer_options(network, layer, core)
        if isinstance(layer, MatrixLayer):
            layer_demand(network, layer, core)
    except CapacityError as error:
        return error
    return None


def _divisions(task: ChipTask, strategy: Strategy, *, split_rows: bool) -> Iterator[Shares]:
    cores, able = task.architecture.cores, task.able
    parts = [part for one in task.demands for part in row_parts(one, cores, able, split_rows=split_rows)]
    options = [filled(parts, cores, able, whole=whole) for whole in (True, False)]
    width = 1
    while strategy.evened and width < 2 * len(cores):
        options.append(evened(parts, cores, able, width=min(width, len(cores))))
        width *= 2
    yield from (shares for shares in options if shares is not None)


class Placer:
    """Places what cores hold, and remembers it."""

    def __init__(self, *, placers: Sequence[Place]) -> None:
        self._placers = placers
        self._known: dict[tuple[Core, tuple[Demand, ...]], tuple[tuple[Strip, ...], ...] | None] = {}

    def place(self, held: Sequence[Demand], core: Core) -> tuple[tuple[Strip, ...], ...] | None:
        """Return the strips of each of some layers on a core, or None where there is no room for them."""
        named = tuple(replace(one, name=str(i)) for i, one in enumerate(held))
        key = core, named
        if key not in self._known:
            placed = first_placement(self._placers, named, core) if held else {}
            self._known[key] = None if placed is None else tuple(placed[one.name] for one in named)
        return self._known[key]


def priced(
    task: ChipTask, shares: Shares, placer: Placer, *, vector: Dictionary[str, int] | None = None
) -> list[Priced]:
    """Return the mapping that some shares make, with its cost; nothing where a core has no room for its shares.

    ``vector`` are the cores of vector layers, where they are decided.
    """
    placed = _placed(task, shares, placer)
    if placed is None:
        return []
    matrix_cores = {name: _cores(own) for name, own in shares.items()}
    homes = vector_cores(task.network, matrix_cores, task.able) if vector is None else vector
    layers = [
        _matrix_mapping(layer, placed[layer.name], task)
        if isinstance(layer, MatrixLayer)
        else LayerMapping(layer=layer.name, unit="vec", core=homes[layer.name])
        for layer in task.network.layers
    ]
    mapping = Mapping(architecture_sha256=task.architecture.sha256, layers=tuple(layers))
    cost = mapping_cost(task.network, mapping, task.architecture)
    return [Priced(mapping=mapping, shares=shares, cost=cost)]


def _cores(shares: Sequence[Share]) -> tuple[int, ...]:
    return tuple(sorted({share.core for share in shares}))


def _placed(task: ChipTask, shares: Shares, placer: Placer) -> Placed | None:
    """Return the tiles of every layer."""
    tiles: Placed = {demand.name: () for demand in task.demands}
    for number, core in enumerate(task.architecture.cores):
        own = [(demand, share) for demand in task.demands for share in shares[demand.name] if share.core == number]
        placed = placer.place([share.of(demand) for demand, share in own], core)
        if placed is None:
            return None
        for (demand, share), strips in zip(own, placed, strict=True):
            moved = [share.moved(strip) for strip in strips]
            made = tiles_of(moved, core=core, slices=demand.slices, gain=task.gains.get(demand.name))
            fields = {"core": number, "replica": share.replica}
            tiles[demand.name] += tuple(tile.model_copy(update=fields) for tile in made)
    return tiles


def _matrix_mapping(layer: MatrixLayer, tiles: tuple[Tile, ...], task: ChipTask) -> LayerMapping:
    """Return a layer on its lowest core; where it is divided by rows, on the lowest with VEC that can finish it."""
    cores = sorted({tile.core for tile in tiles})
    adding = [core for core in (*cores, *task.able[layer.name]) if task.architecture.cores[core].vector is not None]
    split = len(cores) > 1 and any(tile.rows < layer.rows for tile in tiles)
    return LayerMapping(layer=layer.name, unit="mvm", core=adding[0] if split and adding else cores[0], tiles=tiles)
