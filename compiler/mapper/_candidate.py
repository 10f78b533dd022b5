"""What a placement of one layer looks like before it has a place: rectangles, and which of them run at once."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from nngen.arch import Core

from ._demand import Demand


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Parts of the weight matrix that take turns in the same ADCs of some macros, in windows side by side.

    Where the row tiles of the same outputs take turns, their partial sums add up in place.

    Parameters
    ----------
    turns
        Row tile and outputs [a, b) of each turn.
    steps
        Outputs that each ADC converts in one turn; the last ADC may have fewer.
    """

    turns: tuple[tuple[int, tuple[int, int]], ...]
    steps: int

    @property
    def adcs(self) -> int:
        """ADCs in use."""
        return max(-(-(end - first) // self.steps) for _, (first, end) in self.turns)


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A placement of one layer.

    Parameters
    ----------
    bounds
        Row tile r holds matrix rows [bounds[r], bounds[r + 1]).
    groups
        Pieces of one group run at once, in macros of their own; different groups may share macros.
    cycles
        Estimated cycles of one inference.
    """

    bounds: tuple[int, ...]
    groups: tuple[tuple[Piece, ...], ...]
    cycles: int

    @property
    def adcs(self) -> int:
        """ADCs in use, counted anew in each group."""
        return sum(piece.adcs for group in self.groups for piece in group)

    def height(self, piece: Piece) -> int:
        """Return the word lines of a piece's highest row tile."""
        return max(self.bounds[tile + 1] - self.bounds[tile] for tile, _ in piece.turns)


def row_bounds(demand: Demand, core: Core, *, balanced: bool) -> tuple[int, ...]:
    """Return the bounds of the fewest row tiles: equal ones of whole memory words, or full ones and a rest.

    Equal tiles keep the largest dot product small, so that a higher gain does not clip; full ones leave the rest of
    the last tile's word lines to other layers.
    """
    height = core.macro.rows
    if balanced:
        words = -(-demand.rows * demand.input_bytes // (demand.row_tiles(core) * core.word_bytes))
        height = words * core.word_bytes // demand.input_bytes
    return (*range(0, demand.rows, height), demand.rows)


def block_limit(demand: Demand, core: Core) -> int:
    """Return the most outputs that one fill of the output buffer takes."""
    return core.output_buffer_bytes // demand.output_bytes


def load_words(demand: Demand, bounds: tuple[int, ...], core: Core) -> int:
    """Return the memory words that fill the row buffers with all row tiles once."""
    return sum(-(-(b - a) * demand.input_bytes // core.word_bytes) for a, b in pairwise(bounds))


def step_cycles(demand: Demand, core: Core) -> int:
    """Return the cycles in which every ADC converts one output: all planes and slices."""
    return demand.slices * demand.planes * core.macro.conversion_cycles
