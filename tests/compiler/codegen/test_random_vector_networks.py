"""Networks of layers of every kind on chips with a small VEC: the program computes what the golden model computes."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.arch import Architecture
from nngen.compiler.codegen import _vector_layer
from nngen.compiler.mapper import check_overflow, map_network, validate_mapping, with_gains
from nngen.errors import CapacityError
from nngen.ir import Mapping, Network
from nngen.sim.golden import GoldenMachine, run_golden
from tests.compiler.execution import compile_mapping, run_network
from tests.compiler.races import find_race
from tests.compiler.randoms import random_codes
from tests.compiler.vector_randoms import random_vector_chip, random_vector_network

Look = Callable[[Any], dict[Any, int]]
Gap = Callable[[Any], list[Any]]
SEEDS = st.integers(0, (1 << 32) - 1)
TOO_SMALL = r"macros of|coefficient words|needs (accumulators of )?(3[3-9]|[4-9]\d) bits"


def draw(seed: int) -> tuple[Network, Architecture, Mapping] | None:
    """Return a network, a chip and a mapping, or None where the chip is too small."""
    rng = np.random.default_rng(seed)
    architecture = random_vector_chip(rng, lossless=bool(rng.random() < 0.5))
    network = random_vector_network(rng, architecture.core)
    try:
        mapping = map_network(network, architecture)
        compile_mapping(network, mapping, architecture)
        gains = {layer.name: int(rng.choice(architecture.core.macro.usable_gains)) for layer in network.matrix_layers}
        mapping = validate_mapping(with_gains(mapping, gains), network, architecture)
        check_overflow(network, mapping, architecture)
    except CapacityError as error:
        if not re.search(TOO_SMALL, str(error)):
            raise
        return None
    return network, architecture, mapping


def check(seed: int) -> None:
    drawn = draw(seed)
    if drawn is None:
        return
    network, architecture, mapping = drawn
    rng = np.random.default_rng(seed)
    inputs = {e.tensor: random_codes(rng, network.tensors[e.tensor], 2) for e in network.inputs}
    codes, _ = run_network(network, mapping, architecture, inputs)
    expected = run_golden(network, inputs, machine=GoldenMachine(core=architecture.core, mapping=mapping))
    for name, found in codes.items():
        np.testing.assert_array_equal(found, expected[name])


@settings(max_examples=150)
@given(seed=SEEDS)
def test_programs_compute_what_the_golden_model_computes(seed: int) -> None:
    check(seed)


@pytest.mark.slow
def test_three_thousand_networks_are_computed_right() -> None:
    for seed in range(3000):
        check(seed)


@settings(max_examples=60)
@given(seed=SEEDS)
def test_no_unit_reads_or_writes_memory_too_early(seed: int) -> None:
    drawn = draw(seed)
    if drawn is not None:
        network, architecture, mapping = drawn
        _, program = compile_mapping(network, mapping, architecture)
        assert find_race(architecture.core, program.cores[0]) is None


def no_zero_points(look: Look) -> Look:
    return lambda one: {register: value for register, value in look(one).items() if register[1] != "ZERO"}


def last_gap_only(gap: Gap) -> Gap:
    return lambda place: gap(place)[-1:]


FAULTS = {"_look": (no_zero_points, range(12)), "_gap": (last_gap_only, range(85, 95))}


@pytest.mark.parametrize("place", FAULTS)
def test_planted_faults_are_seen(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A product without its zero points; of several rows that are written at once, a halo behind the last one alone."""
    fault, seeds = FAULTS[place]
    monkeypatch.setattr(_vector_layer, place, fault(getattr(_vector_layer, place)))
    with pytest.raises(AssertionError):
        check_all(seeds)


def check_all(seeds: range) -> None:
    for seed in seeds:
        check(seed)
