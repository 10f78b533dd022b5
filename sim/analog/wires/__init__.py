"""What wires do to the sums of a crossbar: word and bit lines with resistance, drivers and readouts with theirs."""

from ._gated import GatedArray, solve_selected
from ._netlist import crossbar_netlist, read_currents, write_deck
from ._solve import METHODS, Method, conductance_image, solve
from ._wires import Wires

__all__ = [
    # the network
    "Wires",
    "solve",
    "conductance_image",
    "Method",
    "METHODS",
    # cells behind a gate
    "GatedArray",
    "solve_selected",
    # the same for ngspice
    "crossbar_netlist",
    "write_deck",
    "read_currents",
]
