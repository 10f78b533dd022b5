"""Dense placement: as few macros as possible, whatever it costs in time. The last resort, and the measure of need.

1. Row tiles are full; the items to pack are single outputs of one row tile: ``slices`` conversions wide.
2. Items are packed by falling width, then height, into column stacks within one ADC's group, each time onto the stack
   with the least room that suffices (best fit decreasing); a new stack is opened where none does.
3. New stacks are opened evenly over all ADCs, macro by macro; where that puts too many partial sums of an output into
   one macro, in the first ADC of every macro, then in the second, and so on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nngen.arch import Core

from ._candidate import row_bounds
from ._demand import Demand
from ._partial_sums import partial_sums_fit
from ._spread import Placement
from ._strip import Strip


@dataclass(kw_only=True)
class _Stack:
    """Pairs of one ADC's group, filled from word line 0 upwards."""

    adc: int
    conversion: int
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
    for by_macro in (True, False):
        placement = _pack(demands, core, by_macro=by_macro)
        if placement is not None and all(partial_sums_fit(strips, core) for strips in placement.values()):
            return placement
    return None


def _pack(demands: Sequence[Demand], core: Core, *, by_macro: bool) -> Placement | None:
    groups = [
        _Group(demand=demand, inputs=inputs)
        for demand in demands
        for inputs in pairwise(row_bounds(demand, core, balanced=False))
    ]
    packer = _Packer(core, by_macro=by_macro)
    placement: Placement = {demand.name: () for demand in demands}
    for group in sorted(groups, key=lambda g: (-g.demand.slices, -g.height)):
        slots = packer.pack(group)
        if slots is None:
            return None
        placement[group.demand.name] += tuple(_strips(group, slots, core))
    return placement


class _Packer:
    """Stacks of all ADCs; new ones are opened ADC by ADC, or, for partial sums far apart, macro by macro."""

    def __init__(self, core: Core, *, by_macro: bool) -> None:
        self._core = core
        adcs = core.macro.adcs
        self._order = sorted(
            range(core.adcs), key=lambda adc: adc if by_macro else (adc % adcs) * core.macros + adc // adcs
        )
        self._stacks: list[_Stack] = []
        self._width_left = [core.macro.columns_per_adc] * core.adcs

    def pack(self, group: _Group) -> list[tuple[int, int, int]] | None:
        """Return (adc, row, conversion) for each output of a group, or None where the macros are full."""
        slots: list[tuple[int, int, int]] = []
        while len(slots) < group.demand.outputs:
            wanted = group.demand.outputs - len(slots)
            stacks = self._with_room(group)[:wanted] or self._open(group.demand.slices, wanted)
            if not stacks:
                return None
            for stack in stacks:
                slots.append((stack.adc, stack.used, stack.conversion))
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
        open_adcs = [adc for adc in self._order if self._width_left[adc] >= width]
        opened = []
        for adc in sorted(open_adcs, key=lambda adc: -self._width_left[adc])[:wanted]:
            conversion = self._core.macro.columns_per_adc - self._width_left[adc]
            self._width_left[adc] -= width
            opened.append(_Stack(adc=adc, conversion=conversion, width=width))
        self._stacks += opened
        return opened


def _strips(group: _Group, slots: Sequence[tuple[int, int, int]], core: Core) -> list[Strip]:
    strips = []
    for output, (adc, row, conversion) in enumerate(slots):
        macro, local = divmod(adc, core.macro.adcs)
        strips.append(
            Strip(
                inputs=group.inputs,
                outputs=(output, output + 1),
                macro=macro,
                adc=local,
                row=row,
                conversion=conversion,
            )
        )
    return strips
