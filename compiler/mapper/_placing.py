"""Places layers in the macros of one core: the ways there are, and how many macros one of them needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from nngen.arch import Core
from nngen.isa import MACRO_LIMIT

from ._compact import compact
from ._demand import Demand
from ._dense import dense
from ._spread import Placement, spread

Place = Callable[[Sequence[Demand], Core], Placement | None]

# From the fastest network to the fewest macros; the first that fits is taken.
FASTEST_FIRST: tuple[Place, ...] = (
    lambda demands, core: spread(demands, core, balanced=True),
    lambda demands, core: spread(demands, core, balanced=False),
    dense,
)
COMPACT: tuple[Place, ...] = (compact,)


def first_placement(placers: Sequence[Place], demands: Sequence[Demand], core: Core) -> Placement | None:
    """Return what the first way finds that finds room; None where none does."""
    if macro_equivalents(demands, core) > core.macros:
        return None
    return next((placement for place in placers if (placement := place(demands, core)) is not None), None)


def place_fast(demands: Sequence[Demand], core: Core) -> Placement | None:
    """Return the fastest placement that there is room for; None where there is none."""
    return first_placement(FASTEST_FIRST, demands, core)


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
