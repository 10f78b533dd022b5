"""Circuit cells: what there is, whether a cell is right, and the transfer curve of a column of them."""

from .catalogue import list_cells
from .check import CellCheck, check_cells
from .curves import curve_of

__all__ = ["CellCheck", "check_cells", "curve_of", "list_cells"]
