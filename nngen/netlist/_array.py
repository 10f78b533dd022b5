"""An instance repeated over rows and columns: nets follow patterns, values may come from NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nngen.errors import NetlistError

from ._instance import Instance
from ._names import shorten
from ._patterns import Pattern
from ._values import Value, ValueLike, Waveform

FloatArray = npt.NDArray[np.float64]
CellValue = ValueLike | npt.NDArray[Any]
LARGEST_SIDE = 1 << 16

_T = TypeVar("_T")


def _at(value: _T | FloatArray, row: int, column: int) -> _T | float:
    """Return a cell's number of an array, or what is the same for all."""
    return float(value[row, column]) if isinstance(value, np.ndarray) else value


class Array:
    """An instance repeated over ``rows`` and ``columns``, never expanded in memory.

    The cell in a row and a column is the instance ``<name>_<row>_<column>``, both counted from 0.

    Parameters
    ----------
    name
        Begins with the letter of the device, as an instance's.
    rows, columns
        1 to 65,536.
    nets
        Patterns: ``"wl{row}"``, ``"bl{column}"``, ``"n{row}_{column+1}"``, ``"vss"``.
    of
        The subcircuit or the model.
    value
        As an instance's, or an array of numbers of the shape (rows, columns), one for each cell.
    parameters
        By name, likewise.

    Raises
    ------
    NetlistError
        What the first or the last cell would be is illegal, or an array of numbers has another shape or is not finite.
    """

    def __init__(
        self,
        name: str,
        rows: int,
        columns: int,
        nets: Iterable[str],
        of: str = "",
        *,
        value: CellValue | Waveform | None = None,
        parameters: Mapping[str, CellValue] | None = None,
    ) -> None:
        for axis, length in (("rows", rows), ("columns", columns)):
            if not 1 <= length <= LARGEST_SIDE:
                raise NetlistError(f"the {axis} of array {shorten(name)} must be 1 to {LARGEST_SIDE:,}, not {length}")
        self.name = name
        self.rows = rows
        self.columns = columns
        self.nets = tuple(Pattern.parse(net, what=f"a net of array {shorten(name)}") for net in nets)
        self.of = of
        self._value = self._numbers(value, "value") if isinstance(value, np.ndarray) else value
        self._parameters = {
            key: self._numbers(entry, key) if isinstance(entry, np.ndarray) else entry
            for key, entry in (parameters or {}).items()
        }
        self.first = self.at(0, 0)
        self.last = self.at(rows - 1, columns - 1)

    def _numbers(self, value: npt.NDArray[Any], what: str) -> FloatArray:
        """Return one finite number for each cell."""
        where = f"'{what}' of array {shorten(self.name)}"
        if value.shape != (self.rows, self.columns):
            raise NetlistError(f"{where} must have the shape {(self.rows, self.columns)}, not {value.shape}")
        if not np.can_cast(value.dtype, np.float64, "same_kind"):
            raise NetlistError(f"{where} must hold numbers, not {value.dtype}")
        numbers = value.astype(np.float64)  # a copy: what is printed later is what was given
        numbers.flags.writeable = False
        if not np.isfinite(numbers).all():
            row, column = np.argwhere(~np.isfinite(numbers))[0].tolist()
            raise NetlistError(f"{where} must hold finite numbers, not {numbers[row, column]} at {row}, {column}")
        return numbers

    def at(self, row: int, column: int) -> Instance:
        """Return one cell as an instance."""
        return Instance(
            f"{self.name}_{row}_{column}",
            [net.at(row, column) for net in self.nets],
            self.of,
            value=_at(self._value, row, column),
            parameters={key: _at(value, row, column) for key, value in self._parameters.items()},
        )

    def instances(self) -> Iterator[Instance]:
        """Every cell, row by row, in the order in which printers write them."""
        for row in range(self.rows):
            for column in range(self.columns):
                yield self.at(row, column)

    @property
    def value(self) -> Value | Waveform | FloatArray | None:
        """What stands behind the nets of every cell."""
        return self._value if isinstance(self._value, np.ndarray) else self.first.value

    @property
    def parameters(self) -> dict[str, Value | FloatArray]:
        """What every cell has."""
        return {
            key: value if isinstance(value := self._parameters[key], np.ndarray) else scalar
            for key, scalar in self.first.parameters.items()
        }
