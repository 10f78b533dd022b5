"""The row lines of a crossbar, or its bit lines, with the other ends of their cells at known voltages.

Each line is a ladder: a tridiagonal system. It is factored from its conductances without a subtraction (the pivot of a
node is the segment behind it plus the conductance to ground seen before it), so that a segment a billion times better
than a cell costs no digit, and all lines are solved at once as one system with gaps.

Shapes: ``k`` right-hand sides, cells ``(k, rows, columns)``; a side's own unknowns are ``(k, lines, positions)``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy.linalg.lapack import dpttrs

from ._input import FloatArray
from ._wires import Wires


class Side(ABC):
    """Row lines, or bit lines.

    Parameters
    ----------
    lines
        How many.
    """

    def __init__(self, lines: int) -> None:
        self.lines = lines

    @abstractmethod
    def inject(self, ends: FloatArray) -> FloatArray:
        """Return the currents into the nodes that sources ``(k, lines)`` at the ends of the lines mean."""

    @abstractmethod
    def gather(self, cells: FloatArray) -> FloatArray:
        """Return currents out of cells, ``(k, rows, columns)``, as currents into the nodes."""

    @abstractmethod
    def solve(self, currents: FloatArray) -> FloatArray:
        """Return the voltages of the nodes for currents into them, the other ends of all cells at 0 V."""

    @abstractmethod
    def spread(self, nodes: FloatArray) -> FloatArray:
        """Return the voltages of the nodes as one for every cell."""

    @abstractmethod
    def end_currents(self, nodes: FloatArray) -> FloatArray:
        """Return the currents out of the ends of the lines, ``(k, lines)``, those at 0 V."""


class Ladder(Side):
    """Lines of segments: a node for every cell."""

    def __init__(self, conductance: FloatArray, segment_ohm: float, end_ohm: float, *, by_rows: bool) -> None:
        self._by_rows = by_rows
        self._end = 0 if by_rows else -1
        self._end_conductance = 1 / (segment_ohm + end_ohm)
        ground = np.array(conductance if by_rows else conductance.T)
        ground[:, self._end] += self._end_conductance
        super().__init__(len(ground))
        self._shape = ground.shape
        self._pivots, self._factors = _factor(ground, 1 / segment_ohm)

    def inject(self, ends: FloatArray) -> FloatArray:
        currents = np.zeros((len(ends), *self._shape))
        currents[:, :, self._end] = self._end_conductance * ends
        return currents

    def gather(self, cells: FloatArray) -> FloatArray:
        return cells if self._by_rows else np.ascontiguousarray(cells.transpose(0, 2, 1))

    def solve(self, currents: FloatArray) -> FloatArray:
        if len(self._pivots) == 1:
            return currents / self._pivots  # LAPACK's interface has no system of one
        columns = currents.reshape(len(currents), -1).T  # as LAPACK wants them: a right-hand side is contiguous
        solution, _ = dpttrs(self._pivots, self._factors, columns)
        nodes: FloatArray = solution.T.reshape(currents.shape)
        return nodes

    def spread(self, nodes: FloatArray) -> FloatArray:
        return nodes if self._by_rows else nodes.transpose(0, 2, 1)

    def end_currents(self, nodes: FloatArray) -> FloatArray:
        return nodes[:, :, self._end] * self._end_conductance


def _factor(ground: FloatArray, segment: float) -> tuple[FloatArray, FloatArray]:
    """Return pivots and multipliers of L D Lᵀ of all lines as one system.

    Parameters
    ----------
    ground
        Conductances from the nodes to ground, of shape (lines, positions).
    segment
        Conductance between neighbours.
    """
    pivots, factors = np.empty_like(ground), np.zeros_like(ground)
    seen = ground[:, 0]
    for position in range(ground.shape[1] - 1):
        pivots[:, position] = segment + seen
        factors[:, position] = -segment / pivots[:, position]
        seen = ground[:, position + 1] - factors[:, position] * seen
    pivots[:, -1] = seen
    return pivots.ravel(), factors.ravel()[:-1]


class Bar(Side):
    """Lines without resistance behind an end with one: a node for every line, a single position."""

    def __init__(self, conductance: FloatArray, end_ohm: float, *, by_rows: bool) -> None:
        self._shape = conductance.shape
        self._by_rows = by_rows
        self._end_conductance = 1 / end_ohm
        self._total = conductance.sum(axis=1 if by_rows else 0)[:, None] + self._end_conductance
        super().__init__(len(self._total))

    def inject(self, ends: FloatArray) -> FloatArray:
        return self._end_conductance * ends[:, :, None]

    def gather(self, cells: FloatArray) -> FloatArray:
        sums: FloatArray = cells.sum(axis=2 if self._by_rows else 1)[:, :, None]
        return sums

    def solve(self, currents: FloatArray) -> FloatArray:
        nodes: FloatArray = currents / self._total
        return nodes

    def spread(self, nodes: FloatArray) -> FloatArray:
        turned = nodes if self._by_rows else nodes.transpose(0, 2, 1)
        return np.broadcast_to(turned, (len(nodes), *self._shape))

    def end_currents(self, nodes: FloatArray) -> FloatArray:
        return nodes[:, :, 0] * self._end_conductance


def make_sides(conductance: FloatArray, wires: Wires) -> tuple[Side | None, Side | None]:
    """Return row lines and bit lines; None where they are ideal, so that their voltage is that of their ends."""
    return (
        _side(conductance, wires.row_ohm, wires.driver_ohm, by_rows=True),
        _side(conductance, wires.column_ohm, wires.readout_ohm, by_rows=False),
    )


def _side(conductance: FloatArray, segment_ohm: float, end_ohm: float, *, by_rows: bool) -> Side | None:
    if segment_ohm:
        return Ladder(conductance, segment_ohm, end_ohm, by_rows=by_rows)
    return Bar(conductance, end_ohm, by_rows=by_rows) if end_ohm else None
