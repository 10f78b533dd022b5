"""Rungs 1 and 2 on chips with what `micro` and `odd` lack: ramp converters, two's complement, wide words, no VEC."""

from pathlib import Path

import pytest

from nngen.sim.cosim.scripted import open_simulation
from nngen.sim.verification.regression import regress, regress_directed
from tests.chips import chips


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ramp", "flash", "wide"])
def test_other_chips_in_verilator(repository: Path, name: str) -> None:
    other = chips(repository)[name]
    simulation = open_simulation(other, "verilator")
    directed = regress_directed(other.core, simulation)
    assert directed.failure is None, directed.failure
    random = regress(other.core, simulation, instructions=50_000, seed=5)
    assert random.failure is None, random.failure
    assert random.instructions >= 50_000
