"""Arrays from outside: checked, and turned into float64."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def check_conductance(conductance: npt.ArrayLike) -> FloatArray:
    """Return conductances of shape (rows, columns) that are finite and not negative."""
    array = _numbers(conductance, "conductance")
    if array.ndim != 2 or array.size == 0:
        raise InputError(f"conductance must have the shape (rows, columns), none of them 0, not {array.shape}")
    _refuse(array, ~(np.isfinite(array) & (array >= 0)), "conductance must be finite and at least 0 S")
    return array


def check_voltages(voltages: npt.ArrayLike, rows: int) -> FloatArray:
    """Return finite voltages of shape (rows,) or (batch, rows)."""
    array = _numbers(voltages, "voltages")
    if array.ndim not in (1, 2) or array.shape[-1] != rows:
        raise InputError(f"voltages must have the shape ({rows},) or (batch, {rows}), not {array.shape}")
    _refuse(array, ~np.isfinite(array), "voltages must be finite")
    return array


def check_selected(selected: npt.ArrayLike, rows: int) -> BoolArray:
    """Return patterns of shape (rows,) or (patterns, rows)."""
    array = np.asarray(selected)
    if array.dtype != np.bool_:
        raise InputError(f"selected must hold booleans, not {array.dtype}")
    if array.ndim not in (1, 2) or array.shape[-1] != rows:
        raise InputError(f"selected must have the shape ({rows},) or (patterns, {rows}), not {array.shape}")
    return array


def _numbers(given: npt.ArrayLike, what: str) -> FloatArray:
    array = np.asarray(given)
    if not (np.issubdtype(array.dtype, np.integer) or np.issubdtype(array.dtype, np.floating)):
        raise InputError(f"{what} must hold real numbers, not {array.dtype}")
    return np.ascontiguousarray(array, np.float64).reshape(array.shape)


def _refuse(array: FloatArray, bad: BoolArray, message: str) -> None:
    if bad.any():
        place = tuple(np.argwhere(bad)[0].tolist())
        raise InputError(f"{message}, not {array[place]:g} at {', '.join(map(str, place))}")
