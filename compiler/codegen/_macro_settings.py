"""SETs that configure the macros: once before a layer where its passes agree, else before each pass.

The passes of a layer run in a loop. What a macro's register must hold before each of them follows from the passes in
which it takes part; in between it keeps its value, unless that would make it take part by mistake: then it is disabled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nngen.arch import Core
from nngen.ir import MacroSetting, Pass
from nngen.isa import Instruction, Unit

from ._writer import RegisterFile, set_register

DISABLED = 0
_ENABLED = 1 << 16
_CLASS = 0xF

Conflict = Callable[[int, int], bool]


@dataclass(frozen=True, kw_only=True)
class Sets:
    """SETs before the loop, and before each pass in it."""

    before: list[Instruction]
    passes: list[list[Instruction]]


def macro_value(setting: MacroSetting) -> int:
    """Return the value of MVM's register MACRO."""
    gain = setting.gain.bit_length() - 1
    return _ENABLED | gain << 12 | setting.first_step << 4 | setting.class_


def class_mask(one: Pass) -> int:
    """Return the field ``classes`` of a pass's MVM."""
    mask = 0
    for setting in one.settings:
        mask |= 1 << setting.class_
    return mask


def group_sets(passes: Sequence[Pass], registers: RegisterFile, core: Core) -> Sets:
    """Return the SETs of LOAD's groups; macros that a pass does not use may keep theirs."""
    wanted = [{s.macro: s.group for s in p.settings} for p in passes]
    return _sets((Unit.LOAD, "GROUP"), wanted, lambda _value, _pass: False, registers, core)


def class_sets(passes: Sequence[Pass], registers: RegisterFile, core: Core) -> Sets:
    """Return the SETs of MVM's macros."""
    wanted = [{s.macro: macro_value(s) for s in p.settings} for p in passes]
    masks = [class_mask(p) for p in passes]

    def conflict(value: int, index: int) -> bool:
        return bool(value & _ENABLED and masks[index] >> (value & _CLASS) & 1)

    return _sets((Unit.MVM, "MACRO"), wanted, conflict, registers, core)


def _sets(
    array: tuple[Unit, str], wanted: Sequence[dict[int, int]], conflict: Conflict, registers: RegisterFile, core: Core
) -> Sets:
    """Return the SETs of one register array; ``wanted`` are the macros of each pass with their values."""
    sets = Sets(before=[], passes=[[] for _ in wanted])
    for macro in range(core.macros):
        held = registers.get(*array, element=macro)
        values = _values([w.get(macro) for w in wanted], held, conflict)
        for index, value in enumerate(values):
            if value != values[index - 1]:
                sets.passes[index].append(set_register(*array, value, element=macro))
        if values[0] == values[-1]:
            sets.before.extend(registers.set(*array, values[0], element=macro))
        else:
            registers.set(*array, values[-1], element=macro)
    return sets


def _values(wanted: Sequence[int | None], held: int, conflict: Conflict) -> list[int]:
    """Return what a macro's register holds in each pass, the last one's value carried over to the first."""
    count = len(wanted)
    start = next((i for i, value in enumerate(wanted) if value is not None), None)
    if start is None:
        return [DISABLED if any(conflict(held, i) for i in range(count)) else held] * count
    values = [0] * count
    current = held
    for i in range(start, start + count):
        value = wanted[i % count]
        if value is not None:
            current = value
        elif conflict(current, i % count):
            current = DISABLED
        values[i % count] = current
    return values
