"""An instance repeated over rows and columns: nets follow patterns, values may come from NumPy arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nngen.errors import NetlistError

from ._behaviour import Behaviour
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


@dataclass(frozen=True, init=False, eq=False)
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

    name: str
    rows: int
    columns: int
    nets: tuple[Pattern, ...]
    of: str
    value: Value | Waveform | Behaviour | FloatArray | None = field(repr=False)
    parameters: Mapping[str, Value | FloatArray] = field(repr=False)

    def __init__(
        self,
        name: str,
        rows: int,
        columns: int,
        nets: Iterable[str],
        of: str = "",
        *,
        value: CellValue | Waveform | Behaviour | None = None,
        parameters: Mapping[str, CellValue] | None = None,
    ) -> None:
        for axis, length in (("rows", rows), ("columns", columns)):
            if not 1 <= length <= LARGEST_SIDE:
                raise NetlistError(f"the {axis} of array {shorten(name)} must be 1 to {LARGEST_SIDE:,}, not {length}")
        patterns = tuple(Pattern.parse(net, what=f"a net of array {shorten(name)}") for net in nets)
        for attribute, given in (("name", name), ("rows", rows), ("columns", columns), ("nets", patterns), ("of", of)):
            object.__setattr__(self, attribute, given)
        every = {key: self._cells(entry, key) for key, entry in (parameters or {}).items()}
        object.__setattr__(self, "value", self._cells(value, "value"))
        object.__setattr__(self, "parameters", every)
        first = self.at(0, 0)
        self.at(rows - 1, columns - 1)
        # What is the same for all cells, as an instance holds it.
        object.__setattr__(self, "value", self.value if isinstance(self.value, np.ndarray) else first.value)
        scalars = {key: every[key] if isinstance(every[key], np.ndarray) else first.parameters[key] for key in every}
        object.__setattr__(self, "parameters", scalars)

    def _cells(
        self, value: CellValue | Waveform | Behaviour | None, what: str
    ) -> ValueLike | Waveform | Behaviour | FloatArray | None:
        """Return what is the same for all cells as it is, and of an array one finite number for each."""
        if not isinstance(value, np.ndarray):
            return value
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
            value=_at(self.value, row, column),
            parameters={key: _at(value, row, column) for key, value in self.parameters.items()},
        )

    def instances(self) -> Iterator[Instance]:
        """Every cell, row by row, in the order in which printers write them."""
        for row in range(self.rows):
            for column in range(self.columns):
                yield self.at(row, column)

    @property
    def first(self) -> Instance:
        """The cell in the first row and column."""
        return self.at(0, 0)

    @property
    def last(self) -> Instance:
        """The cell in the last row and column, whose names are the longest."""
        return self.at(self.rows - 1, self.columns - 1)
