"""Programs that end in an error, or never, and programs around single words."""

from collections import Counter

import pytest

from nngen.isa import BY_OPCODE, Cause, Instruction, encode
from nngen.sim.verification.programs import illegal_word_programs, memory_image, random_faulty_program

from .checks import find_race, time_of
from .poison import run_poisoned

FEW = range(12)


def test_they_stop_in_the_same_way_whatever_the_time(any_core):
    for seed in FEW:
        program = random_faulty_program(any_core, seed=seed)
        timings = [time_of(any_core, program, stall_seed=stalls) for stalls in (0, 1 + seed, 0x9E3779B9)]
        assert len({(t.cause, t.pc, t.issued, *t.executed.values()) for t in timings}) == 1, seed


def test_no_byte_is_raced_for(any_core):
    for seed in FEW:
        assert find_race(any_core, random_faulty_program(any_core, seed=seed)) is None, seed


def test_what_they_compute_is_defined(any_core):
    memory = memory_image(any_core, seed=3, samples=1)
    for seed in range(5):
        program = random_faulty_program(any_core, seed=seed)
        assert run_poisoned(any_core, program, memory, seed=1) == run_poisoned(any_core, program, memory, seed=2), seed


def test_every_cause_is_met_and_programs_are_short(micro):
    programs = [random_faulty_program(micro, seed=seed) for seed in range(150)]
    timings = [time_of(micro, program) for program in programs]
    causes = Counter(timing.cause for timing in timings)
    assert min(causes[cause] for cause in Cause if cause is not Cause.NONE) > 3
    assert causes[Cause.NONE] < 20
    assert sum(timing.issued for timing in timings) < 150 * len(programs)
    assert all(program.watchdog > 64 for program in programs)
    assert programs[5].name == "random faulty 5"
    assert programs[5].instructions == random_faulty_program(micro, seed=5).instructions


def test_queues_hold_commands_when_errors_come(micro):
    """Some are executed after the error, some never."""
    late = stuck = 0
    for seed in range(60):
        program = random_faulty_program(micro, seed=seed)
        timing = time_of(micro, program, trace=True)
        if timing.cause not in {Cause.NONE, Cause.WATCHDOG}:
            late += sum(entry.start > timing.trace[-1].issue + 2 for entry in timing.trace) > 0
            stuck += timing.events["cycles"] > program.watchdog and len(timing.trace) < timing.issued
    assert late > 10
    assert stuck > 3


def test_words_are_mostly_illegal_and_programs_end_in_the_same_way_whatever_the_time(any_core):
    causes = Counter()
    for program in illegal_word_programs(any_core, seed=2, count=80):
        timings = [time_of(any_core, program, stall_seed=stalls) for stalls in (0, 5)]
        assert len({(t.cause, t.pc, t.issued, *t.executed.values()) for t in timings}) == 1, program.name
        causes[timings[0].cause] += 1
    assert causes[Cause.ILLEGAL] > 40
    assert len(causes) > 2


def test_words_find_idle_units(micro):
    memory = memory_image(micro, seed=4, samples=1)
    for seed in range(3):
        for program in illegal_word_programs(micro, seed=seed, count=12):
            assert find_race(micro, program) is None, program.name
            assert run_poisoned(micro, program, memory, seed=1) == run_poisoned(micro, program, memory, seed=2)


def test_words_are_one_a_program_and_those_of_their_seed(micro):
    programs = list(illegal_word_programs(micro, seed=9, count=300))
    assert [p.instructions for p in programs] == [
        p.instructions for p in illegal_word_programs(micro, seed=9, count=300)
    ]
    assert programs[7].name == "illegal word 9 7"
    assert len({p.opening for p in programs}) == 1
    assert {len(p.ending) for p in programs} == {2}
    words = [encode(p.ending[0]) for p in programs]
    assert len(set(words)) > 250
    assert {word >> 58 for word in words} >= set(BY_OPCODE)
    assert {type(p.ending[0]) for p in programs} == {int, Instruction}


@pytest.mark.slow
def test_many_more(any_core):
    memory = memory_image(any_core, seed=3, samples=1)
    for seed in range(1000):
        program = random_faulty_program(any_core, seed=seed)
        timings = [time_of(any_core, program, stall_seed=stalls) for stalls in (0, 1 + seed)]
        assert len({(t.cause, t.pc, t.issued, *t.executed.values()) for t in timings}) == 1, seed
        assert find_race(any_core, program) is None, seed
        assert run_poisoned(any_core, program, memory, seed=1) == run_poisoned(any_core, program, memory, seed=2), seed
