"""Conjugate gradients on the bit lines' voltages, preconditioned by the bit lines alone.

With the row lines' voltages u eliminated, those of the bit lines, w, satisfy ``(T_c − D T_r⁻¹ D) w = D u₀``: D are the
cells, T_r and T_c the lines with all other ends of their cells at 0 V, u₀ the row lines' voltages at w = 0. The
preconditioner is T_c, so that an iteration solves every row line and every bit line once. T_c itself is never
multiplied with, which would lose digits in good wires: its product with the search direction follows from the
residuals.
"""

from __future__ import annotations

import numpy as np

from nngen.errors import ConvergenceError

from ._input import FloatArray
from ._sides import Side, make_sides
from ._wires import Wires

TOLERANCE = 1e-12
MOST_ITERATIONS = 500
# Residuals are those of the recursion until it ends; this is how far the equations themselves may then be off.
_LARGEST_DEFECT = 1e-10
_FAINTEST = 1e-6  # of the brightest bit line's voltage: what is still told from 0 with all digits


def solve_iteratively(conductance: FloatArray, voltages: FloatArray, wires: Wires) -> FloatArray:
    """Return column currents of shape (k, columns) for voltages of shape (k, rows).

    Raises
    ------
    ConvergenceError
        The currents are not known to be right.
    """
    # Relative to the highest voltage: squares of whatever is real stay in range.
    peaks: FloatArray = np.abs(voltages).max(axis=1, keepdims=True, initial=0)
    peaks[peaks == 0] = 1
    return peaks * _currents(conductance, voltages / peaks, wires)


def _currents(conductance: FloatArray, voltages: FloatArray, wires: Wires) -> FloatArray:
    rows, columns = make_sides(conductance, wires)
    if rows is None:
        driven = np.broadcast_to(voltages[:, :, None], (len(voltages), *conductance.shape))
    else:
        driven = rows.spread(rows.solve(rows.inject(voltages)))
    currents: FloatArray = conductance * driven
    if columns is None:
        sums: FloatArray = currents.sum(axis=1)
        return sums
    given = columns.gather(currents)
    if rows is None:
        return columns.end_currents(columns.solve(given))
    scale = _Scale(columns.solve(np.abs(given) if (voltages < 0).any() else given))
    return columns.end_currents(_iterate(given, scale, rows, columns, conductance))


class _Scale:
    """How large a bit line's voltages are, for relative errors: of each line, so that dark columns are as exact.

    Where voltages cancel, it is what they would be without; of lines a million times below the brightest, a millionth.

    Parameters
    ----------
    uncancelled
        Voltages of the bit lines at the absolute values of the currents, shape (k, lines, positions).
    """

    def __init__(self, uncancelled: FloatArray) -> None:
        self._least = np.abs(uncancelled).max(axis=2)
        self._least = np.maximum(self._least, _FAINTEST * self._least.max(axis=1, keepdims=True))

    def relative(self, difference: FloatArray, voltages: FloatArray) -> float:
        """Return the largest difference on any line, relative to the line."""
        scale = np.maximum(self._least, np.abs(voltages).max(axis=2))
        return float(_ratio(np.abs(difference).max(axis=2), scale).max())


def _iterate(given: FloatArray, scale: _Scale, rows: Side, columns: Side, conductance: FloatArray) -> FloatArray:
    """Return the voltages of the bit lines."""

    def coupled(nodes: FloatArray) -> FloatArray:
        """Return D T_r⁻¹ D w: what the bit lines get back through the row lines."""
        back = rows.spread(rows.solve(rows.gather(conductance * columns.spread(nodes))))
        return columns.gather(conductance * back)

    solution = np.zeros_like(given)
    residual = given.copy()
    search, searched = np.zeros_like(given), np.zeros_like(given)  # a direction p, and T_c p
    energy = np.ones(len(given))
    reached = np.inf
    for iteration in range(MOST_ITERATIONS):
        corrected = columns.solve(residual)
        reached = scale.relative(corrected, solution)
        if reached <= TOLERANCE:
            # One step of the fixed point: how far it moves a line is its true residual.
            result = columns.solve(given + coupled(solution))
            return _checked(result, scale.relative(result - solution, result))
        before, energy = energy, _dot(residual, corrected)
        factor = _ratio(energy, before) if iteration else np.zeros(len(given))
        search = corrected + _each(factor) * search
        searched = residual + _each(factor) * searched
        image = searched - coupled(search)
        step = _each(_ratio(energy, _dot(search, image)))
        solution += step * search
        residual -= step * image
    aim = f"a residual of {TOLERANCE:g} in {MOST_ITERATIONS} iterations"
    raise ConvergenceError(f"conjugate gradients must reach {aim}, not {reached:.1g}; the method 'direct' needs none")


def _checked(result: FloatArray, defect: float) -> FloatArray:
    if not defect <= _LARGEST_DEFECT:
        aim = f"satisfy the equations to {_LARGEST_DEFECT:g}"
        raise ConvergenceError(f"conjugate gradients must {aim}, not to {defect:.1g}; the method 'direct' may")
    return result


def _dot(one: FloatArray, other: FloatArray) -> FloatArray:
    products: FloatArray = np.einsum("kij,kij->k", one, other)
    return products


def _ratio(numerator: FloatArray, denominator: FloatArray) -> FloatArray:
    """Return the quotients; 0 where both are 0, of right-hand sides that are solved to the last digit."""
    return np.divide(numerator, denominator, out=np.zeros_like(numerator), where=denominator > 0)


def _each(factors: FloatArray) -> FloatArray:
    return factors[:, None, None]
