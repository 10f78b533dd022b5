"""Sparse LU of the whole network, in what row lines lose and bit lines gain.

With the loss δ = V − u of a row line's node, the same matrix holds for both sides: ``(L_r + D) δ + D w = D V`` and
``D δ + (L_c + D) w = D V``, with L_r and L_c the wires and D the cells. It is symmetric and positive definite; small
resistances make small unknowns, not small differences of large ones. Written down otherwise than for the iteration, so
that the two check each other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.linalg import splu

from nngen.errors import ConvergenceError

from ._input import FloatArray
from ._wires import Wires

IntArray = npt.NDArray[np.int64]
_LARGEST_LEAK = 1e-6


@dataclass(frozen=True, kw_only=True)
class _Lines:
    """One side: its wires, which node each cell hangs on, and the conductance at the end of each line."""

    wires: sparse.csr_array
    cells: sparse.csr_array
    ends: sparse.csr_array


def solve_directly(conductance: FloatArray, voltages: FloatArray, wires: Wires) -> FloatArray:
    """Return column currents of shape (k, columns) for voltages of shape (k, rows).

    Raises
    ------
    ConvergenceError
        Rounding took the matrix's inverse or too much of it: ends are a billion times worse than segments.
    """
    rows, columns = conductance.shape
    places = np.arange(rows * columns).reshape(rows, columns)
    row_lines = _lines(places, wires.row_ohm, wires.driver_ohm, end=0)
    bit_lines = _lines(places.T, wires.column_ohm, wires.readout_ohm, end=-1)
    ideal: FloatArray = np.repeat(voltages, columns, axis=1).T * conductance.reshape(-1, 1)
    losses = _losses(conductance, ideal, row_lines, bit_lines)
    split = row_lines.wires.shape[0]
    lost = row_lines.cells @ losses[:split] + bit_lines.cells @ losses[split:]
    cells = (ideal - conductance.reshape(-1, 1) * lost).reshape(rows, columns, -1)
    currents: FloatArray = cells.sum(axis=0)
    if split:
        _check_ends(row_lines.ends @ losses[:split], cells.sum(axis=1))
    if wires.column_ohm or wires.readout_ohm:
        ends: FloatArray = bit_lines.ends @ losses[split:]
        _check_ends(ends, currents)
        return ends.T
    return currents.T


def _check_ends(ends: FloatArray, cells: FloatArray) -> None:
    """Refuse currents at the ends of lines, (lines, k), that are not the sums over their cells: what rounding leaks."""
    leak = np.abs(ends - cells).max(initial=0)
    largest = np.abs(ends).max(initial=0)
    if not leak <= _LARGEST_LEAK * largest:
        aim = f"lose at most {_LARGEST_LEAK:g} of a current"
        raise ConvergenceError(
            f"the direct method must {aim}, not {leak / largest:.1g}; the method 'iterative' loses none"
        )


def _losses(conductance: FloatArray, ideal: FloatArray, row_lines: _Lines, bit_lines: _Lines) -> FloatArray:
    """Return δ and, behind it, w, of shape (nodes, k), for the currents of all cells without wires."""
    incidence = sparse.hstack([row_lines.cells, bit_lines.cells]).tocsr()
    if not incidence.shape[1]:
        return np.empty((0, ideal.shape[1]))
    cells = sparse.diags_array(conductance.ravel())
    matrix = sparse.block_diag([row_lines.wires, bit_lines.wires]) + incidence.T @ cells @ incidence
    try:
        # MMD: half the fill of the default. The diagonal serves as pivots: the matrix is positive definite.
        factors = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0, options={"SymmetricMode": True})
    except RuntimeError as error:  # all that SciPy raises of it
        raise ConvergenceError(
            "the direct method's matrix must have an inverse, which rounding took; the method 'iterative' needs none"
        ) from error
    losses: FloatArray = factors.solve(incidence.T @ ideal)
    return losses


def _lines(places: IntArray, segment_ohm: float, end_ohm: float, *, end: int) -> _Lines:
    """Return lines whose cells have the numbers ``places``, of shape (lines, positions), in that order."""
    lines, positions = places.shape
    nodes = positions if segment_ohm else int(end_ohm > 0)
    chain, at_end = np.zeros((nodes, nodes)), np.zeros((1, nodes))
    if segment_ohm:
        neighbours = np.eye(nodes, k=1) + np.eye(nodes, k=-1)
        chain = (np.diag(neighbours.sum(axis=0)) - neighbours) / segment_ohm
    if nodes:
        at_end[0, end] = 1 / (segment_ohm + end_ohm)
        chain[end, end] += at_end[0, end]
    every = sparse.eye_array(lines)
    one_line = np.eye(positions) if segment_ohm else np.ones((positions, nodes))
    order = sparse.csr_array((np.ones(places.size), (places.ravel(), np.arange(places.size))))
    return _Lines(
        wires=sparse.csr_array(sparse.kron(every, chain)),
        cells=sparse.csr_array(order @ sparse.kron(every, one_line)),
        ends=sparse.csr_array(sparse.kron(every, at_end)),
    )
