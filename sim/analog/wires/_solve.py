"""Column currents of a crossbar with wires, and the conductances that give the same without."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError, suggestion

from ._direct import solve_directly
from ._input import FloatArray, check_conductance, check_voltages
from ._iterative import solve_iteratively
from ._wires import Wires

Method = Literal["direct", "iterative"]
METHODS: tuple[Method, ...] = ("direct", "iterative")
_LARGEST_CHUNK = 1 << 19  # cells times right-hand sides at once: 4 MiB an array, which caches hold


def solve(
    conductance: npt.ArrayLike, voltages: npt.ArrayLike, wires: Wires, *, method: Method = "iterative"
) -> FloatArray:
    """Return the currents into the readouts of all columns, in amperes.

    Parameters
    ----------
    conductance
        Of the cells, in siemens, shape (rows, columns); 0 is an open cell.
    voltages
        Of the row drivers' sources against the virtual grounds, in volts, shape (rows,) or (batch, rows).
    wires
        All resistances.
    method
        ``iterative``: conjugate gradients; ``direct``: a sparse LU, for comparison. Both agree to 1e-9.

    Returns
    -------
    ndarray
        float64, shape (columns,) or (batch, columns). A row of a batch may differ from the same alone in its last
        digits.

    Raises
    ------
    InputError
        A shape, a number or the method is none.
    ConvergenceError
        The iteration did not reach its accuracy.
    """
    if method not in METHODS:
        raise InputError(f"method must be one of {', '.join(METHODS)}, not '{method}'{suggestion(method, METHODS)}")
    cells = check_conductance(conductance)
    sources = check_voltages(voltages, len(cells))
    currents = _solve(cells, np.atleast_2d(sources), wires, method)
    return currents[0] if sources.ndim == 1 else currents


def conductance_image(conductance: npt.ArrayLike, wires: Wires) -> FloatArray:
    """Return the conductances that, without wires, give the same currents at all voltages: ``I = V @ image``.

    The network is linear, so that the current of a column is a sum over the rows: the image's column. It is exact as
    long as every row is held by its driver, at 0 V where it is not driven. Cells that a gate cuts off make another
    network of each pattern: ``GatedArray``.

    The smaller of both sides is solved for: unit voltages at every row, or, the network being reciprocal, at every
    column.

    Parameters
    ----------
    conductance, wires
        As in ``solve``.

    Returns
    -------
    ndarray
        float64, shape (rows, columns), in siemens.

    Raises
    ------
    InputError, ConvergenceError
        As in ``solve``.
    """
    cells = check_conductance(conductance)
    rows, columns = cells.shape
    if rows <= columns:
        return _solve(cells, np.eye(rows), wires, "iterative")
    turned = np.ascontiguousarray(cells.T[::-1, ::-1])
    image = _solve(turned, np.eye(columns), wires.turned, "iterative")
    return np.ascontiguousarray(image.T[::-1, ::-1])


def _solve(cells: FloatArray, sources: FloatArray, wires: Wires, method: Method) -> FloatArray:
    """Solve a chunk of the batch after the other."""
    if method == "direct":
        return solve_directly(cells, sources, wires)
    chunk = max(1, _LARGEST_CHUNK // cells.size)
    currents = np.empty((len(sources), cells.shape[1]))
    for begin in range(0, len(sources), chunk):
        some = slice(begin, begin + chunk)
        currents[some] = solve_iteratively(cells, sources[some], wires)
    return currents
