"""Memory images as text: one word a line in hexadecimal, as Verilog's ``$readmemh`` takes it."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from nngen.errors import ProgramError

IntArray = npt.NDArray[np.int64]


def hex_lines(words: Iterable[int], *, digits: int) -> bytes:
    """Return one line of ``digits`` hexadecimal digits a word."""
    return "".join(f"{word:0{digits}x}\n" for word in words).encode()


def hex_lines_of_array(words: IntArray) -> bytes:
    """Return one line of 8 digits for each word 0..2^32-1 of an array, in its order."""
    digits = np.frombuffer(words.astype(">u4").tobytes().hex().encode(), np.uint8).reshape(-1, 8)
    ends = np.full((len(digits), 1), ord("\n"), np.uint8)
    return np.hstack([digits, ends]).tobytes()


def read_hex_lines(content: bytes, *, digits: int, words: int, name: str) -> list[int]:
    """Return the words of an image.

    Raises
    ------
    ProgramError
        Names the file, the line, what it must be and what it is.
    """
    _check_lines(content, digits=digits, words=words, name=name)
    return [int(line, 16) for line in content.split()]


def read_hex_array(content: bytes, *, words: int, name: str) -> IntArray:
    """Return the 32-bit words of an image as an array; errors as in :func:`read_hex_lines`."""
    _check_lines(content, digits=8, words=words, name=name)
    return np.frombuffer(bytes.fromhex(content.decode()), ">u4").astype(np.int64)


def _check_lines(content: bytes, *, digits: int, words: int, name: str) -> None:
    if not re.fullmatch(rb"(?:[0-9a-fA-F]{%d}\n)*" % digits, content):
        number, line = _first_wrong_line(content, digits)
        raise ProgramError(f"{name}, line {number}: must be {digits} hexadecimal digits and a line end, not {line!r}")
    found = len(content) // (digits + 1)
    if found != words:
        raise ProgramError(f"{name} must hold {words} words, not {found}")


def _first_wrong_line(content: bytes, digits: int) -> tuple[int, str]:
    """Return the number and the beginning of the first line that is not a word."""
    right = re.compile(rb"[0-9a-fA-F]{%d}\n" % digits)
    lines = content.splitlines(keepends=True)
    number = next(i for i, line in enumerate(lines, start=1) if not right.fullmatch(line))
    return number, lines[number - 1][: digits + 8].decode("ascii", errors="replace")
