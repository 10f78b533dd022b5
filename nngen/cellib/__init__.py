"""Circuit cells as data: reads ``cell.toml`` folders, checks them, resolves an architecture's choice of cell."""

from ._cell import Cell, Figure, Parameter, Pin, read_cell
from ._library import BUILT_IN, CellLibrary

__all__ = ["BUILT_IN", "Cell", "CellLibrary", "Figure", "Parameter", "Pin", "read_cell"]
