"""A small chip of cells that are written for the tests."""

from pathlib import Path
from typing import Any

import pytest

from nngen.arch import Architecture, ArchitectureFile, architecture_of
from nngen.cellib import CellLibrary


def macro_with(folder: Path, **changes: Any) -> Architecture:
    """Return a chip with the bitcell `mine` of a folder of cells; ``changes`` are keys of its macro."""
    macro = {
        "rows": 16,
        "columns": 8,
        "columns_per_adc": 2,
        "bitcell": {"cell": "mine"},
        "row_driver": {"cell": "ideal_driver"},
        "readout": {"cell": "ideal_readout"},
        "adc": {"cell": "ideal_adc", "parameters": {"bits": 6.0}},
    }
    file = {
        "schema": "nngen/architecture/1",
        "name": "mine",
        "core": ({"macros": 1, "macro": macro | changes, "memory": {"activation_bytes": 256}},),
    }
    return architecture_of(ArchitectureFile.model_validate(file), CellLibrary([folder]))


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """An empty folder for cells."""
    folder = tmp_path / "cells"
    folder.mkdir()
    return folder
