"""Lines and words of a SPICE text: comments off, continuation lines joined, words split."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nngen.errors import NetlistError

from ._names import shorten

# A comment in a line begins with ';', with '//', or with a '$' that stands alone; '$[model]' is CDL.
_COMMENT = re.compile(r";|//|(?:^|\s)\$(?=\s|$)")
_WORD = re.compile(r"'[^']*'|\{[^{}]*\}|=|[^\s='{}]+|(\S)")


@dataclass(frozen=True)
class Line:
    """A line with those that continue it.

    Attributes
    ----------
    where
        The file and the number of the first line, for messages.
    text
        Without comments and ends; that of a comment line as a whole.
    """

    where: str
    text: str

    def words(self) -> list[str]:
        """Return words, expressions in quotes or braces, and equal signs.

        Raises
        ------
        NetlistError
            A quote or a brace has no partner.
        """
        found = list(_WORD.finditer(self.text))
        for word in found:
            if word[1]:
                raise NetlistError(f"every quote and brace must have its partner, not {shorten(self.text)}")
        return [word[0] for word in found]


def lines_of(text: str, *, name: str) -> Iterator[Line]:
    """Every line that is not empty, comment lines (with ``*``) too; one inside a continued line follows that.

    Raises
    ------
    NetlistError
        A line continues nothing.
    """
    pending: tuple[str, list[str]] | None = None
    comments: list[Line] = []
    for number, raw in enumerate(text.split("\n"), start=1):
        where = f"{name}, line {number}"
        stripped = raw.strip()
        if stripped.startswith("*"):
            comments.append(Line(where, stripped))
            continue
        content = " ".join(_COMMENT.split(stripped, maxsplit=1)[0].split())
        if not content:
            continue
        if content.startswith("+"):
            if pending is None:
                raise NetlistError(f"{where}: a line with '+' must continue another, but nothing stands before it")
            pending[1].append(content[1:])
            continue
        yield from _flush(pending, comments)
        pending, comments = (where, [content]), []
    yield from _flush(pending, comments)


def _flush(pending: tuple[str, list[str]] | None, comments: list[Line]) -> Iterator[Line]:
    """A line that is complete, and the comments after its beginning."""
    if pending is not None:
        yield Line(pending[0], " ".join(pending[1]))
    yield from comments
