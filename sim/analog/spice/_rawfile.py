"""Reads raw files, ngspice's format of results: binary and ASCII, several plots one behind the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from nngen.errors import ToolError

from ._result import Plot, Vector

CONSTANTS = "constants"  # a plot that is always there, and nothing that a deck asks for
_LONGEST_LINE = 1 << 16
_MOST_HEADER_LINES = 32
_SHORTEST_VARIABLE = len("\t0\ta\tb\n")
_SHORTEST_NUMBER = len("0\n")


def read_rawfile(path: Path) -> tuple[Plot, ...]:
    """Return the plots of a raw file, those of constants left out.

    Raises
    ------
    ToolError
        It is no raw file, ends too early, or announces more numbers than it holds.
    """
    with path.open("rb") as file:
        reader = _Reader(file, path.name)
        return tuple(plot for plot in reader.plots() if plot.name.lower() != CONSTANTS)


class _Reader:
    """The file and how much of it is left: nothing is allocated that the file cannot fill."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self._size = os.fstat(file.fileno()).st_size

    def plots(self) -> Iterator[Plot]:
        while self._left:
            yield self._plot()

    @property
    def _left(self) -> int:
        return self._size - self._file.tell()

    def _plot(self) -> Plot:
        header = self._header()
        names = self._names(self._count(header, "no. variables", _SHORTEST_VARIABLE))
        points = self._count(header, "no. points", 0)
        is_complex = "complex" in header.get("flags", "").lower().split()
        kind = self._line().strip().lower()
        if kind == "binary:":
            table = self._binary(points, len(names), is_complex)
        elif kind == "values:":
            table = self._ascii(points, len(names), is_complex)
        else:
            raise self._error(f"must go on with 'Binary:' or 'Values:', not {kind[:40]!r}")
        return Plot(name=header["plotname"], vectors=self._vectors(names, table))

    def _header(self) -> dict[str, str]:
        """Return what stands before the variables, by lower-case key."""
        header: dict[str, str] = {}
        for _ in range(_MOST_HEADER_LINES):
            key, colon, text = self._line().partition(":")
            if not colon:
                raise self._error(f"must have a header of 'key: value', not {key.strip()[:40]!r}")
            if key.lower() == "variables":
                break
            header[key.lower()] = text.strip()
        for key in ("plotname", "flags", "no. variables", "no. points"):
            if key not in header:
                raise self._error(f"must have '{key}' in its header, not only {', '.join(header)}")
        return header

    def _count(self, header: dict[str, str], key: str, bytes_each: int) -> int:
        text = header[key]
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise self._error(f"must give '{key}' as a number, not {text[:40]!r}")
        self._check_room(int(text) * bytes_each, f"{text} of '{key}'")
        return int(text)

    def _names(self, count: int) -> list[str]:
        names = []
        for index in range(count):
            fields = self._line().split()
            if len(fields) < 3 or fields[0] != str(index):
                raise self._error(f"must have variable {index} next, not {' '.join(fields)[:40]!r}")
            names.append(fields[1].lower())
        if len(set(names)) != len(names):
            raise self._error(f"must have a variable only once, not {next(n for n in names if names.count(n) > 1)!r}")
        return names

    def _binary(self, points: int, variables: int, is_complex: bool) -> npt.NDArray[np.float64]:
        numbers = points * variables * (2 if is_complex else 1)
        self._check_room(8 * numbers, f"{points} points of {variables} variables")
        flat = np.frombuffer(self._file.read(8 * numbers), np.float64)
        return flat.reshape(points, variables, -1) if numbers else np.empty((points, variables, 1 + is_complex))

    def _ascii(self, points: int, variables: int, is_complex: bool) -> npt.NDArray[np.float64]:
        """Read each point: its index and first number in a line, the others in lines of their own."""
        self._check_room(points * variables * _SHORTEST_NUMBER, f"{points} points of {variables} variables")
        table = np.empty((points, variables, 1 + is_complex))
        for point in range(points):
            for variable in range(variables):
                table[point, variable] = self._numbers(point if variable == 0 else None, 1 + is_complex)
            self._skip_empty_lines()
        return table

    def _numbers(self, index: int | None, count: int) -> list[float]:
        line = self._line().strip()
        fields = line.split()
        if index is not None and fields[:1] == [str(index)]:
            del fields[0]
        try:
            numbers = [float(text) for text in fields[0].split(",")]
        except (IndexError, ValueError):
            numbers = []
        if len(numbers) != count or len(fields) != 1:
            raise self._error(f"must have {'two numbers' if count == 2 else 'a number'} in a line, not {line[:40]!r}")
        return numbers

    def _skip_empty_lines(self) -> None:
        while self._left:
            place = self._file.tell()
            if self._line().strip():
                self._file.seek(place)
                return

    def _vectors(self, names: list[str], table: npt.NDArray[np.float64]) -> dict[str, Vector]:
        numbers: Vector = table[..., 0] if table.shape[2] == 1 else table[..., 0] + 1j * table[..., 1]
        columns = np.ascontiguousarray(numbers.T)
        columns.flags.writeable = False
        return dict(zip(names, columns, strict=True))

    def _check_room(self, size: int, what: str) -> None:
        if size > self._left:
            raise self._error(f"must hold {what}, not {self._left} bytes more")

    def _line(self) -> str:
        line = self._file.readline(_LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise self._error(f"must hold whole lines, not end with {line[-40:].decode('latin-1')!r}")
        return line.decode("latin-1").rstrip("\r\n")

    def _error(self, text: str) -> ToolError:
        return ToolError(f"raw file {self._name} {text}")
