"""Compact placement: the fewest macros that rectangles of whole row tiles can be laid into, whatever it costs in time.

1. The items are row tiles: full ones, and the rest of each layer's rows. They are laid down by falling height, then by
   falling slices and outputs.
2. A room is a free rectangle of one macro: word lines times conversions, of any ADCs. An item goes into the room that
   leaves the fewest word lines; among those into the smallest that takes all its outputs, else into the one that takes
   most, and the rest of its outputs into another. What is left of a room, beside and below, becomes rooms.
3. Where no room is high enough, an item is cut: the highest room takes as many of its rows as it has word lines.
   This is tried only where rule 2 alone does not do with so many macros.
4. The number of macros grows from the proven bound on until everything is laid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nngen.arch import Core, Macro
from nngen.sim.kpi import fewest_macros_of_weights

from ._candidate import row_bounds
from ._demand import Demand
from ._partial_sums import partial_sums_fit
from ._spread import Placement
from ._strip import Strip


@dataclass(frozen=True, kw_only=True)
class _Item:
    """Matrix rows [a, b) of the outputs [c, d) of a layer."""

    demand: Demand
    inputs: tuple[int, int]
    outputs: tuple[int, int]

    @property
    def height(self) -> int:
        return self.inputs[1] - self.inputs[0]

    @property
    def count(self) -> int:
        return self.outputs[1] - self.outputs[0]


@dataclass(frozen=True, kw_only=True)
class _Room:
    """Free word lines and conversions [first, end) of a macro."""

    macro: int
    row: int
    height: int
    first: int
    end: int


def compact(demands: Sequence[Demand], core: Core) -> Placement | None:
    """Return the strips of every layer in as few macros as this way finds, or None where they do not fit."""
    for macros in range(max(1, _bound(demands, core.macro)), core.macros + 1):
        placement = lay(demands, core, macros=macros)
        if placement is not None:
            return placement
    return None


def lay(demands: Sequence[Demand], core: Core, *, macros: int) -> Placement | None:
    """Return the strips of every layer in the first ``macros`` macros of a core, or None where they do not fit."""
    if _bound(demands, core.macro) > macros:
        return None
    for cut in (False, True):
        placement = _Laying(core, macros).lay(demands, cut=cut)
        if placement is not None and all(partial_sums_fit(strips, core) for strips in placement.values()):
            return placement
    return None


def _bound(demands: Sequence[Demand], macro: Macro) -> int:
    return fewest_macros_of_weights(((demand.rows * demand.outputs, demand.slices) for demand in demands), macro)


_NOTHING: tuple[int, _Room | None] = (0, None)


class _Laying:
    """The rooms that are left, and the strips laid so far."""

    def __init__(self, core: Core, macros: int) -> None:
        self._macro = core.macro
        self._rooms = [
            _Room(macro=macro, row=0, height=core.macro.rows, first=0, end=core.macro.conversions)
            for macro in range(macros)
        ]
        self._core = core

    def lay(self, demands: Sequence[Demand], *, cut: bool) -> Placement | None:
        """Return the strips of all layers, or None where one found no room."""
        placement: dict[str, list[Strip]] = {demand.name: [] for demand in demands}
        items = [
            _Item(demand=demand, inputs=inputs, outputs=(0, demand.outputs))
            for demand in demands
            for inputs in pairwise(row_bounds(demand, self._core, balanced=False))
        ]
        items.sort(key=lambda item: (-item.height, -item.demand.slices, -item.count))
        while items:
            item = items.pop(0)
            rest = self._lay_item(item, placement[item.demand.name], cut=cut)
            if rest is None:
                return None
            items = [*rest, *items]
        return {name: tuple(strips) for name, strips in placement.items()}

    def _lay_item(self, item: _Item, strips: list[Strip], *, cut: bool) -> list[_Item] | None:
        """Lay what one room takes of an item and return the rest of it, or None where no room takes any."""
        room = self._best_room(item)
        if room is None and cut:
            room = self._highest_room(item)
        if room is None:
            return None
        height = min(item.height, room.height)
        middle = item.inputs[0] + height
        used = room.first
        first = item.outputs[0]
        for adc, conversion, count in _slots(room, item.demand.slices, self._macro):
            end = min(first + count, item.outputs[1])
            if first < end:
                strips.append(
                    Strip(
                        inputs=(item.inputs[0], middle),
                        outputs=(first, end),
                        macro=room.macro,
                        adc=adc,
                        row=room.row,
                        conversion=conversion,
                    )
                )
                used = adc * self._macro.columns_per_adc + conversion + (end - first) * item.demand.slices
                first = end
        self._divide(room, used, height)
        beside = replace(item, outputs=(first, item.outputs[1]))
        below = replace(item, inputs=(middle, item.inputs[1]), outputs=(item.outputs[0], first))
        return [one for one in (beside, below) if one.count and one.height]

    def _best_room(self, item: _Item) -> _Room | None:
        high = [found for found in self._wide(item) if found[1].height >= item.height]
        return min(high, key=lambda found: (found[1].height, *_preference(found[0], found[1], item)), default=_NOTHING)[
            1
        ]

    def _highest_room(self, item: _Item) -> _Room | None:
        wide = self._wide(item)
        return min(
            wide, key=lambda found: (-found[1].height, *_preference(found[0], found[1], item)), default=_NOTHING
        )[1]

    def _wide(self, item: _Item) -> list[tuple[int, _Room]]:
        """Return the rooms that take an output, each with how many it takes."""
        slices, width = item.demand.slices, self._macro.columns_per_adc
        return [(taken, room) for room in self._rooms if (taken := _capacity(room, slices, width))]

    def _divide(self, room: _Room, used: int, height: int) -> None:
        self._rooms.remove(room)
        if used < room.end:
            self._rooms.append(replace(room, first=used))
        if height < room.height:
            self._rooms.append(replace(room, row=room.row + height, height=room.height - height, end=used))


def _slots(room: _Room, slices: int, macro: Macro) -> Iterator[tuple[int, int, int]]:
    """Yield (ADC, first conversion in its group, number of outputs) of each ADC that a room has a part of."""
    width = macro.columns_per_adc
    for adc in range(room.first // width, -(-room.end // width)):
        first, end = max(room.first, adc * width), min(room.end, (adc + 1) * width)
        if end - first >= slices:
            yield adc, first - adc * width, (end - first) // slices


def _preference(taken: int, room: _Room, item: _Item) -> tuple[bool, int, int, int, int]:
    enough = taken >= item.count
    return (not enough, taken if enough else -taken, room.macro, room.row, room.first)


def _capacity(room: _Room, slices: int, width: int) -> int:
    """Return how many outputs fit side by side into a room; an ADC has ``width`` conversions."""
    (first_adc, skipped), (last_adc, begun) = divmod(room.first, width), divmod(room.end, width)
    if first_adc == last_adc:
        return (begun - skipped) // slices
    return (width - skipped) // slices + (last_adc - first_adc - 1) * (width // slices) + begun // slices
