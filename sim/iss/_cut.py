"""A run cut short by a watchdog so impatient that a pipeline's latency is enough for it.

Only limits below the longest pause of a live machine come here, so this counts again from the finished trace instead of
burdening the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from nngen.arch import Core

from ._units import NEVER, Record, Unit, make_units


@dataclass(frozen=True, kw_only=True)
class Cut:
    """A run up to and with cycle ``end``.

    Parameters
    ----------
    executed
        What had run by then.
    units
        Units with the counts they had.
    issued, stalled
        Instructions, and cycles of a stalled sequencer.
    next_record
        What would have issued next, where anything did.
    """

    end: int
    executed: list[Record]
    units: list[Unit]
    issued: int
    stalled: int
    next_record: Record | None


def impatient_end(records: Sequence[Record], watchdog: int, end: int) -> int | None:
    """Return the cycle in which the watchdog stops a run that would last to cycle ``end``; None where it does not."""
    spans = [(r[3], r[3]) for r in records] + [(r[5], r[6]) for r in records if r[5] < NEVER]
    last = -1
    for start, finish in [*sorted(spans), (end + 1, end + 1)]:
        if start - last - 1 >= watchdog:
            return last + watchdog
        last = max(last, finish)
    return None


def cut(core: Core, records: Sequence[Record], end: int, *, waits: bool) -> Cut:
    """Count again what happened up to and with cycle ``end``, in which nothing runs.

    Parameters
    ----------
    records
        Everything that was issued, in that order; what was never executed starts at NEVER.
    waits
        True where the sequencer stands before an instruction after all of these that it cannot issue.
    """
    issued = [record for record in records if record[3] <= end]
    issues = [0, *(record[3] for record in issued)]
    stalled = sum(b - a - 1 for a, b in pairwise(issues))
    following = records[len(issued)] if len(issued) < len(records) else None
    if waits or following is not None:
        stalled += end - issues[-1]
    units = make_units(core, [], None)
    for record in issued:
        if record[1]:
            _count(units[record[1] - 1], end, record)
    return Cut(
        end=end,
        executed=[record for record in issued if record[5] <= end],
        units=units,
        issued=len(issued),
        stalled=stalled,
        next_record=following,
    )


def _count(unit: Unit, end: int, record: Record) -> None:
    _, _, _, _, head, start, finish, _, a, b = record
    if start <= end:
        unit.stalled += start - head
        unit.busy += finish - start + 1
        unit.work_a += a
        unit.work_b += b
        unit.ends.append(finish)
    elif head <= end:
        unit.stalled += end - head + 1
