"""The files beside a cell's ``cell.toml``.

``<name>.sp.j2`` is its circuit, ``<name>.cir.j2`` a deck that measures it, ``<name>.v`` what it does.
"""

from __future__ import annotations

from pathlib import Path

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
