"""What a timed run tells: events, cause, retirements, and when each layer ran."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from nngen.isa import EVENT_NAMES, UNIT_CODES, Cause, Instruction, Unit

from ._operation import UNITS_BY_CODE
from ._units import Record
from ._units import Unit as TimedUnit
from ._work import PROGRAMMED

# The events of a unit's two amounts of work, by its code.
_WORK_NAMES: dict[int, tuple[str | None, str | None]] = {
    UNIT_CODES[Unit.LOAD]: ("memory_reads", "row_writes"),
    UNIT_CODES[Unit.MVM]: ("plane_drives", "conversions"),
    UNIT_CODES[Unit.POST]: ("outputs", None),
    UNIT_CODES[Unit.STORE]: ("memory_writes", "bus_words"),
    UNIT_CODES[Unit.VEC]: ("vector_operations", None),
}


class Retirement(NamedTuple):
    """One executed instruction.

    Parameters
    ----------
    unit
        Who executed it.
    instruction
        What it was.
    pc
        Its address.
    issue, start, end, retire
        Cycles: of its issue, first and last busy one, and the one in which the retire port shows it.
    digest
        What it wrote; None where no digests were asked for.
    """

    unit: Unit
    instruction: Instruction | int
    pc: int
    issue: int
    start: int
    end: int
    retire: int
    digest: int | None = None


@dataclass(frozen=True, kw_only=True)
class Region:
    """A layer in time.

    Parameters
    ----------
    name
        Of the layer.
    first_issue
        Cycle in which its first instruction issued for the first time; -1 where it never did.
    last_effect
        Cycle of its last effect: the last retirement of any of its instructions; -1 where there was none.
    """

    name: str
    first_issue: int
    last_effect: int

    @property
    def cycles(self) -> int:
        """Cycles from the first issue to the last effect, both included; 0 where the layer did not run."""
        return self.last_effect - self.first_issue + 1 if self.first_issue >= 0 else 0


@dataclass(frozen=True, kw_only=True)
class Timing:
    """A timed run.

    Parameters
    ----------
    events
        Every event counter by name.
    cause, pc
        What CAUSE and CAUSE_PC read; 0 and 0 after HALT.
    issued
        Instructions issued, HALT included.
    executed
        Commands that each unit executed.
    first_issue, last_effect
        Per address of the program memory: cycle of the first issue and of the last retirement; -1 where none was.
    records
        Every executed command in order of issue, where asked for: see ``_units.Record``.
    sources
        The instruction at each address of the program memory.
    digests
        Of each record, where asked for.
    """

    events: dict[str, int]
    cause: Cause
    pc: int
    issued: int
    executed: dict[Unit, int]
    first_issue: Sequence[int] = field(repr=False)
    last_effect: Sequence[int] = field(repr=False)
    records: Sequence[Record] = field(default=(), repr=False)
    sources: Sequence[Instruction | int] = field(default=(), repr=False)
    digests: Sequence[int] | None = field(default=None, repr=False)

    @cached_property
    def trace(self) -> tuple[Retirement, ...]:
        """Retirements in order of issue, where asked for."""
        entries = tuple(
            Retirement(UNITS_BY_CODE[code], self.sources[pc], pc, issue, start, end, retire)
            for _, code, pc, issue, _, start, end, retire, _, _ in self.records
        )
        if self.digests is None:
            return entries
        return tuple(entry._replace(digest=value) for entry, value in zip(entries, self.digests, strict=True))

    @property
    def cycles(self) -> int:
        """Cycles the core ran."""
        return self.events["cycles"]

    def regions(self, layer_starts: Sequence[tuple[str, int]]) -> tuple[Region, ...]:
        """Return when each layer ran.

        Parameters
        ----------
        layer_starts
            (layer, address of its first instruction), as in ``CoreProgram``; a layer reaches to the next one's start.
        """
        marks = (*layer_starts, ("", len(self.last_effect)))
        return tuple(
            Region(
                name=name,
                first_issue=self.first_issue[start],
                last_effect=max(self.last_effect[start:end], default=-1),
            )
            for (name, start), (_, end) in pairwise(marks)
        )

    @property
    def retired(self) -> dict[Unit, tuple[Retirement, ...]]:
        """Return the retirements of each unit, in the order in which it retires them."""
        return {unit: tuple(entry for entry in self.trace if entry.unit is unit) for unit in UNITS_BY_CODE}


def collect_events(*, end: int, issued: int, stalled: int, units: Sequence[TimedUnit]) -> dict[str, int]:
    """Return all events of a run whose last cycle is ``end``."""
    events = dict.fromkeys(EVENT_NAMES, 0)
    events |= {"cycles": end + 1, "instructions": issued, "sequencer_stalled": stalled}
    for unit in units:
        name = UNITS_BY_CODE[unit.code]
        events[f"{name}_busy"] = unit.busy
        events[f"{name}_stalled"] = unit.stalled
        for event, amount in zip(_WORK_NAMES[unit.code], (unit.work_a, unit.work_b), strict=True):
            if event is not None:
                events[event] += amount
    events["programmed_words"], events["row_writes"] = divmod(events["row_writes"], PROGRAMMED)
    return events
