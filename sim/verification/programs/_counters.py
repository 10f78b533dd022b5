"""What the counters of a program are for, so that no unit takes the signals that another one waits for."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.isa import COUNTERS, QUEUED_UNITS, UNIT_CODES

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

    @classmethod
    def draw(cls, draw: Draw) -> Counters:
        """Deal the counters out."""
        stored, loaded, contested, first, second, full, unused, *free = draw.sample(range(COUNTERS), COUNTERS)
        one, other = draw.sample(_UNITS, 2)
        return cls(
            stored=stored,
            loaded=loaded,
            contested=contested,
            rivals=(one, other),
            shares=(draw.amount(1, 3), draw.amount(1, 3)),
            meeting=(first, second),
            free=tuple((counter, draw.choice(_UNITS)) for counter in free),
            full=(full, draw.choice(_UNITS)),
            unused=unused,
        )
