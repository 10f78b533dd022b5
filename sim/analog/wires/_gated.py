"""Arrays whose cells have a gate: rows that are not selected are cut off from their lines.

A cell of one transistor and one resistor conducts only where its gate line selects it. The rows that are not selected
then neither hold their cells at 0 V nor take current from the bit lines: the network is another one for each pattern,
its currents are not a sum over the rows, and no matrix gives them for all patterns. ``conductance_image`` is exact
where all rows are selected, or none.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError

from ._input import FloatArray, check_conductance, check_selected, check_voltages
from ._iterative import solve_iteratively
from ._wires import Wires


@dataclass(frozen=True, kw_only=True, eq=False)
class GatedArray:
    """A crossbar whose rows are selected by gates.

    Parameters
    ----------
    conductance
        Of the cells with their transistors on, in siemens, shape (rows, columns).
    wires
        All resistances.

    Raises
    ------
    InputError
        Conductances of another shape, negative or not finite.
    """

    conductance: FloatArray = field(repr=False)
    wires: Wires

    def __post_init__(self) -> None:
        cells = check_conductance(self.conductance).copy()
        cells.flags.writeable = False
        object.__setattr__(self, "conductance", cells)

    def currents(self, selected: npt.ArrayLike, voltage: npt.ArrayLike) -> FloatArray:
        """Return the column currents of patterns, in amperes.

        Parameters
        ----------
        selected
            Booleans of shape (rows,) or (patterns, rows). Patterns that come twice are solved once.
        voltage
            Of the selected rows' drivers, in volts: one, or one for each row.

        Returns
        -------
        ndarray
            float64, shape (columns,) or (patterns, columns).

        Raises
        ------
        InputError
            A shape or a voltage is none.
        ConvergenceError
            The iteration did not reach its accuracy.
        """
        rows, columns = self.conductance.shape
        patterns = check_selected(selected, rows)
        if np.ndim(voltage) > 1:
            raise InputError(f"voltage must be one, or one for each of {rows} rows, not of shape {np.shape(voltage)}")
        sources = check_voltages(np.full(rows, voltage) if np.ndim(voltage) == 0 else voltage, rows)
        different, which = np.unique(np.atleast_2d(patterns), axis=0, return_inverse=True)
        solved = [self._of_pattern(pattern, sources) for pattern in different]
        currents = np.array(solved).reshape(-1, columns)[which.reshape(-1)]
        return currents[0] if patterns.ndim == 1 else currents

    def _of_pattern(self, pattern: npt.NDArray[np.bool_], sources: FloatArray) -> FloatArray:
        cells = np.where(pattern[:, None], self.conductance, 0.0)
        driven = np.where(pattern, sources, 0.0)
        return solve_iteratively(cells, driven[np.newaxis], self.wires).reshape(-1)


def solve_selected(
    conductance: npt.ArrayLike, selected: npt.ArrayLike, voltage: npt.ArrayLike, wires: Wires
) -> FloatArray:
    """Return the column currents of patterns: ``GatedArray(conductance, wires).currents(selected, voltage)``."""
    return GatedArray(conductance=check_conductance(conductance), wires=wires).currents(selected, voltage)
