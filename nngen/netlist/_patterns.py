"""Names along an array: ``"bl{column}"``, ``"n{row}_{column+1}"``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nngen.errors import NetlistError

from ._names import check_net, shorten

ROW, COLUMN = "row", "column"
_PLACE = re.compile(r"\{(row|column)(?:\+([0-9]{1,6}))?\}")
_LARGEST_OFFSET = 1 << 16


@dataclass(frozen=True)
class Index:
    """The number of the row or the column, plus an offset."""

    axis: str
    offset: int = 0


@dataclass(frozen=True)
class Pattern:
    """A net for every cell: fixed texts and the indices between them, in turn; a text first and last.

    Parameters
    ----------
    texts
        One more than indices; only the last may be empty where there are any.
    indices
        Each axis at most once.
    """

    texts: tuple[str, ...]
    indices: tuple[Index, ...]

    @classmethod
    def parse(cls, text: str, *, what: str) -> Pattern:
        """Return the pattern of a net's name with at most one ``{row}`` and one ``{column}``, each with an optional
        offset: ``{row+1}``. No digit stands beside them: ``n1{row}`` would be the net ``n{row}`` of another row.

        Raises
        ------
        NetlistError
            The text is no net with places for a row and a column, or two cells would share a net by accident.
        """
        parts = _PLACE.split(text) if len(text) <= 1000 else [text]
        pattern = cls(
            tuple(parts[::3]),
            tuple(Index(axis, int(offset or 0)) for axis, offset in zip(parts[1::3], parts[2::3], strict=True)),
        )
        axes = [index.axis for index in pattern.indices]
        if len(set(axes)) != len(axes) or any(index.offset > _LARGEST_OFFSET for index in pattern.indices):
            raise NetlistError(
                f"{what} must have {{row}} and {{column}} at most once, with an offset of at most {_LARGEST_OFFSET:,}, "
                f"not {shorten(text)}"
            )
        check_net(pattern.at(0, 0), what=what)
        beside = [*(part[-1:] for part in pattern.texts[:-1]), *(part[:1] for part in pattern.texts[1:])]
        if "" in pattern.texts[:-1] or any(character.isdigit() for character in beside):
            raise NetlistError(
                f"{what} must have a text before {{row}} and {{column}}, and no digit beside them, not {shorten(text)}"
            )
        return pattern

    def at(self, row: int, column: int) -> str:
        """Return the net of one cell."""
        numbers = {ROW: row, COLUMN: column}
        return self.join([str(numbers[index.axis] + index.offset) for index in self.indices])

    def join(self, numbers: list[str]) -> str:
        """Return the pattern with these texts in place of its indices."""
        return "".join(part for pair in zip(self.texts, [*numbers, ""], strict=True) for part in pair)
