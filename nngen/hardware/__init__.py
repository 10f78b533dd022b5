"""The accelerator in Amaranth."""

from ._levels import by_levels
from .chip import CHIP_MODULE, Chip
from .core import Core
from .core_tiles import TILE_MODULE
from .crossbar_pins import CROSSBAR_MODULE, MacroPin, crossbar_pins, has_trials
from .emission import BEHAVIOURAL_VIEW, EMPTY_VIEW, emit_rtl, simulation_files, synthesis_files
from .handover import CONSTRAINTS, FILE_LIST, LINT_WAIVERS, handover_files
from .memory import MEMORY_MODULE
from .retire import STATE_BITS

__all__ = [
    "BEHAVIOURAL_VIEW",
    "CHIP_MODULE",
    "CONSTRAINTS",
    "CROSSBAR_MODULE",
    "EMPTY_VIEW",
    "FILE_LIST",
    "LINT_WAIVERS",
    "MEMORY_MODULE",
    "STATE_BITS",
    "TILE_MODULE",
    "Chip",
    "Core",
    "MacroPin",
    "by_levels",
    "crossbar_pins",
    "emit_rtl",
    "handover_files",
    "has_trials",
    "simulation_files",
    "synthesis_files",
]
