"""Rungs 1 and 2 on chips with what `micro` and `odd` lack: ramp converters, two's complement, wide words, no VEC."""

from dataclasses import replace
from pathlib import Path

import pytest

from nngen.arch import Architecture, Vector, read_architecture
from nngen.sim.cosim.scripted import open_simulation
from nngen.sim.verification.regression import regress, regress_directed


def changed(architecture: Architecture, core: dict[str, object], **macro: object) -> Architecture:
    return replace(
        architecture, core=replace(architecture.core, macro=replace(architecture.core.macro, **macro), **core)
    )


@pytest.fixture(params=["ramp", "flash", "wide"])
def other(request: pytest.FixtureRequest, repository: Path) -> Architecture:
    micro, odd = (read_architecture(repository / f"flows/architectures/{name}.toml") for name in ("micro", "odd"))
    if request.param == "ramp":
        return changed(
            micro, {}, encoding="twos_complement", cell_bits=1, controller="ramp", adc_bits=3, sample_cycles=2
        )
    if request.param == "flash":
        return changed(odd, {"vector": None}, encoding="differential", columns=24, sample_cycles=1)
    core = {
        "vector": Vector(buffer_bytes=64, accumulators=48, coefficient_words=1), "word_bytes": 16,
        "activation_bits": 11, "activation_bytes": 576, "output_buffer_bytes": 48, "accumulator_bits": 32,
        "negative_slope": True, "strided_access": False,
    }  # fmt: skip
    return changed(odd, core, encoding="twos_complement", rows=48)


@pytest.mark.slow
def test_other_chips_in_verilator(other: Architecture) -> None:
    simulation = open_simulation(other, "verilator")
    directed = regress_directed(other.core, simulation)
    assert directed.failure is None, directed.failure
    random = regress(other.core, simulation, instructions=50_000, seed=5)
    assert random.failure is None, random.failure
    assert random.instructions >= 50_000
