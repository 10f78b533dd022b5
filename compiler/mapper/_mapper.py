"""Decides which weights sit in which macro, where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Dictionary
from dataclasses import replace

from nngen.arch import Architecture, Core
from nngen.errors import CapacityError, MappingError, suggestion
from nngen.ir import LayerMapping, Mapping, Network
from nngen.isa import MACRO_LIMIT

from ._demand import Demand, layer_demand
from ._dense import dense
from ._options import check_options
from ._spread import Placement, spread
from ._strip import tiles_of

# From the fastest network to the fewest macros; the first that fits is taken.
STRATEGIES: tuple[Callable[[Sequence[Demand], Core], Placement | None], ...] = (
    lambda demands, core: spread(demands, core, balanced=True),
    lambda demands, core: spread(demands, core, balanced=False),
    dense,
)


def map_network(network: Network, architecture: Architecture, *, gains: Dictionary[str, int] | None = None) -> Mapping:
    """Place every layer of a network on the macros of the core, each as fast as what is left of them allows.

    Parameters
    ----------
    network
        The integer network.
    architecture
        The chip.
    gains
        Gain of the column readout by layer; layers without one stay open for calibration.

    Raises
    ------
    CapacityError
        Where a layer needs an option that the core has not, its codes or weights are too wide for the machine, or the
        network needs more macros than there are: what is needed, what there is, and the cheapest fix.
    MappingError
        For a gain of an unknown layer, or one that the macro has not.
    """
    gains = dict(gains or {})
    core = architecture.core
    check_gains(gains, network, core)
    demands = _demands(network, core)
    placement = _place(demands, core)
    phases = dict.fromkeys((demand.name for demand in demands), 0)
    if placement is None and core.reprogram:
        placement, phases = _place_in_phases(demands, core)
    if placement is None:
        raise CapacityError(f"network '{network.name}' {_shortage(demands, core)}")
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
    return 1 if _place(demands, one) is not None else _macros_needed(demands, one)


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


def _place(demands: Sequence[Demand], core: Core) -> Placement | None:
    if _macro_equivalents(demands, core) > core.macros:
        return None
    return next((placement for s in STRATEGIES if (placement := s(demands, core)) is not None), None)


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
        together = _place([*held, demand], core)
        if together is None:
            phase, held = phase + 1, []
            together = _place([demand], core)
        held.append(demand)
        placement |= together or {}
        phases[demand.name] = phase
    return placement, phases


def _check_alone(demands: Sequence[Demand], core: Core) -> None:
    needs = {
        demand.name: _macros_needed([demand], core) or MACRO_LIMIT + 1
        for demand in demands
        if _place([demand], core) is None
    }
    if needs:
        largest = next(demand for demand in demands if needs.get(demand.name) == max(needs.values()))
        raise CapacityError(f"layer '{largest.name}' alone {_shortage([largest], core)}")


def _macro_equivalents(demands: Sequence[Demand], core: Core) -> int:
    """Return how many macros the cells of the network would fill completely."""
    cells = sum(demand.rows * demand.outputs * demand.slices for demand in demands)
    return -(-cells // (core.macro.rows * core.macro.conversions))


def _macros_needed(demands: Sequence[Demand], core: Core) -> int | None:
    """Return a number of macros that is enough, the least that halving finds; None where not even the most is."""
    if _place(demands, replace(core, macros=MACRO_LIMIT)) is None:
        return None
    fails, fits = core.macros, MACRO_LIMIT
    while fits - fails > 1:
        middle = (fits + fails) // 2
        if _place(demands, replace(core, macros=middle)) is None:
            fails = middle
        else:
            fits = middle
    return fits


def _shortage(demands: Sequence[Demand], core: Core) -> str:
    size = f"{core.macro.rows}x{core.macro.columns}"
    needed = _macros_needed(demands, core)
    if needed is not None:
        return f"needs {needed} macros of {size}, the chip has {core.macros}: set core[0].macros = {needed}"
    return (
        f"needs more than {MACRO_LIMIT} macros of {size}, the most a core has (its weights alone fill "
        f"{_macro_equivalents(demands, core)}); the chip has {core.macros}: choose larger macros (core[0].macro.rows, "
        "core[0].macro.columns)"
    )
