"""The cores of a chip by their numbers, and what messages call them."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Architecture, Core


@dataclass(frozen=True, kw_only=True)
class NumberedCore:
    """A core of a chip.

    Parameters
    ----------
    number
        Which one it is.
    core
        The core in numbers.
    name
        What messages call it: the core, where it is the only one.
    table
        The table of the architecture file that describes it.
    """

    number: int
    core: Core
    name: str
    table: str


def numbered_cores(architecture: Architecture) -> tuple[NumberedCore, ...]:
    """Return all cores of a chip."""
    tables = [f"core[{table}]" for table, spec in enumerate(architecture.file.core) for _ in range(spec.count)]
    if len(tables) != len(architecture.cores):  # made from another chip, by hand
        tables = [f"core[{architecture.kinds.index(core)}]" for core in architecture.cores]
    alone = len(tables) == 1
    return tuple(
        NumberedCore(number=number, core=core, name="the core" if alone else f"core {number}", table=tables[number])
        for number, core in enumerate(architecture.cores)
    )
