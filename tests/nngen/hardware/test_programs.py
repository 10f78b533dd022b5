"""Whole chips against the reference: random programs of every instruction, with and without stalls, in Icarus."""

from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture, Core
from nngen.isa import Unit
from nngen.sim.cosim.scripted import Simulation, open_simulation
from tests.chips import chips

from .chip import Seen, run_on_chip
from .random_commands import Composer
from .reference import Reference

POSITIONS, SEEDS = 8, 4


@pytest.fixture(scope="module", params=["micro", "odd", "ramp", "flash", "narrow", "broad", "wide"])
def chip(request: pytest.FixtureRequest, repository: Path) -> tuple[Architecture, Simulation]:
    architecture = chips(repository)[request.param]
    return architecture, open_simulation(architecture, "icarus")


@pytest.mark.parametrize("seed", range(SEEDS))
def test_memory_digests_and_events_are_those_of_the_reference(chip: tuple[Architecture, Simulation], seed: int) -> None:
    architecture, simulation = chip
    core = architecture.core
    program = Composer(core, seed).program(POSITIONS)
    memory = np.random.default_rng(seed).integers(0, 256, core.activation_bytes).astype(np.uint8)
    reference = Reference(core, program, memory)
    digests = [reference.execute(made) for made in program.instructions]
    seen = run_on_chip(architecture, simulation, program, memory, stall_seed=7919 * seed)
    assert seen.cause == 0
    found = {retired.pc: retired.digest for retired in seen.retired}
    assert [found[pc] for pc in range(len(digests))] == digests
    assert np.array_equal(seen.memory, reference.memory)
    assert {name: seen.events[name] for name in reference.events} == dict(reference.events)
    if not seed:
        assert_absent_options_count_nothing(core, seen)


def assert_absent_options_count_nothing(core: Core, seen: Seen) -> None:
    if core.vector is None:
        assert {seen.events[name] for name in ("vec_busy", "vec_stalled", "vector_operations")} == {0}
        assert all(retired.unit is not Unit.VEC for retired in seen.retired)
    if not core.reprogram:
        assert seen.events["programmed_words"] == 0
