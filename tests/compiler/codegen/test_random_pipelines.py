"""Networks as pipelines on several cores: every inference is right, nothing races, nobody waits for ever."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.arch import Architecture
from nngen.compiler.codegen import generate
from nngen.compiler.mapper import check_overflow
from nngen.compiler.scheduler import schedule
from nngen.compiler.scheduler.pipeline import _pipeline
from nngen.errors import CapacityError, MappingError
from nngen.host import tensor_addresses, tensor_bytes, tensor_codes
from nngen.ir import Exchange, Network, Program, Schedule
from nngen.sim.golden import run_golden
from nngen.sim.iss import execute_chip
from tests.compiler.chips import joined, random_chip_mapping, random_cores
from tests.compiler.order import find_disorder
from tests.compiler.randoms import random_chip, random_network
from tests.compiler.vector_randoms import random_vector_chip, random_vector_network

SEEDS = st.integers(0, (1 << 32) - 1)
INFERENCES = 3
IntArray = np.ndarray[tuple[int, ...], np.dtype[np.int64]]


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """A network on a chip of several cores, as a pipeline."""

    network: Network
    architecture: Architecture
    schedule: Schedule
    program: Program


def draw(seed: int) -> Drawn | None:
    """Return a pipeline, or None where the chip is too small for it."""
    rng = np.random.default_rng(seed)
    vector = bool(rng.random() < 0.6)
    one = random_vector_chip(rng, lossless=True) if vector else random_chip(rng, lossless=True)
    some = random_cores(rng, one)
    architecture = joined(some, [replace(core, activation_bytes=4 * core.activation_bytes) for core in some.cores])
    network = random_vector_network(rng, one.core) if vector else random_network(rng, one.core)
    chain = bool(rng.random() < 0.5)
    mapping = random_chip_mapping(rng, network, architecture, rows=not chain and bool(rng.random() < 0.4), chain=chain)
    if mapping is None:
        return None
    try:
        check_overflow(network, mapping, architecture)
        scheduled = schedule(network, mapping, architecture, pipelined=True, inferences=INFERENCES)
        program = generate(network, mapping, scheduled, architecture)
    except (CapacityError, MappingError):
        return None
    return Drawn(network=network, architecture=architecture, schedule=scheduled, program=program)


def disorder(seed: int) -> str | None:
    drawn = draw(seed)
    if drawn is None:
        return None
    cores = drawn.architecture.cores
    return find_disorder(cores, drawn.program.cores, seed=seed, host_loop_count=INFERENCES)


def computed(drawn: Drawn, inputs: dict[str, IntArray]) -> dict[str, IntArray]:
    """Return the outputs of all inferences of one start, out of memories full of garbage."""
    rng = np.random.default_rng(1)
    cores = drawn.architecture.cores
    memories = tuple(rng.integers(0, 256, (1, core.activation_bytes), dtype=np.uint8) for core in cores)
    for memory, program in zip(memories, drawn.program.cores, strict=True):
        if program.memory is not None:
            memory[:, program.memory.address :][:, : program.memory.content.size] = program.memory.content
    for name, codes in inputs.items():
        tensor = drawn.network.tensors[name]
        for scheduled in drawn.schedule.holders(name):
            for number, one in enumerate(codes):
                addresses = tensor_addresses(scheduled.region(name).slot(number), tensor)
                memories[scheduled.core][0][addresses] = tensor_bytes(tensor, one)
    done = execute_chip(cores, drawn.program.cores, memories, host_loop_count=INFERENCES)
    outputs = {}
    for entry in drawn.network.outputs:
        tensor, home = drawn.network.tensors[entry.tensor], drawn.schedule.holders(entry.tensor)[0]
        places = [home.region(tensor.name).slot(number) for number in range(INFERENCES)]
        memory = done[home.core][0]
        outputs[tensor.name] = np.stack([tensor_codes(tensor, memory[tensor_addresses(at, tensor)]) for at in places])
    return outputs


def wrong(seed: int) -> list[str]:
    """Return the outputs that are not those of the golden model."""
    drawn = draw(seed)
    if drawn is None:
        return []
    rng, network = np.random.default_rng(seed), drawn.network
    tensors = [network.tensors[entry.tensor] for entry in network.inputs]
    inputs = {
        tensor.name: rng.integers(tensor.lowest, tensor.highest, (INFERENCES, *tensor.shape), endpoint=True)
        for tensor in tensors
    }
    golden = run_golden(network, inputs)
    return [name for name, codes in computed(drawn, inputs).items() if not np.array_equal(codes, golden[name])]


@settings(max_examples=40)
@given(seed=SEEDS)
def test_every_inference_is_right(seed: int) -> None:
    assert wrong(seed) == []


@settings(max_examples=60)
@given(seed=SEEDS)
def test_accesses_to_memory_are_ordered_and_nobody_waits_for_ever(seed: int) -> None:
    assert disorder(seed) is None


def test_a_layer_of_one_row_writes_nothing_behind_its_tensor() -> None:
    assert wrong(10000839) == []


@pytest.mark.slow
@pytest.mark.parametrize("inferences", [1, 2, 3, 7])
def test_many_pipelines_are_right(inferences: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "INFERENCES", inferences)
    seeds = range(10_000_000 + 500 * inferences, 10_000_400 + 500 * inferences)
    assert [(seed, disorder(seed), wrong(seed)) for seed in seeds if disorder(seed) or wrong(seed)] == []


def test_most_of_the_random_networks_can_be_pipelined() -> None:
    drawn = [draw(seed) for seed in range(60)]
    made = [one for one in drawn if one is not None]
    assert len(made) >= 20
    assert any(region.rows is not None for one in made for core in one.schedule.cores for region in core.regions)
    assert any(
        region.slots > 1 and not region.tensor.startswith("x")
        for one in made
        for core in one.schedule.cores
        for region in core.regions
    )


FAULTS: dict[str, Callable[[Exchange], dict[str, object]]] = {
    "rows are written without room": lambda one: {"row_room": ()},
    "tensors are written without room": lambda one: {"room": ()},
    "a row is read before it is there": lambda one: {"takes": one.takes[:1], "row_takes": ()},
    "rows are free too early": lambda one: {
        "row_frees": tuple(t.model_copy(update={"count": t.count + 1}) for t in one.row_frees)
    },
    "nobody says that a row is there": lambda one: {"row_tells": ()},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_planted_faults_are_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right, planted = _pipeline.Flows.exchanges, FAULTS[fault]

    def changed(flows: _pipeline.Flows) -> dict[tuple[str, int], Exchange]:
        return {part: one.model_copy(update=planted(one)) for part, one in right(flows).items()}

    monkeypatch.setattr(_pipeline.Flows, "exchanges", changed)
    assert any(disorder(seed) is not None for seed in range(80))
