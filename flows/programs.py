"""Programs as files for people: assembly text to the words of a program memory, and back."""

from __future__ import annotations

from pathlib import Path

from nngen.errors import ProgramError
from nngen.ir.hex_file import hex_lines, read_hex_lines
from nngen.isa import INSTRUCTION_BITS, Instruction, assemble, decode, disassemble, encode

__all__ = ["assemble_file", "disassemble_file"]

LARGEST_FILE = 64 << 20  # far more than any program memory holds
DIGITS = INSTRUCTION_BITS // 4


def assemble_file(path: Path) -> str:
    """Return the hex image of an assembly file, one 64-bit word a line.

    Raises
    ------
    ProgramError
        Names file, line, what was expected and what stands there.
    """
    try:
        text = _read(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ProgramError(f"'{path}' must be assembly text in UTF-8, but has other bytes") from error
    return hex_lines(map(encode, assemble(text, name=str(path))), digits=DIGITS).decode()


def disassemble_file(path: Path) -> str:
    """Return the assembly text of a hex image, each line with its address.

    Raises
    ------
    ProgramError
        Names file, line, what was expected and what stands there.
    """
    content = _read(path)
    words = read_hex_lines(content, digits=DIGITS, words=content.count(b"\n"), name=str(path))
    return disassemble([_decoded(word, f"{path}, line {line}") for line, word in enumerate(words, start=1)])


def _decoded(word: int, where: str) -> Instruction:
    try:
        return decode(word)
    except ProgramError as error:
        raise ProgramError(f"{where}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ProgramError(f"'{path}' must be smaller than {LARGEST_FILE >> 20} MiB")
        return path.read_bytes()
    except OSError as error:
        raise ProgramError(f"'{path}' cannot be read: {error.strerror}") from error
