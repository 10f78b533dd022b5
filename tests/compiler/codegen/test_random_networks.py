"""Networks, chips and mappings made at random: the program computes what the network means."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nngen.arch import Architecture
from nngen.compiler.mapper import map_network, validate_mapping, with_gains
from nngen.errors import CapacityError, MappingError
from nngen.ir import Mapping, Network
from nngen.isa import Instruction
from nngen.sim.golden import GoldenMachine, run_golden
from tests.compiler.builders import chip, perceptron
from tests.compiler.execution import compile_mapping, evaluate, run_network
from tests.compiler.races import find_race
from tests.compiler.randoms import overflows, random_chip, random_codes, random_mapping, random_network

SEEDS = st.integers(0, (1 << 32) - 1)


def draw(seed: int, *, lossless: bool, foreign: bool) -> tuple[Network, Architecture, Mapping] | None:
    """Return a network, a chip and a valid mapping, or None where chip or accumulators are too small for it."""
    rng = np.random.default_rng(seed)
    architecture = random_chip(rng, lossless=lossless)
    network = random_network(rng, architecture.core)
    if foreign:
        made = random_mapping(rng, network, architecture.core)
        if made is None:
            return None
        try:
            mapping = validate_mapping(made, network, architecture)
        except MappingError as error:
            if "whose accumulators hold partial sums of at most" not in str(error):
                raise
            return None
    else:
        try:
            mapping = map_network(network, architecture)
        except CapacityError as error:
            if f"the chip has {architecture.core.macros}" not in str(error):
                raise
            return None
        gains = rng.choice(architecture.core.macro.usable_gains, len(network.layers)).tolist()
        mapping = with_gains(mapping, dict(zip([layer.name for layer in network.layers], gains, strict=True)))
        mapping = validate_mapping(mapping, network, architecture)
    return None if overflows(network, mapping, architecture) else (network, architecture, mapping)


def check(seed: int, *, lossless: bool, foreign: bool) -> None:
    """Run a random network; a lossless chip must give its plain integers, a lossy one what the golden model gives."""
    drawn = draw(seed, lossless=lossless, foreign=foreign)
    if drawn is None:
        return
    network, architecture, mapping = drawn
    rng = np.random.default_rng(seed)
    inputs = {e.tensor: random_codes(rng, network.tensors[e.tensor], 2) for e in network.inputs}
    codes, _ = run_network(network, mapping, architecture, inputs)
    if lossless:
        expected = evaluate(network, inputs)
    else:
        expected = run_golden(network, inputs, machine=GoldenMachine(core=architecture.core, mapping=mapping))
    for name, found in codes.items():
        np.testing.assert_array_equal(found, expected[name])


@pytest.mark.parametrize("foreign", [False, True], ids=["own mapping", "foreign mapping"])
@settings(max_examples=40)
@given(seed=SEEDS)
@example(seed=2494)  # reloads in a layer that loops, whose FILLs use the same address register
def test_a_lossless_chip_computes_the_network_in_plain_integers(foreign: bool, seed: int) -> None:
    check(seed, lossless=True, foreign=foreign)


@pytest.mark.parametrize("foreign", [False, True], ids=["own mapping", "foreign mapping"])
@settings(max_examples=40)
@given(seed=SEEDS)
def test_a_lossy_chip_computes_what_the_golden_model_computes(foreign: bool, seed: int) -> None:
    check(seed, lossless=False, foreign=foreign)


@pytest.mark.slow
@pytest.mark.parametrize("foreign", [False, True], ids=["own mapping", "foreign mapping"])
@pytest.mark.parametrize("lossless", [False, True], ids=["lossy", "lossless"])
def test_a_thousand_networks_are_computed_right(foreign: bool, lossless: bool) -> None:
    for seed in range(1000):
        check(seed, lossless=lossless, foreign=foreign)


@settings(max_examples=40)
@given(seed=SEEDS, foreign=st.booleans())
def test_no_unit_reads_or_writes_memory_too_early(seed: int, foreign: bool) -> None:
    drawn = draw(seed, lossless=False, foreign=foreign)
    if drawn is not None:
        network, architecture, mapping = drawn
        _, program = compile_mapping(network, mapping, architecture)
        assert find_race(architecture.core, program.cores[0]) is None


def test_the_search_for_races_sees_a_wait_that_is_missing() -> None:
    network, architecture = perceptron(64, 32, 10), chip("digits")
    _, program = compile_mapping(network, map_network(network, architecture), architecture)
    core = program.cores[0]
    assert find_race(architecture.core, core) is None
    waits = [i for i, made in enumerate(core.instructions) if made.mnemonic == "WAIT"]
    racing = list(core.instructions)
    racing[waits[-1]] = Instruction("NOP")
    assert find_race(architecture.core, replace(core, instructions=tuple(racing))) is not None


@settings(max_examples=40)
@given(seed=SEEDS)
def test_the_number_of_macros_that_an_error_asks_for_is_enough(seed: int) -> None:
    rng = np.random.default_rng(seed)
    architecture = random_chip(rng, lossless=False)
    network = random_network(rng, architecture.core)
    try:
        map_network(network, architecture)
    except CapacityError as error:
        _, found, needed = str(error).partition("set core[0].macros = ")
        if found:
            enough = replace(architecture, cores=(replace(architecture.core, macros=int(needed)),))
            validate_mapping(map_network(network, enough), network, enough)


@settings(max_examples=30)
@given(seed=SEEDS)
def test_the_same_inputs_give_the_same_mapping_schedule_and_program(seed: int) -> None:
    first, second = (draw(seed, lossless=False, foreign=False) for _ in range(2))
    if first is not None and second is not None:
        assert first[2] == second[2]
        (schedule, program), (again, program_again) = (
            compile_mapping(network, mapping, architecture) for network, architecture, mapping in (first, second)
        )
        assert schedule == again
        assert program.cores[0].instructions == program_again.cores[0].instructions
        assert program.cores[0].records == program_again.cores[0].records
        np.testing.assert_array_equal(program.cores[0].cells, program_again.cores[0].cells)
