"""Decides which weights sit in which macro, where."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import replace

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError, MappingError, suggestion
from nngen.ir import LayerMapping, Mapping, Network
from nngen.isa import MACRO_LIMIT

from ._chip_mapper import Check, map_on_cores
from ._demand import Demand, layer_demand
from ._options import check_options
from ._placing import fewest_macros, first_placement, place_fast, shortage
from ._spread import Placement
from ._strategies import strategy_of
from ._strip import tiles_of


def map_network(
    network: Network,
    architecture: Architecture,
    *,
    strategy: str = "latency",
    gains: Dictionary[str, int] | None = None,
    split_rows: bool = False,
    check: Check | None = None,
) -> Mapping:
    """Place every layer of a network on the macros of a chip.

    Parameters
    ----------
    network
        The integer network.
    architecture
        The chip.
    strategy
        What the mapping is to be good at: the name of one of ``STRATEGIES``.
    gains
        Gain of the column readout by layer; layers without one stay open for calibration.
    split_rows
        Whether rows of an output that no core holds may lie on several cores.
    check
        Raises ``CapacityError`` for a mapping that will not do: on a chip of several cores the next best is tried then.

    Raises
    ------
    CapacityError
        Where a layer needs an option that the core has not, its codes or weights are too wide for the machine, or the
        network needs more macros than there are: what is needed, what there is, and the cheapest fix.
    MappingError
        For a gain of an unknown layer, or one that the macro has not; for a strategy that there is not.
    """
    gains, aim = dict(gains or {}), strategy_of(strategy)
    check_gains(gains, network, architecture.core)
    if len(architecture.cores) > 1:
        return map_on_cores(network, architecture, strategy=aim, gains=gains, split_rows=split_rows, check=check)
    core = architecture.core
    demands = _demands(network, core)
    placement = first_placement(aim.placers, demands, core)
    phases = dict.fromkeys((demand.name for demand in demands), 0)
    if placement is None and core.reprogram:
        placement, phases = _place_in_phases(demands, core)
    if placement is None:
        raise CapacityError(f"network '{network.name}' {shortage(demands, core)}")
    by_name = {
        demand.name: LayerMapping(
            layer=demand.name,
            unit="mvm",
            tiles=tuple(
                tile.model_copy(update={"phase": phases[demand.name]})
                for tile in tiles_of(
                    placement[demand.name], core=core, slices=demand.slices, gain=gains.get(demand.name)
                )
            ),
        )
        for demand in demands
    }
    return Mapping(
        architecture_sha256=architecture.sha256,
        layers=tuple(
            by_name[layer.name] if layer.name in by_name else LayerMapping(layer=layer.name, unit="vec")
            for layer in network.layers
        ),
    )


def macros_needed(network: Network, core: Core) -> int | None:
    """Return a number of macros like the core's that is enough for a network, the least that halving finds.

    None where not even the most that a core can have is.

    Raises
    ------
    CapacityError
        Where a layer's codes or weights are too wide for the machine, however many macros it has.
    """
    demands, one = _demands(network, core), replace(core, macros=1)
    return 1 if place_fast(demands, one) is not None else fewest_macros(demands, one)


def with_gains(mapping: Mapping, gains: Dictionary[str, int]) -> Mapping:
    """Return the same mapping with other gains for the layers that ``gains`` names."""
    layers = tuple(_with_gain(layer, gains[layer.layer]) if layer.layer in gains else layer for layer in mapping.layers)
    return mapping.model_copy(update={"layers": layers})


def _with_gain(layer: LayerMapping, gain: int) -> LayerMapping:
    tiles = tuple(tile.model_copy(update={"gain": gain}) for tile in layer.tiles)
    return layer.model_copy(update={"tiles": tiles})


def check_gains(gains: Dictionary[str, int], network: Network, core: Core) -> None:
    """Refuse gains of unknown layers, and gains that the macro has not.

    Raises
    ------
    MappingError
        Names the layer and the gain.
    """
    names = [layer.name for layer in network.matrix_layers]
    usable = core.macro.usable_gains
    for name, gain in gains.items():
        if name not in names:
            raise MappingError(f"gains name layer '{name}', which the network has not{suggestion(name, names)}")
        if gain not in usable:
            raise MappingError(f"gain of layer '{name}' must be one of {', '.join(map(str, usable))}, not {gain}")


def _demands(network: Network, core: Core) -> list[Demand]:
    check_options(network, core)
    return [layer_demand(network, layer, core) for layer in network.matrix_layers]


def _place_in_phases(demands: Sequence[Demand], core: Core) -> tuple[Placement, dict[str, int]]:
    """Return strips and phase of every layer: each phase holds as many layers in a row as fit the macros together.

    Raises
    ------
    CapacityError
        Where a layer alone does not fit; of several the one that needs most macros is named.
    """
    _check_alone(demands, core)
    placement: Placement = {}
    phases: dict[str, int] = {}
    held: list[Demand] = []
    phase = 0
    for demand in demands:
        together = place_fast([*held, demand], core)
        if together is None:
            phase, held = phase + 1, []
            together = place_fast([demand], core)
        held.append(demand)
        placement |= together or {}
        phases[demand.name] = phase
    return placement, phases


def _check_alone(demands: Sequence[Demand], core: Core) -> None:
    needs = {
        demand.name: fewest_macros([demand], core) or MACRO_LIMIT + 1
        for demand in demands
        if place_fast([demand], core) is None
    }
    if needs:
        largest = next(demand for demand in demands if needs.get(demand.name) == max(needs.values()))
        raise CapacityError(f"layer '{largest.name}' alone {shortage([largest], core)}")
