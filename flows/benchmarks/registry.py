"""What a benchmark is, and what it reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measured figure.

    Parameters
    ----------
    figure
        What was measured, on what.
    measured, unit
        The figure.
    limit
        What it is to stay at or below, in the same unit; None where nothing is promised.
    timing
        Measured by the clock on the wall: a busy machine may miss the limit, which fails nothing.
    """

    figure: str
    measured: float
    unit: str
    limit: float | None = None
    timing: bool = False

    @property
    def met(self) -> bool:
        """Whether the figure keeps its promise."""
        return self.limit is None or self.measured <= self.limit


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """A named measurement; ``measure`` takes seconds to minutes, or where it is ``long`` an hour."""

    name: str
    description: str
    measure: Callable[[], Iterable[Row]]
    long: bool = False
