"""Puts results on the terminal: tables as wide as it is, or wide enough where nobody looks; JSON for programs."""

from __future__ import annotations

import json

from rich.console import Console, RenderableType
from rich.text import Text

__all__ = ["percent", "plain", "printable", "show", "show_json"]

WIDTH_IN_A_PIPE = 160


def show(*parts: RenderableType) -> None:
    """Print on standard output."""
    console = Console(highlight=False)
    if not console.is_terminal and console.width < WIDTH_IN_A_PIPE:
        console.width = WIDTH_IN_A_PIPE
    for part in parts:
        console.print(part)


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
