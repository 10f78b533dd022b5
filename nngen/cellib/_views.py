"""The files beside a cell's ``cell.toml``.

``<name>.sp.j2`` is its circuit, ``<name>.cir.j2`` a deck that measures it, ``<name>.v`` what it does.
"""

from __future__ import annotations

from pathlib import Path

from nngen.errors import CellError

SPICE_SUFFIX = ".sp.j2"
DECK_SUFFIX = ".cir.j2"
VERILOG_SUFFIX = ".v"


def spice_view(folder: Path) -> Path | None:
    """Return the SPICE template of the cell in ``folder``; None where it has none."""
    return _view(folder, SPICE_SUFFIX)


def deck_view(folder: Path) -> Path | None:
    """Return the template of the deck that measures the cell in ``folder``; None where it has none."""
    return _view(folder, DECK_SUFFIX)


def verilog_view(folder: Path) -> Path | None:
    """Return the Verilog view of the cell in ``folder``; None where it has none."""
    return _view(folder, VERILOG_SUFFIX)


def _view(folder: Path, suffix: str) -> Path | None:
    path = folder / f"{folder.name}{suffix}"
    return path if path.is_file() else None


def read_text(path: Path, *, where: str, largest: int) -> str:
    """Return the text of a cell's file.

    Parameters
    ----------
    path
        The file.
    where
        How messages call it.
    largest
        Bytes that it may have.

    Raises
    ------
    CellError
        It cannot be read, is too large, or is no text.
    """
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise CellError(f"{where} must be a file that can be read: {error.strerror}") from error
    if len(content) > largest:
        raise CellError(f"{where} must have at most {largest:,} bytes")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise CellError(f"{where} must be UTF-8 text") from error
