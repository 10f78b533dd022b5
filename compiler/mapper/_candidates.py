"""All placements of one layer that are worth a try, the fastest first."""

from __future__ import annotations

from nngen.arch import Core

from ._candidate import Candidate, row_bounds
from ._demand import Demand
from ._regular import regular
from ._stacked import stacked
from ._two_phase import two_phase


def candidates(demand: Demand, core: Core, *, balanced: bool, even: bool) -> tuple[Candidate, ...]:
    """Return the placements that the empty core could hold, fastest first; ties go to fewer ADCs, then fewer groups."""
    bounds = row_bounds(demand, core, balanced=balanced)
    found = [
        *regular(demand, core, bounds, even=even),
        *stacked(demand, core, bounds),
        *two_phase(demand, core, bounds),
    ]
    return tuple(sorted(found, key=lambda c: (c.cycles, c.adcs, len(c.groups))))
