"""Circuit cells as data: reads ``cell.toml`` folders, checks them, resolves an architecture's choice of cell."""

from ._cell import Cell, Figure, Kind, Parameter, Pin, Storage, read_cell
from ._interface import check_interface
from ._library import BUILT_IN, CellLibrary
from ._views import SPICE_SUFFIX, VERILOG_SUFFIX, spice_view, verilog_view

__all__ = [
    "BUILT_IN",
    "SPICE_SUFFIX",
    "VERILOG_SUFFIX",
    "Cell",
    "CellLibrary",
    "Figure",
    "Kind",
    "Parameter",
    "Pin",
    "Storage",
    "check_interface",
    "read_cell",
    "spice_view",
    "verilog_view",
]
