"""How fast vector layers run, against their bounds; and that closed forms count what the simulator counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.arch import Architecture
from nngen.compiler.mapper import map_network
from nngen.errors import CapacityError
from nngen.ir import Network
from nngen.sim.iss import time_program
from nngen.sim.kpi import layer_bounds, mapping_bounds
from tests.compiler.execution import compile_mapping
from tests.compiler.vector_builders import (
    concatenation,
    copied,
    depthwise,
    picked,
    pool,
    product,
    signed_requantization,
    signed_tensor,
    vector_chip,
    weighted_sum,
    with_counts,
)
from tests.compiler.vector_randoms import random_vector_chip, random_vector_network

MAPS = {
    shape: signed_tensor("x", shape) for shape in ((25, 5, 64), (32, 32, 8), (32, 32, 16), (16, 16, 64), (32, 32, 3))
}
SECOND = {shape: signed_tensor("second", shape) for shape in MAPS}
TWICE = tuple(np.repeat(np.arange(16), 2).tolist())
GATE = signed_tensor("gate", (1, 1, 64))
UNSIGNED = signed_tensor("second", (32, 32, 16), signed=False, lowest=0, highest=255)


def one(build, shape, *arguments, **changes):  # type: ignore[no-untyped-def]  # a table of calls
    source = MAPS[shape]
    return copied(build(source, *arguments, **changes), source)


CASES: dict[str, Network] = {
    "depthwise, 64 channels": one(depthwise, (25, 5, 64)),
    "depthwise, 8 channels": one(depthwise, (32, 32, 8)),
    "depthwise, 3 channels": one(depthwise, (32, 32, 3)),
    "depthwise, stride 2": one(depthwise, (32, 32, 16), strides=(2, 2)),
    "depthwise, dilated": one(depthwise, (16, 16, 64), pads=(2, 2, 2, 2), dilations=(2, 2)),
    "max pool 2x2": one(pool, (32, 32, 16), "max", (2, 2), strides=(2, 2)),
    "average pool 2x2": one(pool, (32, 32, 16), "average", (2, 2), strides=(2, 2)),
    "average pool that counts": copied(
        with_counts(pool(MAPS[32, 32, 16], "average", (3, 3), pads=(1, 1, 1, 1)), MAPS[32, 32, 16]), MAPS[32, 32, 16]
    ),
    "sum": copied(weighted_sum(MAPS[32, 32, 16], SECOND[32, 32, 16]), MAPS[32, 32, 16], SECOND[32, 32, 16]),
    "sum of signed and unsigned": copied(weighted_sum(MAPS[32, 32, 16], UNSIGNED), MAPS[32, 32, 16], UNSIGNED),
    "requantization by channel": one(
        weighted_sum, (16, 16, 64), requantization=signed_requantization(64, by_channel=True)
    ),
    "concatenation": copied(concatenation(MAPS[16, 16, 64], SECOND[16, 16, 64]), MAPS[16, 16, 64], SECOND[16, 16, 64]),
    "product": copied(product(MAPS[32, 32, 16], SECOND[32, 32, 16]), MAPS[32, 32, 16], SECOND[32, 32, 16]),
    "product with one pixel": copied(product(MAPS[16, 16, 64], GATE), MAPS[16, 16, 64], GATE),
    "half of the channels": one(picked, (16, 16, 64), channels_read=tuple(range(32, 64))),
    "a piece": one(picked, (32, 32, 16), rows_read=tuple(range(3, 20)), columns_read=tuple(range(5, 30))),
    "pixels twice": one(picked, (16, 16, 64), rows_read=TWICE, columns_read=TWICE),
    "pixels twice, 3 channels": one(picked, (32, 32, 3), rows_read=TWICE, columns_read=TWICE),
    "shuffled channels": one(
        picked, (16, 16, 64), channels_read=tuple(np.arange(64).reshape(4, 16).T.ravel().tolist())
    ),
    "padded": one(picked, (16, 16, 64), rows_read=tuple(range(-1, 17)), columns_read=tuple(range(-1, 17))),
    "concatenation of few channels": copied(
        concatenation(MAPS[32, 32, 3], SECOND[32, 32, 8]), MAPS[32, 32, 3], SECOND[32, 32, 8]
    ),
}


def last_layer_cycles(network: Network, chosen: Architecture) -> int:
    """Return the cycles from the end of the last layer but one to the end of the last."""
    program = compile_mapping(network, map_network(network, chosen), chosen)[1].cores[0]
    timing = time_program(chosen.core, program.instructions, records=program.records)
    before, last = timing.regions(program.layer_starts)[-2:]
    return last.last_effect - before.last_effect


@pytest.mark.parametrize("name", CASES)
def test_layers_run_within_five_percent_of_their_bound(name: str) -> None:
    network, chosen = CASES[name], vector_chip()
    bound = layer_bounds(network, network.layers[-1], chosen.core).bound
    assert bound <= last_layer_cycles(network, chosen) <= 1.05 * bound


@settings(max_examples=60)
@given(seed=st.integers(0, (1 << 32) - 1))
def test_closed_forms_count_what_the_simulator_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chosen = random_vector_chip(rng, lossless=True)
    network = random_vector_network(rng, chosen.core)
    try:
        schedule, program = compile_mapping(network, map_network(network, chosen), chosen)
    except CapacityError:
        return
    instructions = program.cores[0].instructions
    trace = time_program(chosen.core, instructions, records=program.cores[0].records, trace=True).trace
    starts = program.cores[0].layer_starts
    ends = [start for _, start in starts[1:]] + [len(instructions)]
    for layer, scheduled, (_, start), end in zip(network.layers, schedule.cores[0].layers, starts, ends, strict=True):
        if scheduled.kind == "matrix":
            continue
        bounds = mapping_bounds(network, layer, scheduled, chosen.core)
        busy = dict.fromkeys(("LOAD", "VEC", "POST", "STORE"), 0)
        for entry in trace:
            if start <= entry.pc < end and entry.instruction.mnemonic in busy:
                busy[entry.instruction.mnemonic] += entry.end - entry.start + 1
        assert (bounds.load, bounds.vec, bounds.post, bounds.store) == tuple(busy.values())
        assert bounds.vec + bounds.load + bounds.post + bounds.store > 0
