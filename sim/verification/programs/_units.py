"""Units by their codes, as instructions name them."""

from __future__ import annotations

from nngen.arch import Core
from nngen.isa import QUEUED_UNITS, UNIT_CODES, Unit, core_units

SEQUENCER, LOAD, MVM, POST, STORE, VEC = (UNIT_CODES[unit] for unit in (Unit.SEQUENCER, *QUEUED_UNITS))
UNITS = 1 + max(LOAD, MVM, POST, STORE, VEC)


def unit_codes(core: Core) -> tuple[int, ...]:
    """Return the codes of the units with a queue that a core has."""
    return tuple(UNIT_CODES[unit] for unit in core_units(core))
