"""Dense placement: as few macros as possible, whatever it costs in time. The last resort, and the measure of need.

1. Row tiles are full; the items to pack are single outputs of one row tile: ``slices`` pairs wide.
2. Items are packed by falling width, then height, into column stacks within one ADC's group, each time onto the stack
   with the least room that suffices (best fit decreasing); a new stack is opened where none does.
3. New stacks are opened evenly over all ADCs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from nngen.arch import Core

from ._candidate import row_bounds
from ._demand import Demand
from ._partial_sums import partial_sums_fit
from ._spread import Placement
from ._strip import Strip

_MOST_MACROS = 1 << 16


@dataclass(kw_only=True)
class _Stack:
    """Pairs of one ADC's group, filled from word line 0 upwards."""

    adc: int
    pair: int
    width: int
    used: int = 0


@dataclass(frozen=True, kw_only=True)
class _Group:
    """Equal items: all outputs of one row tile."""

    demand: Demand
    inputs: tuple[int, int]

    @property
    def height(self) -> int:
        return self.inputs[1] - self.inputs[0]


def dense(demands: Sequence[Demand], core: Core) -> Placement | None:
    """Return the strips of every layer, or None where they do not fit."""
    groups = [
        _Group(demand=demand, inputs=inputs)
        for demand in demands
        for inputs in pairwise(row_bounds(demand, core, balanced=False))
    ]
    packer = _Packer(core)
    placement: dict[str, list[Strip]] = {demand.name: [] for demand in demands}
    for group in sorted(groups, key=lambda g: (-g.demand.slices, -g.height)):
        slots = packer.pack(group)
        if slots is None:
            return None
        placement[group.demand.name] += _strips(group, slots, core)
    if all(partial_sums_fit(strips, core) for strips in placement.values()):
        return {name: tuple(strips) for name, strips in placement.items()}
    return None


def macros_needed(demands: Sequence[Demand], core: Core) -> int | None:
    """Return the fewest macros that a dense placement fits, or None where no number would do."""
    fits = max(1, core.macros)
    while dense(demands, replace(core, macros=fits)) is None:
        fits *= 2
        if fits > _MOST_MACROS:
            return None
    fails = fits // 2
    while fits - fails > 1:
        middle = (fits + fails) // 2
        if dense(demands, replace(core, macros=middle)) is None:
            fails = middle
        else:
            fits = middle
    return fits


class _Packer:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._stacks: list[_Stack] = []
        self._width_left = [core.macro.columns_per_adc] * core.adcs

    def pack(self, group: _Group) -> list[tuple[int, int, int]] | None:
        """Return (adc, row, pair) for each output of a group, or None where the macros are full."""
        slots: list[tuple[int, int, int]] = []
        while len(slots) < group.demand.outputs:
            wanted = group.demand.outputs - len(slots)
            stacks = self._with_room(group)[:wanted] or self._open(group.demand.slices, wanted)
            if not stacks:
                return None
            for stack in stacks:
                slots.append((stack.adc, stack.used, stack.pair))
                stack.used += group.height
        return sorted(slots)

    def _with_room(self, group: _Group) -> list[_Stack]:
        found = [
            stack
            for stack in self._stacks
            if stack.width >= group.demand.slices and stack.used + group.height <= self._core.macro.rows
        ]
        return sorted(found, key=lambda s: (s.width, -s.used))

    def _open(self, width: int, wanted: int) -> list[_Stack]:
        open_adcs = [adc for adc, left in enumerate(self._width_left) if left >= width]
        opened = []
        for adc in sorted(open_adcs, key=lambda adc: -self._width_left[adc])[:wanted]:
            pair = self._core.macro.columns_per_adc - self._width_left[adc]
            self._width_left[adc] -= width
            opened.append(_Stack(adc=adc, pair=pair, width=width))
        self._stacks += opened
        return opened


def _strips(group: _Group, slots: Sequence[tuple[int, int, int]], core: Core) -> list[Strip]:
    strips = []
    for output, (adc, row, pair) in enumerate(slots):
        macro, local = divmod(adc, core.macro.adcs)
        strips.append(
            Strip(inputs=group.inputs, outputs=(output, output + 1), macro=macro, adc=local, row=row, pair=pair)
        )
    return strips
