"""The log of the scripted bench: one line of hexadecimal digits an entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Kind(IntEnum):
    """What an entry tells, and which of its columns it uses; the others are 0."""

    RETIRE = 1  # cycle, core, unit, pc, state, digest, word: a retire port
    READ = 2  # unit: response, digest: data, word: address
    REFUSED = 3  # unit: response, word: address: a write that was not answered OKAY
    INTERRUPT = 4  # the interrupt line was high where the script waited for it
    TIMEOUT = 5  # it was not, within the limit
    RESET = 6  # cycle: the one that ended with the reset
    END = 7  # the script is done
    UNANSWERED = 8  # word: address: the host port did not answer a transfer; the script ends


# As the line's digits: big-endian numbers one after the other, without padding.
ENTRY_DTYPE = np.dtype(
    [
        ("kind", "u1"),
        ("cycle", ">u4"),
        ("core", "u1"),
        ("unit", "u1"),
        ("pc", ">u2"),
        ("state", "u1"),
        ("digest", ">u4"),
        ("word", ">u8"),
    ]
)
_DIGITS = set("0123456789abcdef")
# The same in Verilog's and in Python's way of formatting, in the order of the columns.
LINE_FORMAT = "%02x%08x%02x%02x%04x%02x%08x%016x"


@dataclass(frozen=True, kw_only=True)
class ParsedLog:
    """A log, as far as it can be read.

    Parameters
    ----------
    entries
        Of type :data:`ENTRY_DTYPE`.
    problem
        Why there are no more: a value that is not known, or the simulation broke off. Empty where all is well.
    """

    entries: npt.NDArray[np.void]
    problem: str


def parse_log(text: str) -> ParsedLog:
    """Read a log up to its end, or to the first line that is not a whole entry of known digits."""
    reader = LogReader()
    entries = reader.take(text.encode("utf-8"))
    return ParsedLog(entries=entries, problem=reader.finish())


class LogReader:
    """Reads a log piece by piece, while it grows.

    Attributes
    ----------
    problem
        Why nothing behind it can be read; empty where all is well so far.
    """

    def __init__(self) -> None:
        self.problem = ""
        self._rest = b""  # a line that has no end yet
        self._lines = 0
        self._ended = False

    def take(self, text: bytes) -> npt.NDArray[np.void]:
        """Return the entries that the next piece completes."""
        if self.problem:
            return np.empty(0, ENTRY_DTYPE)
        whole, newline, self._rest = (self._rest + text).rpartition(b"\n")
        raw = _entries((whole + newline).decode("utf-8", "replace"))
        entries = np.frombuffer(raw if isinstance(raw, bytes) else self._before_fault(raw), ENTRY_DTYPE)
        self._lines += len(entries)
        self._ended = self._ended if not len(entries) else bool(entries["kind"][-1] == Kind.END)
        return entries

    def finish(self) -> str:
        """Return why the log is not whole once there is no more of it; empty where it is."""
        if self.problem:
            return self.problem
        if self._rest:
            return self._fault(self._rest.decode("utf-8", "replace"))
        return "" if self._ended else _BROKEN_OFF

    def _before_fault(self, lines: list[str]) -> bytes:
        """Note the first line that is none, and return the entries before it."""
        good = next(i for i, line in enumerate(lines) if len(line) != _LINE_DIGITS or not set(line) <= _DIGITS)
        self._lines += good
        self.problem = self._fault(lines[good])
        self._lines -= good
        return bytes.fromhex("".join(lines[:good]))

    def _fault(self, line: str) -> str:
        return (
            f"line {self._lines + 1} of the bench's log must be {_LINE_DIGITS} known hexadecimal digits, not '{line}'"
        )


_LINE_DIGITS = 2 * ENTRY_DTYPE.itemsize
_BROKEN_OFF = "the bench's log must end with the end of its script, but the simulation broke off"


def _entries(text: str) -> bytes | list[str]:
    """Return the bytes of lines that are whole entries; the lines of any other text."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return text.split("\n")[:-1]
    lines = text.count("\n")
    whole = len(raw) == lines * ENTRY_DTYPE.itemsize and len(text) == 2 * len(raw) + lines
    return raw if whole else text.split("\n")[:-1]
