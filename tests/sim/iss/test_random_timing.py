"""The event-driven engine against the plain reading of docs/core.md, cycle by cycle, on random programs."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nngen.isa import QUEUED_UNITS, UNIT_CODES, Cause
from nngen.sim.iss import time_program

from .naive import Naive
from .programs import CORE, FULL, LARGER, RAMP, RECORDS, WIDE, random_program, shrink

COMPARED = ("events", "cause", "pc", "retirements of each unit: (unit, pc, start, end, retire)")
seeds = st.integers(0, (1 << 32) - 1)


def by_unit(entry):
    return UNIT_CODES[entry[0]], entry[2]


def naive(core, program, *host):
    core = Naive(core, program, RECORDS, *host).run()
    return core.events, core.cause, core.cause_pc, sorted(core.retired, key=by_unit)


def event_driven(core, program, host_loop_count, watchdog, stall_seed):
    timing = time_program(
        core,
        program,
        records=RECORDS,
        host_loop_count=host_loop_count,
        watchdog=watchdog,
        stall_seed=stall_seed,
        trace=True,
    )
    retired = [(r.unit, r.pc, r.start, r.end, r.retire) for r in timing.trace]
    return timing.events, timing.cause, timing.pc, sorted(retired, key=by_unit)


def check(seed):
    """Compare both on the program of a seed; a difference is shown on the shortest program that has it."""
    core = (CORE, LARGER, FULL, FULL, WIDE, RAMP)[seed % 6]
    program, *host = random_program(seed, core)
    host.append(seed * 2654435761 % 2**32 if seed % 5 else 0)  # seeded stalls
    if naive(core, program, *host) == event_driven(core, program, *host):
        return
    program = shrink(program, lambda shorter: naive(core, shorter, *host) != event_driven(core, shorter, *host))
    listing = "\n".join(map(str, program))
    for name, expected, found in zip(
        COMPARED, naive(core, program, *host), event_driven(core, program, *host), strict=True
    ):
        assert found == expected, f"{name}; seed {seed}, host loop count, watchdog and stalls {host}:\n{listing}"


@settings(max_examples=500)
@given(seeds)
def test_engine_equals_the_naive_core(seed):
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, 40_000, 4_000))
def test_engine_equals_the_naive_core_on_many_programs(start):
    for seed in range(start, start + 4_000):
        check(seed)


def test_random_programs_reach_every_cause_and_keep_every_unit_busy():
    causes, executed, stalled = Counter(), Counter(), Counter()
    for seed in range(400):
        program, host_loop_count, watchdog = random_program(seed, FULL)
        timing = time_program(FULL, program, records=RECORDS, host_loop_count=host_loop_count, watchdog=watchdog)
        causes[timing.cause] += 1
        executed.update(timing.executed)
        stalled.update(name for name, count in timing.events.items() if name.endswith("stalled") and count)
    assert set(causes) == set(Cause)
    assert causes[Cause.NONE] > 80
    assert all(executed[unit] > 500 for unit in QUEUED_UNITS)
    assert len(stalled) == 6
    assert min(stalled.values()) > 50
