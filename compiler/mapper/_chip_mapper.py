"""Spreads the layers of a network over the cores of a chip, and places each core's shares in its macros.

1. ``spread_shares``: each layer goes to as many cores as make it faster, the least filled ones first.
2. ``filled_shares``: layer after layer goes to the core that is being filled; what does not fit it goes to the next.
   A layer that fits the next core as a whole is not split.
3. Shares of one core are placed like the layers of a chip with that core alone.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import replace

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError
from nngen.ir import Layer, LayerMapping, Mapping, MatrixLayer, Network
from nngen.isa import MACRO_LIMIT

from ._chip_cost import layer_cycles_on
from ._demand import Demand, layer_demand
from ._options import check_layer_options
from ._placing import PLACERS, Place, Strategy, macro_equivalents
from ._shares import Share, Shares, even_shares
from ._strip import Strip, tiles_of

ChipPlacement = dict[str, tuple[tuple[int, tuple[Strip, ...]], ...]]  # of each layer: (core, strips with true outputs)
Able = Dictionary[str, tuple[int, ...]]  # the cores that can compute a layer


def map_on_cores(
    network: Network, architecture: Architecture, *, strategy: Strategy, gains: Dictionary[str, int]
) -> Mapping:
    """Return the mapping of a network on a chip with several cores; see :func:`map_network`."""
    cores = architecture.cores
    able = {layer.name: _able_cores(network, layer, cores) for layer in network.layers}
    demands = [layer_demand(network, layer, cores[able[layer.name][0]]) for layer in network.matrix_layers]
    placement = _placed(demands, cores, able, strategy)
    if placement is None:
        raise CapacityError(f"network '{network.name}' {_shortage(demands, cores, able)}")
    by_name: dict[str, LayerMapping] = {}
    used: tuple[int, ...] = ()
    for layer in network.layers:
        if isinstance(layer, MatrixLayer):
            made = _matrix_mapping(layer, placement[layer.name], cores, gains.get(layer.name), demands)
            used = tuple(sorted({tile.core for tile in made.tiles}))
        else:
            own = able[layer.name]
            made = LayerMapping(layer=layer.name, unit="vec", core=next((core for core in used if core in own), own[0]))
            used = (made.core,)
        by_name[layer.name] = made
    return Mapping(
        architecture_sha256=architecture.sha256, layers=tuple(by_name[layer.name] for layer in network.layers)
    )


def _able_cores(network: Network, layer: Layer, cores: Sequence[Core]) -> tuple[int, ...]:
    """Return the cores that can compute a layer; where there is none, what the first lacks is an error."""
    able, refusals = [], []
    for number, core in enumerate(cores):
        try:
            check_layer_options(network, layer, core)
            if isinstance(layer, MatrixLayer):
                layer_demand(network, layer, core)
            able.append(number)
        except CapacityError as error:
            refusals.append(error)
    if not able:
        raise refusals[0]
    return tuple(able)


def _placed(demands: Sequence[Demand], cores: Sequence[Core], able: Able, strategy: Strategy) -> ChipPlacement | None:
    place = PLACERS[strategy]
    options: list[Shares | None] = [spread_shares(demands, cores, able)] if strategy == "latency" else []
    options += [filled_shares(demands, cores, able, place)]
    for shares in options:
        placement = None if shares is None else place_shares(demands, shares, cores, place)
        if placement is not None:
            return placement
    return None


def _matrix_mapping(
    layer: MatrixLayer,
    parts: Sequence[tuple[int, tuple[Strip, ...]]],
    cores: Sequence[Core],
    gain: int | None,
    demands: Sequence[Demand],
) -> LayerMapping:
    slices = next(demand.slices for demand in demands if demand.name == layer.name)
    tiles = tuple(
        tile.model_copy(update={"core": core})
        for core, strips in parts
        for tile in tiles_of(strips, core=cores[core], slices=slices, gain=gain)
    )
    return LayerMapping(layer=layer.name, unit="mvm", core=parts[0][0], tiles=tiles)


def _shortage(demands: Sequence[Demand], cores: Sequence[Core], able: Able) -> str:
    """Return what the chip lacks, and the cheapest fix, as the end of a sentence."""
    macro, place = cores[0].macro, PLACERS["utilization"]
    size, there = f"{macro.rows}x{macro.columns}", sum(core.macros for core in cores)
    least = -(-macro_equivalents(demands, cores[0]) // len(cores))
    for macros in range(max(least, min(core.macros for core in cores)), MACRO_LIMIT + 1):
        grown = [replace(core, macros=max(core.macros, macros)) for core in cores]
        if filled_shares(demands, grown, able, place) is not None:
            return (
                f"needs cores of {macros} macros of {size}, the chip has {there} macros in {len(cores)} cores: "
                f"set {cores[0].where}.macros = {macros}"
            )
    return (
        f"needs more than {MACRO_LIMIT} macros of {size} in each of {len(cores)} cores, the most a core has (its "
        f"weights alone fill {macro_equivalents(demands, cores[0])}): choose more cores, or larger macros"
    )


def spread_shares(demands: Sequence[Demand], cores: Sequence[Core], able: Able) -> Shares:
    """Return shares that make each layer as fast as it can be, by estimate; whether they have a place is not asked."""
    filled = [0.0] * len(cores)
    shares: Shares = {}
    for demand in sorted(demands, key=lambda d: -d.rows * d.outputs * d.slices):
        order = sorted(able[demand.name], key=lambda core: (filled[core] / cores[core].macros, core))
        options = [
            even_shares(demand.outputs, sorted(order[:count]), unit=cores[0].macro.adcs)
            for count in range(1, len(order) + 1)
        ]
        chosen = min(options, key=lambda option: (layer_cycles_on(demand, option, cores), len(option)))
        shares[demand.name] = chosen
        for share in chosen:
            filled[share.core] += demand.rows * share.count * demand.slices
    return shares


def filled_shares(demands: Sequence[Demand], cores: Sequence[Core], able: Able, place: Place) -> Shares | None:
    """Return shares that fill core after core; None where the cores do not take all layers."""
    shares: Shares = {}
    held: list[list[Demand]] = [[] for _ in cores]
    begun = 0  # the core that is being filled
    for demand in demands:
        found: list[Share] = []
        first, whole = 0, (0, demand.outputs)
        for core in (one for one in able[demand.name] if one >= begun):
            end = _most(demand, first, held[core], cores[core], place)
            later = next((one for one in able[demand.name] if one > core), None)
            partial = first == 0 and end < demand.outputs
            if partial and later is not None and _fits(demand, whole, held[later], cores[later], place):
                continue
            if end > first:
                share = Share(core=core, outputs=(first, end))
                found.append(share)
                held[core].append(share.of(demand))
                first, begun = end, core
            if first == demand.outputs:
                break
        if first < demand.outputs:
            return None
        shares[demand.name] = tuple(found)
    return shares


def _most(demand: Demand, first: int, held: Sequence[Demand], core: Core, place: Place) -> int:
    """Return up to which output a core takes a layer from ``first`` on, beside what it holds."""
    if _fits(demand, (first, demand.outputs), held, core, place):
        return demand.outputs
    unit = core.macro.adcs if demand.outputs > core.macro.adcs else 1
    low, high = 0, -(-(demand.outputs - first) // unit)  # units that fit, that do not
    while high - low > 1:
        middle = (low + high) // 2
        if _fits(demand, (first, first + middle * unit), held, core, place):
            low = middle
        else:
            high = middle
    return first + low * unit


def _fits(demand: Demand, outputs: tuple[int, int], held: Sequence[Demand], core: Core, place: Place) -> bool:
    part = Share(core=0, outputs=outputs).of(demand)
    return place([*held, part], core) is not None


def place_shares(
    demands: Sequence[Demand], shares: Shares, cores: Sequence[Core], place: Place
) -> ChipPlacement | None:
    """Return the strips of every share, or None where a core has no place for its own."""
    placement: ChipPlacement = {demand.name: () for demand in demands}
    for number, core in enumerate(cores):
        own = [(demand, share) for demand in demands for share in shares[demand.name] if share.core == number]
        placed = place([share.of(demand) for demand, share in own], core) if own else {}
        if placed is None:
            return None
        for demand, share in own:
            strips = tuple(_moved(strip, share.outputs[0]) for strip in placed[demand.name])
            placement[demand.name] += ((number, strips),)
    return placement


def _moved(strip: Strip, first: int) -> Strip:
    return Strip(
        inputs=strip.inputs,
        outputs=(strip.outputs[0] + first, strip.outputs[1] + first),
        macro=strip.macro,
        adc=strip.adc,
        row=strip.row,
        conversion=strip.conversion,
    )
