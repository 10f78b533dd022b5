"""What coverage says: how much of what was met, what is missing, and what must not be there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from nngen.isa import INSTRUCTIONS

from ._bins import Bin, Group
from ._coverage import Coverage
from ._waivers import Waiver


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How much of one part was met.

    Parameters
    ----------
    name
        Of the part.
    bins
        All that can be met.
    hit
        Those that were.
    waived
        Those that were not and need not be.
    """

    name: str
    bins: int
    hit: int
    waived: int

    @property
    def needed(self) -> int:
        """Bins that must be met."""
        return self.bins - self.waived

    @property
    def missing(self) -> int:
        """Bins that must be met and were not."""
        return self.needed - self.hit


@dataclass(frozen=True, kw_only=True)
class CoverageReport:
    """The verdict.

    Parameters
    ----------
    retirements
        Instructions that were collected.
    total
        All bins.
    groups, instructions
        The bins by what they are about; those that have an instruction by its mnemonic.
    missing
        Names of bins that must be met and were not, by group.
    waived
        (bin, reason) of those that need not be.
    unexpected
        (bin, how often) of what the rules exclude and yet was seen: a fault of the core or of the rules.
    stale
        A sentence for each waiver that has no use, or is contradicted.
    """

    retirements: int
    total: Tally
    groups: tuple[Tally, ...]
    instructions: tuple[Tally, ...]
    missing: dict[str, tuple[str, ...]]
    waived: tuple[tuple[str, str], ...]
    unexpected: tuple[tuple[str, int], ...]
    stale: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to meet, and nothing is wrong."""
        return not (self.total.missing or self.unexpected or self.stale)


def summarize(coverage: Coverage, waivers: Sequence[Waiver] = ()) -> CoverageReport:
    """Judge what was met, with the waivers that are meant for the core."""
    counts = {found.name: int(count) for found, count in zip(coverage.bins, coverage.counts, strict=True)}
    possible = [found for found in coverage.bins if found.possible]
    waived, stale = _apply(waivers, coverage, possible, counts)
    missing = [found for found in possible if not counts[found.name] and found.name not in waived]

    def tally(name: str, bins: Iterable[Bin]) -> Tally:
        names = [found.name for found in bins]
        return Tally(
            name=name,
            bins=len(names),
            hit=sum(counts[n] > 0 for n in names),
            waived=sum(n in waived for n in names),
        )

    return CoverageReport(
        retirements=coverage.retirements,
        total=tally("all", possible),
        groups=tuple(tally(group, (found for found in possible if found.group is group)) for group in Group),
        instructions=tuple(
            tally(format_.mnemonic, (found for found in possible if found.mnemonic == format_.mnemonic))
            for format_ in INSTRUCTIONS
            if any(found.mnemonic == format_.mnemonic for found in possible)
        ),
        missing={group: tuple(found.name for found in missing if found.group is group) for group in Group},
        waived=tuple(waived.items()),
        unexpected=tuple((b.name, counts[b.name]) for b in coverage.bins if counts[b.name] and not b.possible),
        stale=tuple(stale),
    )


def _apply(
    waivers: Sequence[Waiver], coverage: Coverage, possible: Sequence[Bin], counts: dict[str, int]
) -> tuple[dict[str, str], list[str]]:
    """Return the reason of each waived bin, and what is wrong with the waivers."""
    waived: dict[str, str] = {}
    stale = []
    for number, waiver in enumerate(waivers):
        if not waiver.applies(coverage.core):
            continue
        matched = [found.name for found in possible if fnmatchcase(found.name, waiver.bins)]
        met = [name for name in matched if counts[name]]
        for name in matched:
            if not counts[name]:
                waived.setdefault(name, waiver.reason)
        where = f"waiver[{number}].bins must match"
        if not matched:
            stale.append(f"{where} at least one bin of this core, not none as '{waiver.bins}' does")
        elif met:
            others = f" and {len(met) - 1} more" if len(met) > 1 else ""
            stale.append(f"{where} only bins that are not met, not '{met[0]}'{others}")
    return waived, stale
