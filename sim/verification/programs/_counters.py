"""What the counters of a program are for, so that no unit takes the signals that another one waits for."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core
from nngen.isa import COUNTERS, UNIT_CODES, Unit

from ._draw import Draw
from ._units import unit_codes

_LOAD, _MVM, _STORE = (UNIT_CODES[unit] for unit in (Unit.LOAD, Unit.MVM, Unit.STORE))
_PROGRAMS = 0.5  # how often a program of a core that can writes cells


@dataclass(frozen=True, kw_only=True)
class Counters:
    """The use of each counter; units are named by their codes. One unit waits on each, but for ``contested``.

    Parameters
    ----------
    stored, loaded
        STORE tells LOAD that something is written; LOAD tells STORE that it was read.
    contested, rivals, shares, meeting
        Both ``rivals`` wait on it, each once, for as many signals as ``shares`` says. They meet afterwards through
        ``meeting``, the counter on which the first and the one on which the second waits, so that none of them takes
        what the other needs the next time. Without a contest there are none.
    converted, programmed
        MVM tells LOAD that it has converted, LOAD tells MVM that cells are written; None where the program writes none.
    free
        The other counters, with the unit that waits.
    full
        One unit signals it as often as it can count, and itself waits.
    unused
        Nobody signals it.
    """

    stored: int
    loaded: int
    contested: int | None
    rivals: tuple[int, ...]
    shares: tuple[int, ...]
    meeting: tuple[int, ...]
    converted: int | None
    programmed: int | None
    free: tuple[tuple[int, int], ...]
    full: tuple[int, int]
    unused: int

    @property
    def waiters(self) -> dict[int, int]:
        """The unit that waits on each counter with a single one that does."""
        known = (
            (self.stored, _LOAD),
            (self.loaded, _STORE),
            *zip(self.meeting, self.rivals, strict=True),
            (self.converted, _LOAD),
            (self.programmed, _MVM),
            *self.free,
            self.full,
        )
        return {counter: unit for counter, unit in known if counter is not None}

    @property
    def senders(self) -> dict[int, int]:
        """The unit that signals each counter which orders accesses to memory or cells: no other may."""
        known = ((self.stored, _STORE), (self.loaded, _LOAD), (self.converted, _MVM), (self.programmed, _LOAD))
        return {counter: unit for counter, unit in known if counter is not None}

    @classmethod
    def draw(cls, draw: Draw, core: Core) -> Counters:
        """Deal the counters out; a program has a contest, or writes cells where the core can."""
        units = unit_codes(core)
        numbers = draw.sample(range(COUNTERS), COUNTERS)
        stored, loaded, full, unused = (numbers.pop() for _ in range(4))
        programs = core.reprogram and draw.chance(_PROGRAMS)
        special = [numbers.pop() for _ in range(2 if programs else 3)]
        waits = tuple((counter, draw.choice(units)) for counter in numbers)
        # Often one unit has both: only then does the WAIT for very many come directly behind another one.
        counts = draw.choice(waits)[1] if waits and draw.chance(0.5) else draw.choice(units)
        return cls(
            stored=stored,
            loaded=loaded,
            contested=None if programs else special[0],
            rivals=() if programs else tuple(draw.sample(units, 2)),
            shares=() if programs else (draw.amount(1, 3), draw.amount(1, 3)),
            meeting=() if programs else tuple(special[1:]),
            converted=special[0] if programs else None,
            programmed=special[1] if programs else None,
            free=waits,
            full=(full, counts),
            unused=unused,
        )
