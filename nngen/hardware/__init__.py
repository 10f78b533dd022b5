"""The accelerator in Amaranth."""

from .chip import CHIP_MODULE, Chip
from .core import Core
from .crossbar import CROSSBAR_MODULE, MacroPin, crossbar_pins
from .emission import BEHAVIOURAL_VIEW, EMPTY_VIEW, emit_rtl, simulation_files, synthesis_files
from .memory import MEMORY_MODULE

__all__ = [
    "BEHAVIOURAL_VIEW",
    "CHIP_MODULE",
    "CROSSBAR_MODULE",
    "EMPTY_VIEW",
    "MEMORY_MODULE",
    "Chip",
    "Core",
    "MacroPin",
    "crossbar_pins",
    "emit_rtl",
    "simulation_files",
    "synthesis_files",
]
