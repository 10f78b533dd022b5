"""Macros as netlists: cells of the library put together by the names of their pins, programmed with levels."""

from ._array import ARRAY, bit_lines_of
from ._electrical import Electrical
from ._files import ERASED_FILE, MACRO_FILE, README_FILE, NetlistFile, netlist_files, programmed_file
from ._macro import MacroNetlist, macro_netlist
from ._pins import adc_terminals, macro_ports, pin_terminals, terminals
from ._template import render_template
from ._view import CellView, read_view, render_deck
from ._views import MacroViews, readout_facts

__all__ = [
    "ARRAY",
    "ERASED_FILE",
    "MACRO_FILE",
    "README_FILE",
    "CellView",
    "Electrical",
    "MacroNetlist",
    "MacroViews",
    "NetlistFile",
    "adc_terminals",
    "bit_lines_of",
    "macro_netlist",
    "macro_ports",
    "netlist_files",
    "pin_terminals",
    "programmed_file",
    "read_view",
    "readout_facts",
    "render_deck",
    "render_template",
    "terminals",
]
