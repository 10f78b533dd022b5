"""Finds a place for one layer's candidate in what is left of the macros."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from nngen.arch import Core

from ._candidate import Candidate, Piece
from ._demand import Demand
from ._occupancy import Occupancy, Window
from ._strip import Strip


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A piece in its place: whole macros, then perhaps a part of one, all on the same word lines."""

    piece: Piece
    row: int
    windows: tuple[Window, ...]

    @property
    def macros(self) -> set[int]:
        """Macros in use."""
        return {window.macro for window in self.windows}

    def spans(self, core: Core) -> Iterator[tuple[Window, range]]:
        """Yield each window with its ADCs in use."""
        left = self.piece.adcs
        for window in self.windows:
            count = min(left, core.macro.adcs - window.adc)
            yield window, range(window.adc, window.adc + count)
            left -= count

    def adcs(self, core: Core) -> list[tuple[int, int, int]]:
        """Return (macro, adc, first conversion) of the ADCs in use."""
        return [(window.macro, adc, window.conversion) for window, adcs in self.spans(core) for adc in adcs]


def place_candidate(
    demand: Demand, candidate: Candidate, core: Core, occupancy: Occupancy
) -> tuple[tuple[Placed, ...], Occupancy] | None:
    """Return the places of a candidate's pieces and the occupancy with them, or None where one finds none."""
    before, done = occupancy, list[Placed]()
    for group in candidate.groups:
        placed: list[Placed] = []
        for piece in group:
            found = _Search(
                adcs=piece.adcs,
                height=candidate.height(piece),
                width=_width(piece, demand),
                busy=frozenset().union(*(one.macros for one in placed)),
            ).best(occupancy, core)
            if found is None:
                return None
            placed.append(Placed(piece=piece, row=found[0], windows=found[1]))
        occupancy = before.copy() if occupancy is before else occupancy
        for one in placed:
            width, height = _width(one.piece, demand), candidate.height(one.piece)
            for window, adcs in one.spans(core):
                occupancy.take(
                    macro=window.macro, adcs=adcs, conversion=window.conversion, width=width, row=one.row, height=height
                )
        done += placed
    return tuple(done), occupancy


def strips_of(placed: Sequence[Placed], candidate: Candidate, demand: Demand, core: Core) -> tuple[Strip, ...]:
    """Return the strips of a candidate whose pieces have these places."""
    return tuple(strip for one in placed for strip in _strips(one, candidate, demand, core))


def _width(piece: Piece, demand: Demand) -> int:
    return len(piece.turns) * piece.steps * demand.slices


@dataclass(frozen=True, kw_only=True)
class _Search:
    """For ``height`` word lines and ``width`` conversions in each of ``adcs`` ADCs, not in macros ``busy``."""

    adcs: int
    height: int
    width: int
    busy: frozenset[int]

    def best(self, occupancy: Occupancy, core: Core) -> tuple[int, tuple[Window, ...]] | None:
        """Return the row and windows that open the fewest unused conversions, then those furthest left and up."""
        found: list[tuple[tuple[int, int, int], tuple[Window, ...]]] = []
        for row in occupancy.row_starts(self.height):
            windows = self._windows(occupancy.finder(row=row, height=self.height, width=self.width), core)
            if windows:
                found.append(((sum(w.opened for w in windows), sum(w.conversion for w in windows), row), windows))
        if not found:
            return None
        (_, _, row), windows = min(found, key=lambda f: f[0])
        return row, windows

    def _windows(self, find: Callable[[int], list[Window]], core: Core) -> tuple[Window, ...]:
        """Return as many whole macros as the ADCs fill, and a part of another for the rest; none where one lacks."""
        whole, part = divmod(self.adcs, core.macro.adcs)
        windows: list[Window] = []
        for size, count in ((core.macro.adcs, whole), (part, 1)):
            if size and count:
                others = self.busy.union(window.macro for window in windows)
                found = sorted((w for w in find(size) if w.macro not in others), key=_preference)[:count]
                if len(found) < count:
                    return ()
                windows += found
        return tuple(windows)


def _preference(window: Window) -> tuple[int, int, int]:
    return window.opened, window.conversion, window.macro


def _strips(placed: Placed, candidate: Candidate, demand: Demand, core: Core) -> Iterator[Strip]:
    piece = placed.piece
    for turn, (tile, outputs) in enumerate(piece.turns):
        starts = range(*outputs, piece.steps)
        for first, (macro, adc, conversion) in zip(starts, placed.adcs(core), strict=False):
            yield Strip(
                inputs=(candidate.bounds[tile], candidate.bounds[tile + 1]),
                outputs=(first, min(first + piece.steps, outputs[1])),
                macro=macro,
                adc=adc,
                row=placed.row,
                conversion=conversion + turn * piece.steps * demand.slices,
            )
