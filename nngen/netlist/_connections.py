"""Nets with a single connection, and nets that are sensed only, found without expanding arrays.

A net of an array's pattern is a point in a grid: its name with every number in it as a coordinate. A pattern is a box
of such points, each with as many connections as cells share it. Boxes and single nets of one form (the name without
its numbers) are counted against each other. What a behavioural source senses counts where something connects to it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ._array import Array
from ._instance import Instance
from ._patterns import COLUMN, ROW, Pattern

GROUND = frozenset(("0", "gnd"))  # one net for all subcircuits
_NUMBER = re.compile(r"(?<![0-9])(0|[1-9][0-9]*)(?![0-9])")

Form = tuple[str, ...]
Point = tuple[int, ...]


@dataclass(frozen=True)
class _Box:
    """The nets of a pattern: from ``start`` to before ``stop`` along each number of the form."""

    pattern: Pattern
    start: Point
    stop: Point
    connections: int

    @property
    def lengths(self) -> Point:
        """How many values each number of the form takes."""
        return tuple(stop - start for start, stop in zip(self.start, self.stop, strict=True))

    def net(self, point: Point) -> str:
        """Return the name of the net at a point counted from the start."""
        form, _ = _form(self.pattern.at(0, 0))
        numbers = [str(start + step) for start, step in zip(self.start, point, strict=True)]
        return "".join(part for pair in zip(form, [*numbers, ""], strict=True) for part in pair)


class Connections:
    """The connections of a circuit.

    Parameters
    ----------
    contents
        The circuit.
    ports
        Names of its ports, each a connection.
    """

    def __init__(self, contents: Iterable[Instance | Array], ports: Iterable[str]) -> None:
        self._singles: Counter[str] = Counter()
        self._written: dict[str, str] = {}
        self._boxes: dict[Form, list[_Box]] = {}
        sensed: list[tuple[str, str]] = []
        for part in contents:
            if isinstance(part, Array):
                for form, box in _boxes(part):
                    self._boxes.setdefault(form, []).append(box)
            else:
                _count(part.nets, self._singles, self._written)
            instance = part.first if isinstance(part, Array) else part
            sensed += [(instance.name, net) for net in instance.sensed_nets]
        _count(ports, self._singles, self._written)
        self.only_sensed = [(name, net) for name, net in sensed if not self._connects(net.lower())]
        """Names of behavioural sources, each with a net that it senses and to which nothing connects."""
        _count((net for _, net in sensed if self._connects(net.lower())), self._singles, self._written)

    def _connects(self, net: str) -> bool:
        return net in GROUND or net in self._singles or _covered(net, self._boxes)

    def lone(self) -> Iterator[str]:
        """Nets with one connection; of an array's pattern the first one."""
        points = _points(self._singles, self._boxes)
        for net, count in self._singles.items():
            if count == 1 and net not in GROUND and not _covered(net, self._boxes):
                yield self._written[net]
        for form, group in self._boxes.items():
            for box in group:
                yield from _lone_in(box, group, points[form])


def _count(nets: Iterable[str], singles: Counter[str], written: dict[str, str]) -> None:
    """Count nets without regard to case, and keep how each was written first."""
    for net in nets:
        singles[net.lower()] += 1
        written.setdefault(net.lower(), net)


def _form(net: str) -> tuple[Form, Point]:
    """Return a name without its numbers, and the numbers; one with a leading zero is a text."""
    parts = _NUMBER.split(net)
    return tuple(parts[::2]), tuple(int(number) for number in parts[1::2])


def _boxes(array: Array) -> Iterator[tuple[Form, _Box]]:
    for pattern in array.nets:
        _, start = _form(pattern.at(0, 0))
        _, last = _form(pattern.at(array.rows - 1, array.columns - 1))
        axes = {index.axis for index in pattern.indices}
        sharing = [length for axis, length in _axes(array) if axis not in axes]
        stop = tuple(number + 1 for number in last)
        form, _ = _form(pattern.at(0, 0).lower())
        yield form, _Box(pattern, start, stop, int(np.prod(sharing, dtype=np.int64)))


def _axes(array: Array) -> tuple[tuple[str, int], ...]:
    return (ROW, array.rows), (COLUMN, array.columns)


def _points(singles: Counter[str], boxes: dict[Form, list[_Box]]) -> dict[Form, list[tuple[Point, int]]]:
    """Sort the single nets by those forms that patterns have too."""
    points: dict[Form, list[tuple[Point, int]]] = {form: [] for form in boxes}
    for net, count in singles.items() if boxes else ():
        form, point = _form(net)
        if form in points:
            points[form].append((point, count))
    return points


def _covered(net: str, boxes: dict[Form, list[_Box]]) -> bool:
    """Whether a cell of some array connects to a net, too."""
    if not boxes:
        return False
    form, point = _form(net)
    return any(
        all(start <= number < stop for start, number, stop in zip(box.start, point, box.stop, strict=True))
        for box in boxes.get(form, ())
    )


def _lone_in(box: _Box, group: list[_Box], points: list[tuple[Point, int]]) -> Iterator[str]:
    """Yield the first net of a pattern that has one connection only, if there is one."""
    if box.connections > 1 or box.net(tuple(0 for _ in box.start)).lower() in GROUND:
        return
    connections = np.zeros([length for length in box.lengths if length > 1], np.uint8)
    for other in group:
        _add(connections, box, other.start, other.stop, other.connections)
    for point, count in points:
        _add(connections, box, point, tuple(number + 1 for number in point), count)
    lone = connections.reshape(-1) < 2
    if lone.any():
        steps = iter(np.unravel_index(int(lone.argmax()), connections.shape) if connections.ndim else ())
        yield box.net(tuple(int(next(steps)) if length > 1 else 0 for length in box.lengths))


def _add(connections: npt.NDArray[np.uint8], box: _Box, start: Point, stop: Point, count: int) -> None:
    """Add to the connections of a box those of what lies from start to before stop; two are as good as more.

    Numbers of which the box has one only are no dimension of ``connections``: a name may have more numbers than NumPy
    has dimensions.
    """
    inside = [
        slice(max(low, first) - first, min(high, end) - first)
        for low, high, first, end in zip(start, stop, box.start, box.stop, strict=True)
    ]
    if all(part.start < part.stop for part in inside):
        at = tuple(part for part, length in zip(inside, box.lengths, strict=True) if length > 1)
        connections[at] = np.minimum(connections[at] + np.uint8(min(count, 2)), 2)
