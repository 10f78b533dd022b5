"""Networks on chips of several cores: whatever the mapping, the programs say in which order memory is used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.arch import Architecture
from nngen.compiler.mapper import map_network
from nngen.compiler.scheduler import _layers
from nngen.errors import CapacityError, MappingError
from nngen.ir import Exchange, Mapping, Network, Program, Take, Tell
from nngen.isa import Instruction
from tests.compiler.builders import chip, perceptron
from tests.compiler.chips import random_chip_mapping, random_cores
from tests.compiler.codegen import test_random_networks, test_random_vector_networks
from tests.compiler.execution import compile_mapping
from tests.compiler.order import find_disorder
from tests.compiler.randoms import random_chip, random_network
from tests.compiler.vector_randoms import random_vector_chip, random_vector_network

SEEDS = st.integers(0, (1 << 32) - 1)


def draw(seed: int) -> tuple[Network, Architecture, Mapping, Program] | None:
    """Return a network on a chip of several cores, with its program, or None where the chip is too small for it."""
    rng = np.random.default_rng(seed)
    vector = bool(rng.random() < 0.6)
    one = random_vector_chip(rng, lossless=True) if vector else random_chip(rng, lossless=True)
    architecture = random_cores(rng, one)
    network = random_vector_network(rng, one.core) if vector else random_network(rng, one.core)
    mapping = random_chip_mapping(rng, network, architecture, rows=bool(rng.random() < 0.4))
    if mapping is None:
        return None
    try:
        _, program = compile_mapping(network, mapping, architecture)
    except (CapacityError, MappingError):
        return None
    return network, architecture, mapping, program


def disorder(seed: int) -> str | None:
    drawn = draw(seed)
    return None if drawn is None else find_disorder(drawn[1].cores, drawn[3].cores, seed=seed)


@settings(max_examples=80)
@given(seed=SEEDS)
def test_accesses_to_memory_are_ordered_on_several_cores(seed: int) -> None:
    assert disorder(seed) is None


@settings(max_examples=20)
@given(seed=SEEDS, vector=st.booleans())
def test_accesses_to_memory_are_ordered_on_one_core(seed: int, vector: bool) -> None:
    drawn = (
        test_random_vector_networks.draw(seed)
        if vector
        else test_random_networks.draw(seed, lossless=False, foreign=True)
    )
    if drawn is not None:
        network, architecture, mapping = drawn
        _, program = compile_mapping(network, mapping, architecture)
        assert find_disorder(architecture.cores, program.cores, seed=seed) is None


def fewer(takes: tuple[Take, ...]) -> tuple[Take, ...]:
    return tuple(take.model_copy(update={"count": take.count - 1}) for take in takes if take.count > 1)


def without_last(tells: tuple[Tell, ...]) -> tuple[Tell, ...]:
    return tuple(one.model_copy(update={"cores": one.cores[:-1]}) for one in tells if len(one.cores) > 1)


FAULTS: dict[str, tuple[Callable[[Exchange], dict[str, object]], Iterable[int]]] = {
    "a wait for one part less": (lambda one: {"takes": fewer(one.takes)}, range(8)),
    "no signal to the last core": (lambda one: {"tells": without_last(one.tells)}, range(8)),
    "halos that do not wait": (lambda one: {"fills_wait": False}, (20, 42, 59)),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted, seeds = FAULTS[fault]
    right = _layers.exchanges_of

    def wrong(*given: object) -> dict[tuple[str, int], Exchange]:
        exchanges = right(*given)  # type: ignore[arg-type]  # passed on as they come
        return {part: one.model_copy(update=planted(one)) for part, one in exchanges.items()}

    assert all(disorder(seed) is None for seed in seeds)
    monkeypatch.setattr(_layers, "exchanges_of", wrong)
    assert any(disorder(seed) is not None for seed in seeds)


def test_the_search_for_disorder_sees_a_wait_that_is_missing() -> None:
    network, architecture = perceptron(64, 32, 10), chip("digits")
    _, program = compile_mapping(network, map_network(network, architecture), architecture)
    core = program.cores[0]
    waits = [i for i, made in enumerate(core.instructions) if isinstance(made, Instruction) and made.mnemonic == "WAIT"]
    racing = list(core.instructions)
    racing[waits[-1]] = Instruction("NOP")
    found = find_disorder(architecture.cores, [replace(core, instructions=tuple(racing))])
    assert found == "core 0: STORE at 7 writes what is read at 64 of core 0"
