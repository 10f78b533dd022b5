"""Bit-exact execution against a plain one, byte by byte: memory and digests of random programs, deadlocks included."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.ir.program import CoreProgram
from nngen.isa import Cause
from nngen.sim.iss import execute, run

from .naive import Naive
from .naive_machine import NaiveMachine, order_of_effect
from .programs import CORE, FULL, RAMP, RECORDS, WIDE, random_program

LARGE = replace(
    CORE, accumulator_bits=32, word_bytes=8, output_buffer_bytes=24, macro=replace(CORE.macro, dac_bits=3, adc_bits=6)
)
# Every code and every accumulator width that a row of bytes can give; a lossless converter; a core with one macro.
SINGLE = replace(CORE, macros=1, macro=replace(CORE.macro, rows=16, adc_bits=8, dac_bits=2, columns_per_adc=8))
CORES = pytest.mark.parametrize(
    "core",
    [CORE, LARGE, SINGLE, FULL, WIDE, RAMP],
    ids=["core", "large", "single", "full", "wide", "ramp"],
)
seeds = st.integers(0, (1 << 32) - 1)


def case(core, seed):
    """Return a program with random cells, what the host sets, and three samples of memory."""
    instructions, host_loop_count, watchdog = random_program(seed, core)
    rng = np.random.default_rng(seed)
    shape = (core.macros, core.macro.rows, core.macro.columns)
    cells = rng.integers(0, 1 << core.macro.cell_bits, shape) * rng.integers(0, 2, shape)
    records = tuple(replace(r, macro=r.macro % core.macros, adc=r.adc % core.macro.adcs) for r in RECORDS)
    words = core.vector.coefficient_words if core.vector else 0
    program = CoreProgram(
        core=0, instructions=tuple(instructions), layer_starts=(), records=records, cells=cells,
        coefficients=rng.integers(-(1 << 15), 1 << 15, (words, core.word_bytes)),
        tables=rng.integers(0, 256, (core.tables, 256)),
    )  # fmt: skip
    memory = rng.integers(0, 256, (3, core.activation_bytes), dtype=np.uint8)
    return program, {"host_loop_count": host_loop_count, "watchdog": watchdog}, memory


def check(core, seed):
    program, host, memory = case(core, seed)
    batch = run(core, program, memory, **host)
    naive = Naive(core, list(program.instructions), program.records, *host.values()).run()
    executed = [command for command in naive.commands if command.end is not None]
    if len(order_of_effect(naive.commands)) < len(executed):
        return  # two units waited on one counter: time decided which of them took it
    for sample, after in zip(memory, batch.memory, strict=True):
        plain = NaiveMachine(core, program, sample).run(order_of_effect(naive.commands))
        assert after.tolist() == plain.memory, f"seed {seed}"
    single = run(core, program, memory[-1:], digests=True, **host)
    assert single.memory.tolist() == [plain.memory]
    assert single.events == batch.events == naive.events
    assert all(entry.digest == 0 for entry in single.timing.trace if entry.unit == "sequencer")
    digests = [entry.digest for entry in single.timing.trace if entry.unit != "sequencer"]
    assert digests == [plain.digests[id(command)] for command in executed], f"seed {seed}"


@CORES
@settings(max_examples=60)
@given(seed=seeds)
def test_machine_equals_the_naive_one(core, seed):
    check(core, seed)


@pytest.mark.slow
@CORES
def test_machine_equals_the_naive_one_on_many_programs(core):
    for seed in range(3_000):
        check(core, seed)


def test_memory_is_not_changed_in_place_and_execute_is_run_without_time():
    complete = 0
    for seed in range(40):
        program, host, memory = case(CORE, seed)
        before = memory.copy()
        result = run(CORE, program, memory, **host)
        assert (memory == before).all()
        if result.timing.cause is Cause.NONE:
            complete += 1
            after = execute(CORE, program, memory, host_loop_count=host["host_loop_count"])
            assert (after == result.memory).all()
    assert complete > 5
