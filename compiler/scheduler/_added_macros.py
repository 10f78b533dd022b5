"""Macros whose partial sums POST adds in one cycle: a constant record names one of them for all.

1. Macros that hold partial sums of just the same outputs, at the same ADCs and entries, in every round of a layer go by
   one name, that of the lowest.
2. A record of that name adds all their accumulators; those of the others are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._passes import PartialSum, PlannedRound


def names_of_macros(planned: Sequence[PlannedRound]) -> dict[int, int]:
    """Return by which macro's name the records of a layer call each of its macros, ascending."""
    places: dict[int, list[tuple[int, int, int, int]]] = {}
    for index, one in enumerate(planned):
        for output, macro, adc, entry in one.sources:
            places.setdefault(macro, []).append((index, output, adc, entry))
    names: dict[tuple[tuple[int, int, int, int], ...], int] = {}
    return {macro: names.setdefault(tuple(held), macro) for macro, held in sorted(places.items())}


def named_sums(one: PlannedRound, names: dict[int, int]) -> list[PartialSum]:
    """Return the partial sums of a round that have a record of their own."""
    return [source for source in one.sources if names[source[1]] == source[1]]
