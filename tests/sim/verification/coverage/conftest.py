"""The chip whose bins are counted."""

from dataclasses import replace
from pathlib import Path

import pytest

from nngen.arch import Core, read_architecture


@pytest.fixture(scope="session")
def core(repository: Path) -> Core:
    """The smallest chip, with three macros: an array then has a first, a last and one between."""
    return replace(read_architecture(repository / "flows" / "architectures" / "micro.toml").core, macros=3)
