"""Splits where a macro starts converting into a part of the macro and a part of the pass.

A macro's window in a pass begins at conversion ``first_step`` (a register of the macro) + ``step`` (a field of MVM).
Where one ``first_step`` a macro serves all passes of a layer, its loops need no SET.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._passes import PlannedPass


@dataclass(frozen=True, kw_only=True)
class ColumnSteps:
    """``step[p] + first_step[p][macro]`` is the first conversion of the macro's job in pass p."""

    step: tuple[int, ...]
    first_step: tuple[dict[int, int], ...]
    constant: bool


def split_column_steps(passes: Sequence[PlannedPass]) -> ColumnSteps:
    """Return one first step a macro where that is possible, else each pass with first steps of its own."""
    return _constant(passes) or ColumnSteps(
        step=(0,) * len(passes),
        first_step=tuple({job.macro: job.first_conversion for job in p.jobs} for p in passes),
        constant=False,
    )


def _constant(passes: Sequence[PlannedPass]) -> ColumnSteps | None:
    """Solve first_conversion = first_step + step for all jobs by following shared macros from pass to pass."""
    macros: dict[int, int] = {}
    steps: dict[int, int] = {}
    while len(steps) < len(passes):
        seed = next(p for p in range(len(passes)) if p not in steps)
        component = _follow(passes, seed)
        if component is None:
            return None
        macros |= component[0]
        steps |= component[1]
    return ColumnSteps(
        step=tuple(steps[p] for p in range(len(passes))),
        first_step=tuple({job.macro: macros[job.macro] for job in p.jobs} for p in passes),
        constant=True,
    )


def _follow(passes: Sequence[PlannedPass], seed: int) -> tuple[dict[int, int], dict[int, int]] | None:
    """Return first steps and steps of all that is connected to pass ``seed``, none negative, or None."""
    macros: dict[int, int] = {}
    steps = {seed: 0}
    found = True
    while found:
        found = False
        for p, planned in enumerate(passes):
            for job in planned.jobs:
                if p in steps and job.macro not in macros:
                    macros[job.macro], found = job.first_conversion - steps[p], True
                elif p not in steps and job.macro in macros:
                    steps[p], found = job.first_conversion - macros[job.macro], True
    if any(macros[job.macro] + steps[p] != job.first_conversion for p in steps for job in passes[p].jobs):
        return None
    shift = max(0, -min(steps.values()))
    if min(macros.values()) < shift:
        return None
    return {m: first - shift for m, first in macros.items()}, {p: step + shift for p, step in steps.items()}
