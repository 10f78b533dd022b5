"""What a mapping can be good at: which ways of dividing and placing layers are tried, and which one is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nngen.errors import MappingError, suggestion
from nngen.sim.kpi import MappingCost

from ._placing import COMPACT, FASTEST_FIRST, Place

Key = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """An aim of the mapper.

    Parameters
    ----------
    name, description
        For people.
    key
        Of the cost of a mapping: the smallest wins.
    placers
        Ways to place what a core has to hold, each tried in turn, in a chip of several cores at last ``COMPACT``; the
        first that finds room is taken.
    evened
        Whether layers are also divided evenly over 1, 2, 4 … cores; else only what does not fit a core is divided.
    staged
        Whether stages of a pipeline are tried, too.
    """

    name: str
    description: str
    key: Callable[[MappingCost], Key]
    placers: tuple[Place, ...]
    evened: bool
    staged: bool = False


STRATEGIES = (
    Strategy(
        name="latency",
        description="the fewest cycles of one inference",
        key=lambda cost: (cost.missing_bytes, cost.cycles, cost.bus_words, cost.macros),
        placers=FASTEST_FIRST,
        evened=True,
    ),
    Strategy(
        name="throughput",
        description="the fewest cycles from one inference to the next, each core busy with another one",
        key=lambda cost: (
            *(cost.missing_counters, cost.missing_pipeline_bytes, cost.interval),
            *(cost.missing_bytes, cost.cycles, cost.bus_words),
        ),
        placers=FASTEST_FIRST,
        evened=True,
        staged=True,
    ),
    Strategy(
        name="data_movement",
        description="the fewest words over the bus, and in and out of memories",
        key=lambda cost: (cost.missing_bytes, cost.bus_words + cost.memory_words, cost.cycles, cost.macros),
        placers=FASTEST_FIRST,
        evened=False,
    ),
    Strategy(
        name="utilization",
        description="the fewest macros",
        key=lambda cost: (cost.macros, cost.missing_bytes, cost.bus_words, cost.cycles),
        placers=(*COMPACT, *FASTEST_FIRST),
        evened=False,
    ),
)
"""All of them, by name unique."""


def strategy_of(name: str) -> Strategy:
    """Return the strategy of this name.

    Raises
    ------
    MappingError
        Where there is none: lists all.
    """
    by_name = {strategy.name: strategy for strategy in STRATEGIES}
    if name not in by_name:
        known = ", ".join(by_name)
        raise MappingError(f"strategy must be one of {known}, not '{name}'{suggestion(name, by_name)}")
    return by_name[name]
