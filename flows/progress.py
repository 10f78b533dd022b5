"""Says on a terminal what long work is at; in a pipe or a file it is quiet."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape

__all__ = ["Progress", "quiet", "shown"]

Progress = Callable[[str], None]


def quiet(text: str) -> None:
    """Say nothing: the default of every flow."""


@contextlib.contextmanager
def shown() -> Iterator[Progress]:
    """Yield a function that shows what it is told beside a spinner on standard error."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield quiet
        return
    with console.status("starting") as status:
        yield lambda text: status.update(escape(text))
