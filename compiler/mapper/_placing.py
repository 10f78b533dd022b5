"""Places layers in the macros of one core: the ways there are, and how many macros one of them needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Literal

from nngen.arch import Core
from nngen.isa import MACRO_LIMIT

from ._demand import Demand
from ._dense import dense
from ._spread import Placement, spread

Strategy = Literal["latency", "data_movement", "utilization"]
Place = Callable[[Sequence[Demand], Core], Placement | None]

# From the fastest network to the fewest macros; the first that fits is taken.
_FASTEST_FIRST: tuple[Place, ...] = (
    lambda demands, core: spread(demands, core, balanced=True),
    lambda demands, core: spread(demands, core, balanced=False),
    dense,
)


def place_fast(demands: Sequence[Demand], core: Core) -> Placement | None:
    """Return the fastest placement that there is room for; None where there is none."""
    if macro_equivalents(demands, core) > core.macros:
        return None
    return next((placement for s in _FASTEST_FIRST if (placement := s(demands, core)) is not None), None)


def place_dense(demands: Sequence[Demand], core: Core) -> Placement | None:
    """Return a placement in few macros, whatever it costs in time; None where there is no room."""
    return dense(demands, core) if macro_equivalents(demands, core) <= core.macros else None


# How a core's layers are placed when a mapping is to be good at something.
PLACERS: dict[Strategy, Place] = {"latency": place_fast, "data_movement": place_fast, "utilization": place_dense}


def macro_equivalents(demands: Sequence[Demand], core: Core) -> int:
    """Return how many macros the cells of the network would fill completely."""
    cells = sum(demand.rows * demand.outputs * demand.slices for demand in demands)
    return -(-cells // (core.macro.rows * core.macro.conversions))


def fewest_macros(demands: Sequence[Demand], core: Core) -> int | None:
    """Return a number of macros that is enough, the least that halving finds; None where not even the most is."""
    if place_fast(demands, replace(core, macros=MACRO_LIMIT)) is None:
        return None
    fails, fits = core.macros, MACRO_LIMIT
    while fits - fails > 1:
        middle = (fits + fails) // 2
        if place_fast(demands, replace(core, macros=middle)) is None:
            fails = middle
        else:
            fits = middle
    return fits


def shortage(demands: Sequence[Demand], core: Core) -> str:
    """Return what a chip of one core lacks, and the cheapest fix, as the end of a sentence."""
    size = f"{core.macro.rows}x{core.macro.columns}"
    needed = fewest_macros(demands, core)
    if needed is not None:
        return f"needs {needed} macros of {size}, the chip has {core.macros}: set {core.where}.macros = {needed}"
    return (
        f"needs more than {MACRO_LIMIT} macros of {size}, the most a core has (its weights alone fill "
        f"{macro_equivalents(demands, core)}); the chip has {core.macros}: choose larger macros "
        f"({core.where}.macro.rows, {core.where}.macro.columns)"
    )
