"""Netlists of circuits: subcircuits, instances, arrays; checked, printed for ngspice and as CDL, and read back."""

from ._array import Array
from ._behaviour import Behaviour
from ._check import check
from ._instance import Instance
from ._names import spice_name
from ._printers import format_cdl, format_ngspice, write_pieces
from ._reader import parse_netlist, read_netlist
from ._structure import Direction, Domain, Model, Netlist, Port, Subcircuit
from ._values import Expression, Quantity, Value, Waveform, format_number, parse_number

__all__ = [
    # structure
    "Array",
    "Direction",
    "Domain",
    "Instance",
    "Model",
    "Netlist",
    "Port",
    "Subcircuit",
    # values and names
    "Behaviour",
    "Expression",
    "Quantity",
    "Value",
    "Waveform",
    "format_number",
    "parse_number",
    "spice_name",
    # what is done with it
    "check",
    "format_cdl",
    "format_ngspice",
    "parse_netlist",
    "read_netlist",
    "write_pieces",
]
