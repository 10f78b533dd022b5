"""Which subcircuit is placed where: paths from the top, and cycles."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from ._array import Array
from ._devices import SUBCIRCUIT
from ._instance import Instance
from ._structure import Netlist, Subcircuit

_DEEPEST = 16  # levels that a path shows; more would make the check of a chain quadratic


class Hierarchy:
    """The subcircuits of a netlist by name, without regard to case, and the first place of each.

    A subcircuit that no other one places is a top, and its path is its name.
    """

    def __init__(self, netlist: Netlist) -> None:
        self._subcircuits: dict[str, Subcircuit] = {}
        for subcircuit in netlist.subcircuits:
            self._subcircuits.setdefault(subcircuit.name.lower(), subcircuit)
        # By name: the subcircuit around the first place, which is None outside any, and the instance's name there.
        self._first_place: dict[str, tuple[Subcircuit | None, str]] = {}
        self._find_places(netlist)

    @property
    def names(self) -> list[str]:
        """Names of all subcircuits, in the netlist's order."""
        return [subcircuit.name for subcircuit in self._subcircuits.values()]

    def find(self, name: str) -> Subcircuit | None:
        """Return a subcircuit, or None where the netlist has none of the name."""
        return self._subcircuits.get(name.lower())

    def path(self, subcircuit: Subcircuit) -> str:
        """Return the path of the first place of a subcircuit: ``top/Xarray/Xcell_0_0``; of a deep one the end only."""
        steps: list[str] = []
        seen: set[str] = set()
        around = subcircuit
        while len(steps) < _DEEPEST:
            name = around.name.lower()
            if name in seen or name not in self._first_place:
                return _path([*steps, around.name])
            seen.add(name)
            outside, step = self._first_place[name]
            steps.append(step)
            if outside is None:
                return _path(steps)
            around = outside
        return _path([*steps, "…"])

    def cycle(self) -> list[str]:
        """Return the names along a cycle, from outside to inside, the first again as the last; or nothing."""
        graph = {
            name: list(dict.fromkeys(of for of, _ in _placed(subcircuit.contents)))
            for name, subcircuit in self._subcircuits.items()
        }
        try:
            TopologicalSorter(graph).prepare()
        except CycleError as error:
            # graphlib lists what is contained before what contains it.
            return [self._subcircuits[name].name for name in reversed(error.args[1])]
        return []

    def _find_places(self, netlist: Netlist) -> None:
        for of, name in _placed(netlist.contents):
            self._first_place.setdefault(of, (None, name))
        for subcircuit in self._subcircuits.values():
            for of, name in _placed(subcircuit.contents):
                self._first_place.setdefault(of, (subcircuit, name))


def _path(steps: list[str]) -> str:
    """Join the steps of a path, given from the inside to the outside."""
    return "/".join(reversed(steps))


def _placed(contents: tuple[Instance | Array, ...]) -> Iterator[tuple[str, str]]:
    """Every subcircuit that stands in contents, in lower case, and the instance's name."""
    for part in contents:
        instance = part.first if isinstance(part, Array) else part
        if instance.name[0].upper() == SUBCIRCUIT:
            yield instance.of.lower(), instance.name
