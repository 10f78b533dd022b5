"""What the command line does with errors: one message, one exit status, no traceback for what a user can mend."""

from __future__ import annotations

import os
import sys
from typing import NoReturn

import typer
from typer.core import TyperGroup

from nngen.errors import NngenError, ToolError

__all__ = ["COMPARISON_FAILED", "BAD_INPUT", "ErrorsAsMessages"]

COMPARISON_FAILED = 1
BAD_INPUT = 2
INTERRUPTED = 130  # what shells say of a program that SIGINT ended
_LONGEST = 4000  # characters of a message
BROKEN_PIPE = 141  # likewise SIGPIPE


class ErrorsAsMessages(TyperGroup):
    """A group of commands that turns errors of the user, the machine and the keyboard into messages."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command."""
        try:
            return super().invoke(ctx)
        except ToolError as error:
            _end(str(error), BAD_INPUT)  # with the lines that the tool said last
        except NngenError as error:
            _end(_one_line(str(error)), BAD_INPUT)
        except KeyboardInterrupt:
            _end("interrupted", INTERRUPTED)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to flush into the pipe
            raise typer.Exit(BROKEN_PIPE) from None
        except OSError as error:
            where = f"'{error.filename}': " if error.filename else ""
            _end(f"{where}{error.strerror or error}", BAD_INPUT)
        except MemoryError:
            _end("not enough memory", BAD_INPUT)


def _end(message: str, status: int) -> NoReturn:
    typer.echo(f"nngen: {_printable(message)}", err=True)
    raise typer.Exit(status) from None


def _one_line(message: str) -> str:
    """Return a message in which a name from outside neither begins a line nor fills the screen."""
    line = message.replace("\n", "\\n")
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"


def _printable(text: str) -> str:
    """Escape control characters: a name in a hostile file must not command the terminal."""
    return "".join(char if char.isprintable() or char == "\n" else ascii(char)[1:-1] for char in text)
