"""Names in a build directory."""

from __future__ import annotations

__all__ = [
    "ARCHITECTURE_FILE",
    "CALIBRATION_FILE",
    "CELL_FOLDER",
    "MAPPING_FILE",
    "NETWORK_FILE",
    "PROGRAM_FOLDER",
    "RTL_FOLDER",
    "RTL_SIM_FOLDER",
    "SCHEDULE_FILE",
    "SPICE_FOLDER",
]

NETWORK_FILE = "network.onnx"
ARCHITECTURE_FILE = "architecture.toml"
CELL_FOLDER = "cells"  # those that the architecture selects
CALIBRATION_FILE = "calibration.npz"
MAPPING_FILE = "mapping.json"
SCHEDULE_FILE = "schedule.json"
PROGRAM_FOLDER = "program"
RTL_FOLDER = "rtl"  # the deliverable
RTL_SIM_FOLDER = "rtl_sim"  # the same with retire ports
SPICE_FOLDER = "spice"  # netlists of the macros
# network.json and network.npz stand beside these: see nngen.ir.network_file
