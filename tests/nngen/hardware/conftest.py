"""The Verilog of the smallest chip, written once."""

from pathlib import Path

import pytest

from nngen.arch import Architecture, read_architecture
from nngen.hardware import emit_rtl


@pytest.fixture(scope="session")
def micro(repository: Path) -> Architecture:
    """The chip `micro`."""
    return read_architecture(repository / "flows/architectures/micro.toml")


@pytest.fixture(scope="session")
def micro_files(micro: Architecture) -> dict[str, str]:
    """Its Verilog by file name."""
    return emit_rtl(micro)


@pytest.fixture(scope="session")
def micro_rtl(micro_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with its Verilog."""
    folder = tmp_path_factory.mktemp("micro_rtl")
    for name, text in micro_files.items():
        (folder / name).write_text(text)
    return folder
