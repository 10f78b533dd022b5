"""The build directory: what is in it, how it is checked when read, and how it is published in one step."""

from ._directory import BuildDirectory
from ._layout import (
    ARCHITECTURE_FILE,
    CALIBRATION_FILE,
    CELL_FOLDER,
    MAPPING_FILE,
    NETWORK_FILE,
    PROGRAM_FOLDER,
    RTL_FOLDER,
    RTL_SIM_FOLDER,
    SCHEDULE_FILE,
    SPICE_FOLDER,
)
from ._manifest import MANIFEST_FILE, MANIFEST_SCHEMA, Manifest, file_sha256, files_below
from ._publish import check_target, publishing

__all__ = [
    # reading
    "BuildDirectory",
    # layout
    "ARCHITECTURE_FILE",
    "CALIBRATION_FILE",
    "CELL_FOLDER",
    "MANIFEST_FILE",
    "MAPPING_FILE",
    "NETWORK_FILE",
    "PROGRAM_FOLDER",
    "RTL_FOLDER",
    "RTL_SIM_FOLDER",
    "SCHEDULE_FILE",
    "SPICE_FOLDER",
    # manifest
    "MANIFEST_SCHEMA",
    "Manifest",
    "file_sha256",
    "files_below",
    # writing
    "check_target",
    "publishing",
]
