"""What a layer costs on several cores, as far as its shares tell: the cycles of its slowest unit, or of the bus."""

from __future__ import annotations

from collections.abc import Sequence

from nngen.arch import Core

from ._candidate import step_cycles
from ._demand import Demand
from ._shares import Share


def share_cycles(demand: Demand, share: Share, core: Core) -> int:
    """Return the cycles that a core's units need for its share, were all its macros there for it."""
    tiles = demand.row_tiles(core)
    steps = -(-tiles * -(-share.count // core.macro.adcs) // core.macros)
    load = -(-demand.rows * demand.input_bytes // core.word_bytes)
    store = stored_words(demand, share, core)
    return demand.positions * max(steps * step_cycles(demand, core), load, share.count, store)


def stored_words(demand: Demand, share: Share, core: Core) -> int:
    """Return the memory words that a share of one output position touches."""
    first, end = (bound * demand.output_bytes for bound in share.outputs)
    return -(-end // core.word_bytes) - first // core.word_bytes


def layer_cycles_on(demand: Demand, shares: Sequence[Share], cores: Sequence[Core]) -> int:
    """Return the cycles of a layer: of its slowest core, or of the bus that takes all shares one after the other."""
    slowest = max(share_cycles(demand, share, cores[share.core]) for share in shares)
    if len(shares) == 1:
        return slowest
    bus = demand.positions * sum(stored_words(demand, share, cores[share.core]) for share in shares)
    return max(slowest, bus)
