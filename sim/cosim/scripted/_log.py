"""The log of the scripted bench: one line of hexadecimal digits an entry."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt


class Kind(IntEnum):
    """What an entry tells, and which of its columns it uses; the others are 0."""

    RETIRE = 1  # cycle, unit, pc, state, digest, word: a retire port
    READ = 2  # unit: response, digest: data, word: address
    REFUSED = 3  # unit: response, word: address: a write that was not answered OKAY
    INTERRUPT = 4  # the interrupt line was high where the script waited for it
    TIMEOUT = 5  # it was not, within the limit
    RESET = 6  # cycle: the one that ended with the reset
    END = 7  # the script is done


# As the line's digits: big-endian numbers one after the other, without padding.
ENTRY_DTYPE = np.dtype(
    [
        ("kind", "u1"),
        ("cycle", ">u4"),
        ("unit", "u1"),
        ("pc", ">u2"),
        ("state", "u1"),
        ("digest", ">u4"),
        ("word", ">u8"),
    ]
)
_DIGITS = set("0123456789abcdef")
# The same in Verilog's and in Python's way of formatting, in the order of the columns.
LINE_FORMAT = "%02x%08x%02x%04x%02x%08x%016x"


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
    raw = _digits(text)
    if raw is not None:
        return ParsedLog(entries=np.frombuffer(raw, ENTRY_DTYPE), problem=_ending(raw))
    digits = 2 * ENTRY_DTYPE.itemsize
    lines = text.split("\n")
    good = next((i for i, line in enumerate(lines) if len(line) != digits or not set(line) <= _DIGITS), len(lines) - 1)
    before = np.frombuffer(bytes.fromhex("".join(lines[:good])), ENTRY_DTYPE)
    problem = f"line {good + 1} of the bench's log must be {digits} known hexadecimal digits, not '{lines[good]}'"
    return ParsedLog(entries=before, problem=problem)


def _digits(text: str) -> bytes | None:
    """Return the bytes of a log that holds whole lines of digits and nothing else; None for any other."""
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        return None
    lines = text.count("\n")
    return raw if len(raw) == lines * ENTRY_DTYPE.itemsize and len(text) == 2 * len(raw) + lines else None


def _ending(raw: bytes) -> str:
    if raw and raw[-ENTRY_DTYPE.itemsize] == Kind.END:
        return ""
    return "the bench's log must end with the end of its script, but the simulation broke off"
