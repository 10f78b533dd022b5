"""Planted faults: a check is trusted once it has been seen to fail on one."""

from ._hardware import HARDWARE_FAULTS, HardwareFault, faulty_rtl
from ._patch import SourcePatch, patched_module

__all__ = ["HARDWARE_FAULTS", "HardwareFault", "SourcePatch", "faulty_rtl", "patched_module"]
