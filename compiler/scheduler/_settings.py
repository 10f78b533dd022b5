"""Configuration of the macros for each pass: LOAD groups, MVM classes, first steps, gains.

1. Macros whose row buffer holds the same rows in every pass of the layer share a LOAD group.
2. Where first steps and gains are the same in all passes, macros that take part in the same passes share an MVM class,
   and a pass names the classes of its macros.
3. Else every pass has a class of its own, and its macros are set anew before it.
4. Group and class numbers avoid those that macros outside hold from earlier layers, so that these need no SET.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from nngen.arch import Core
from nngen.ir import MacroSetting
from nngen.isa import Unit, register

from ._column_steps import ColumnSteps, split_column_steps
from ._passes import PlannedPass

GROUPS = 1 << register(Unit.LOAD, "GROUP").width
CLASSES = 16  # bits of the field ``classes`` of MVM


@dataclass(kw_only=True)
class Held:
    """Numbers that the macros hold from earlier layers; groups are 0 after a start, classes only once set."""

    groups: dict[int, int] = field(default_factory=dict)
    classes: dict[int, int] = field(default_factory=dict)

    @classmethod
    def at_start(cls, core: Core) -> Held:
        """Return what the registers hold when a program starts."""
        return cls(groups=dict.fromkeys(range(core.macros), 0))


@dataclass(frozen=True, kw_only=True)
class PassSettings:
    """Settings of one pass and the step that its MVM adds."""

    settings: tuple[MacroSetting, ...]
    step: int


def assign_settings(passes: Sequence[PlannedPass], held: Held) -> list[PassSettings]:
    """Return the settings of each pass of a layer and note in ``held`` what the macros keep."""
    columns = split_column_steps(passes)
    groups = _numbers(_by_signature(_contents(passes)), held.groups, GROUPS)
    classes = _classes(passes, columns, held)
    result = [
        PassSettings(
            settings=tuple(
                MacroSetting(
                    macro=job.macro,
                    group=groups[job.macro],
                    class_=classes[p][job.macro],
                    first_step=columns.first_step[p][job.macro],
                    gain=job.gain,
                )
                for job in planned.jobs
            ),
            step=columns.step[p],
        )
        for p, planned in enumerate(passes)
    ]
    held.groups |= groups
    for by_macro in classes:
        held.classes |= by_macro
    return result


def _contents(passes: Sequence[PlannedPass]) -> dict[int, tuple[Hashable, ...]]:
    """Return, for each macro, what its row buffer holds in each pass."""
    macros = sorted({job.macro for p in passes for job in p.jobs})
    rows = [{job.macro: job.rows for job in p.jobs} for p in passes]
    return {macro: tuple(r.get(macro) for r in rows) for macro in macros}


def _classes(passes: Sequence[PlannedPass], columns: ColumnSteps, held: Held) -> list[dict[int, int]]:
    parts = {macro: tuple(c is not None for c in contents) for macro, contents in _contents(passes).items()}
    signatures = _by_signature(parts)
    gains: dict[int, set[int]] = {}
    for planned in passes:
        for job in planned.jobs:
            gains.setdefault(job.macro, set()).add(job.gain)
    if columns.constant and all(len(g) == 1 for g in gains.values()) and len(signatures) <= CLASSES:
        numbers = _numbers(signatures, held.classes, CLASSES)
        return [{job.macro: numbers[job.macro] for job in planned.jobs} for planned in passes]
    return [{job.macro: p % CLASSES for job in planned.jobs} for p, planned in enumerate(passes)]


def _by_signature(signatures: Mapping[int, tuple[Hashable, ...]]) -> list[list[int]]:
    """Return the macros of each signature, in the order of their first macro."""
    groups: dict[tuple[Hashable, ...], list[int]] = {}
    for macro, signature in signatures.items():
        groups.setdefault(signature, []).append(macro)
    return list(groups.values())


def _numbers(groups: Iterable[Sequence[int]], held: dict[int, int], limit: int) -> dict[int, int]:
    """Return a number below ``limit`` for each macro: its group's, which no macro outside holds where possible."""
    numbers: dict[int, int] = {}
    for members in groups:
        outside = {number for macro, number in (held | numbers).items() if macro not in members}
        free = [number for number in range(limit) if number not in outside] or [
            number for number in range(limit) if number not in numbers.values()
        ]
        kept = [held[macro] for macro in members if held.get(macro) in free]
        number = max(sorted(set(kept)), key=kept.count) if kept else free[0]
        numbers |= dict.fromkeys(members, number)
    return numbers
