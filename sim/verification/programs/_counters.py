"""What the counters of a program are for, so that no unit takes the signals that another one waits for."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.isa import COUNTERS, QUEUED_UNITS, UNIT_CODES, Unit

from ._draw import Draw

_UNITS = tuple(UNIT_CODES[unit] for unit in QUEUED_UNITS)


@dataclass(frozen=True, kw_only=True)
class Counters:
    """The use of each counter; units are named by their codes. One unit waits on each, but for ``contested``.

    Parameters
    ----------
    stored, loaded
        STORE tells LOAD that something is written; LOAD tells STORE that it was read.
    contested
        Both ``rivals`` wait on it, each once, for as many signals as ``shares`` says. They meet afterwards through
        ``meeting``, the counter on which the first and the one on which the second waits, so that none of them takes
        what the other needs the next time.
    free
        The other counters, with the unit that waits.
    full
        One unit signals it as often as it can count, and itself waits.
    unused
        Nobody signals it.
    """

    stored: int
    loaded: int
    contested: int
    rivals: tuple[int, int]
    shares: tuple[int, int]
    meeting: tuple[int, int]
    free: tuple[tuple[int, int], ...]
    full: tuple[int, int]
    unused: int

    @property
    def waiters(self) -> dict[int, int]:
        """The unit that waits on each counter with a single one that does."""
        pairs = (
            (self.stored, UNIT_CODES[Unit.LOAD]),
            (self.loaded, UNIT_CODES[Unit.STORE]),
            *zip(self.meeting, self.rivals, strict=True),
            *self.free,
            self.full,
        )
        return dict(pairs)

    @property
    def senders(self) -> dict[int, int]:
        """The unit that signals each counter which orders accesses to memory: no other may."""
        return {self.stored: UNIT_CODES[Unit.STORE], self.loaded: UNIT_CODES[Unit.LOAD]}

    @classmethod
    def draw(cls, draw: Draw) -> Counters:
        """Deal the counters out."""
        stored, loaded, contested, first, second, full, unused, *free = draw.sample(range(COUNTERS), COUNTERS)
        one, other = draw.sample(_UNITS, 2)
        waits = tuple((counter, draw.choice(_UNITS)) for counter in free)
        # Often one unit has both: only then does the WAIT for very many come directly behind another one.
        counts = draw.choice(waits)[1] if waits and draw.chance(0.5) else draw.choice(_UNITS)
        return cls(
            stored=stored,
            loaded=loaded,
            contested=contested,
            rivals=(one, other),
            shares=(draw.amount(1, 3), draw.amount(1, 3)),
            meeting=(first, second),
            free=waits,
            full=(full, counts),
            unused=unused,
        )
