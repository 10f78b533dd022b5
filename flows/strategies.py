"""What a mapping can be good at, by name: for the command line, which loads the mapper late."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["DEFAULT_STRATEGY", "StrategyName"]


class StrategyName(StrEnum):
    """The names of ``nngen.compiler.mapper.STRATEGIES``, in their order."""

    LATENCY = "latency"
    THROUGHPUT = "throughput"
    DATA_MOVEMENT = "data_movement"
    UTILIZATION = "utilization"


DEFAULT_STRATEGY = StrategyName.LATENCY
