"""What a chip of several cores lacks, and the cheapest fix, as the end of a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nngen.arch import Core
from nngen.isa import MACRO_LIMIT

from ._demand import Demand
from ._fill import Able, Part, filled
from ._placing import macro_equivalents


def shortage_of_cores(demands: Sequence[Demand], cores: Sequence[Core], able: Able) -> str:
    """Return how many macros each core must have for the network to fit, or that no number is enough."""
    macro = cores[0].macro
    size, there = f"{macro.rows}x{macro.columns}", sum(core.macros for core in cores)
    fails, fits = min(core.macros for core in cores), MACRO_LIMIT + 1
    while fits - fails > 1:
        middle = (fails + fits) // 2
        if _hold(demands, [replace(core, macros=max(core.macros, middle)) for core in cores], able):
            fits = middle
        else:
            fails = middle
    if fits <= MACRO_LIMIT:
        return (
            f"needs cores of {fits} macros of {size}, the chip has {there} macros in {len(cores)} cores: "
            f"set {cores[0].where}.macros = {fits}"
        )
    return (
        f"needs more than {MACRO_LIMIT} macros of {size} in each of {len(cores)} cores, the most a core has (its "
        f"weights alone fill {macro_equivalents(demands, cores[0])}): choose more cores, or larger macros"
    )


def _hold(demands: Sequence[Demand], cores: Sequence[Core], able: Able) -> bool:
    return filled([Part(demand=demand) for demand in demands], cores, able, whole=False) is not None
