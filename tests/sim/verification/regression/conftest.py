"""Chips in their simulators, compiled once."""

from pathlib import Path

import pytest

from nngen.arch import Architecture, read_architecture
from nngen.sim.cosim.scripted import Simulation, open_simulation


@pytest.fixture(scope="session")
def micro(repository: Path) -> Architecture:
    return read_architecture(repository / "flows" / "architectures" / "micro.toml")


@pytest.fixture(scope="session")
def icarus(micro: Architecture) -> Simulation:
    return open_simulation(micro, "icarus")


@pytest.fixture(scope="session")
def verilator(micro: Architecture) -> Simulation:
    return open_simulation(micro, "verilator")
