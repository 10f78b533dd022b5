"""The log of the scripted bench: one line of hexadecimal digits an entry."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from nngen.errors import ToolError


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
# The same in Verilog's and in Python's way of formatting, in the order of the columns.
LINE_FORMAT = "%02x%08x%02x%04x%02x%08x%016x"


def parse_log(text: str) -> npt.NDArray[np.void]:
    """Return the entries of a log, of type :data:`ENTRY_DTYPE`.

    Raises
    ------
    ToolError
        Names the first line that is not a whole entry of known digits.
    """
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) * 2 + text.count("\n") != len(text) or len(raw) % ENTRY_DTYPE.itemsize or not raw:
        raise ToolError(_fault(text))
    return np.frombuffer(raw, ENTRY_DTYPE)


def _fault(text: str) -> str:
    digits = 2 * ENTRY_DTYPE.itemsize
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) != digits or not set(line) <= set("0123456789abcdef"):
            return f"line {number} of the bench's log must be {digits} hexadecimal digits, not '{line}'"
    return "the bench's log must end with a whole line, but the simulation broke off"
