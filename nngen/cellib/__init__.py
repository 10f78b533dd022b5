"""Circuit cells as data: reads ``cell.toml`` folders, checks them, resolves an architecture's choice of cell."""

from ._cell import Cell, Expectation, Figure, Kind, Parameter, Pin, Storage, read_cell
from ._interface import check_interface
from ._library import BUILT_IN, CellLibrary
from ._verilog import read_verilog
from ._views import DECK_SUFFIX, SPICE_SUFFIX, VERILOG_SUFFIX, deck_view, read_text, spice_view, verilog_view

__all__ = [
    "BUILT_IN",
    "DECK_SUFFIX",
    "SPICE_SUFFIX",
    "VERILOG_SUFFIX",
    "Cell",
    "CellLibrary",
    "Expectation",
    "Figure",
    "Kind",
    "Parameter",
    "Pin",
    "Storage",
    "check_interface",
    "deck_view",
    "read_cell",
    "read_verilog",
    "read_text",
    "spice_view",
    "verilog_view",
]
