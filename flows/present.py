"""Puts results on the terminal: tables as wide as it is, or wide enough where nobody looks; JSON for programs."""

from __future__ import annotations

import json

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.text import Text

__all__ = ["percent", "plain", "printable", "show", "show_json"]

WIDTH_IN_A_PIPE = 160


def show(*parts: RenderableType) -> None:
    """Print on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal and console.width < WIDTH_IN_A_PIPE:
        console.width = WIDTH_IN_A_PIPE
    for part in parts:
        console.print(_Escaped(part))


class _Escaped:
    """What another one renders, without control characters: names in hostile files stand in every table."""

    def __init__(self, part: RenderableType) -> None:
        self._part = part

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        part = console.render_str(self._part) if isinstance(self._part, str) else self._part
        for segment in console.render(part, options):
            yield segment if segment.control else Segment(_escaped(segment.text), segment.style)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._part)


def _escaped(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


def plain(text: str) -> Text:
    """Return a line in which nothing is markup, control characters escaped."""
    return Text(printable(text))


def show_json(value: object) -> None:
    """Print a value as JSON on standard output."""
    print(json.dumps(value, indent=2))


def percent(part: int, whole: int) -> str:
    """Return ``part`` of ``whole`` as a percentage with two decimals."""
    return f"{100 * part / whole:.2f} %" if whole else "–"


def printable(text: str) -> str:
    """Escape control characters: a name in a hostile file must not command the terminal."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
