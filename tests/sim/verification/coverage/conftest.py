"""The chips whose bins are counted."""

from dataclasses import replace
from pathlib import Path

import pytest

from nngen.arch import Core, Vector, read_architecture


@pytest.fixture(scope="session")
def core(repository: Path) -> Core:
    """The smallest chip without options, with three macros: an array then has a first, a last and one between."""
    smallest = read_architecture(repository / "flows" / "architectures" / "micro.toml").core
    return replace(
        smallest, macros=3, vector=None, strided_access=False, tables=0, negative_slope=False, reprogram=False
    )


@pytest.fixture(scope="session")
def full(core: Core) -> Core:
    """The same with every option, and codes of two bytes."""
    vector = Vector(buffer_bytes=64, accumulators=32, coefficient_words=16)
    return replace(
        core, activation_bits=12, vector=vector, strided_access=True, tables=2, negative_slope=True, reprogram=True
    )
