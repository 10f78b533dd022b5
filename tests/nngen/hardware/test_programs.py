"""Whole chips against the reference: random programs of every instruction, with and without stalls, in Icarus."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture, Core, Vector, read_architecture
from nngen.isa import Unit
from nngen.sim.cosim.scripted import Simulation, open_simulation

from .chip import Seen, run_on_chip
from .random_commands import Composer
from .reference import Reference

POSITIONS, SEEDS = 8, 4


def with_macro(architecture: Architecture, core: dict[str, object], **macro: object) -> Architecture:
    """The architecture with other numbers; its file no longer tells of them."""
    changed = replace(architecture.core, macro=replace(architecture.core.macro, **macro), **core)
    return replace(architecture, core=changed)


@pytest.fixture(scope="module", params=["micro", "odd", "ramp", "flash", "narrow", "broad", "wide"])
def chip(request: pytest.FixtureRequest, repository: Path) -> tuple[Architecture, Simulation]:
    """Chips that together have every encoding, every converter, elements of all sizes, and lack every option once."""
    folder = repository / "flows/architectures"
    micro, odd = (read_architecture(folder / f"{name}.toml") for name in ("micro", "odd"))
    small = Vector(buffer_bytes=32, accumulators=40, coefficient_words=4)
    architecture = {
        "micro": micro,
        "odd": odd,
        "ramp": with_macro(
            micro, {}, encoding="twos_complement", cell_bits=1, controller="ramp", adc_bits=3, sample_cycles=2
        ),
        "flash": with_macro(odd, {"vector": None}, encoding="differential", columns=24, sample_cycles=1),
        "narrow": with_macro(
            odd,
            {"vector": small, "word_bytes": 4, "activation_bits": 5, "tables": 4},
            controller="sar",
            adc_bits=4,
            sample_cycles=1,
        ),
        "broad": with_macro(odd, {"vector": None, "word_bytes": 4, "activation_bits": 3}, dac_bits=4),
        "wide": with_macro(
            odd,
            {
                "vector": Vector(buffer_bytes=64, accumulators=48, coefficient_words=1),
                "word_bytes": 16,
                "activation_bits": 11,
                "activation_bytes": 576,
                "output_buffer_bytes": 48,
                "accumulator_bits": 32,
                "negative_slope": True,
                "strided_access": False,
            },
            encoding="twos_complement",
            rows=48,
        ),
    }[request.param]
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
