"""Timing of small programs, each cycle derived by hand from docs/core.md (the derivation stands beside the figures)."""

from dataclasses import replace

import pytest

from nngen.errors import ProgramError
from nngen.isa import EVENT_NAMES, Cause, Unit, instruction
from nngen.sim.iss import time_program

from .programs import CORE, FULL

# One ADC a macro, so that the latency of MVM is 2; T = 2 + 3 = 5 cycles a conversion; queues of 2; words of 4 bytes.
ONE_ADC = replace(CORE, macro=replace(CORE.macro, columns=8))
I = instruction  # noqa: E741 - programs are read as columns
HALT = I("HALT")
NOP = I("NOP")
SIZE = I("SET", unit=Unit.SEQUENCER, index=16, value=100)  # address register 0 spans bytes 0 to 99
LOAD = I("LOAD", length=4, first=1, last=1)
MVM = I("MVM", steps=1, first=1, last=1, release=1)
POST = I("POST", count=1, first=1, last=1, release=1)
STORE = I("STORE", length=1, release=1)


def fill(length, offset=0):
    return I("FILL", length=length, offset=offset)


def wait(unit, count=1, counter=0):
    return I("WAIT", unit=unit, counter=counter, count=count)


def signal(unit, counter=0):
    return I("SIGNAL", unit=unit, counter=counter)


def timed(*program, **options):
    return time_program(ONE_ADC, program, trace=True, **options)


def spans(timing, unit):
    """First and last busy cycle of each command of a unit."""
    return [(entry.start, entry.end) for entry in timing.retired[unit]]


def issues(timing):
    return [entry.issue for entry in timing.trace]


def counts(timing, *names):
    return tuple(timing.events[name] for name in names)


# ---------------------------------------------------------------- start and stop


def test_the_first_instruction_issues_in_cycle_1_and_halt_ends_the_program_in_its_own_cycle():
    assert timed(HALT).events == dict.fromkeys(EVENT_NAMES, 0) | {"cycles": 2, "instructions": 1}
    timing = timed(NOP, NOP, HALT)
    assert issues(timing) == [1, 2, 3]
    assert counts(timing, "cycles", "instructions", "sequencer_stalled") == (4, 3, 0)
    assert (timing.cause, timing.pc) == (Cause.NONE, 0)


def test_halt_waits_for_queues_and_pipelines():
    # FILL issues in 2, is head in 3, touches words 1, 2, 3: busy 3-5; pipeline empty in 5 + 2. HALT waits in 3-6.
    timing = timed(SIZE, fill(10, offset=5), HALT)
    assert issues(timing) == [1, 2, 7]
    assert spans(timing, Unit.STORE) == [(3, 5)]
    assert [entry.retire for entry in timing.trace] == [1, 6, 7]
    expected = {"cycles": 8, "instructions": 3, "sequencer_stalled": 4, "store_busy": 3, "memory_writes": 3}
    assert timing.events == dict.fromkeys(EVENT_NAMES, 0) | expected


def test_one_position_goes_through_all_units():
    # LOAD issues in 2, busy 3; row filled in 5. MVM is head in 4, busy 5-9; accumulators filled in 11.
    # POST is head in 5, busy 11; output filled in 19. STORE is head in 6, busy 19; memory written in 20, HALT in 21.
    timing = timed(SIZE, LOAD, MVM, POST, STORE, HALT)
    assert [(e.issue, e.start, e.end, e.retire) for e in timing.trace] == [
        (1, 1, 1, 1), (2, 3, 3, 4), (3, 5, 9, 10), (4, 11, 11, 18), (5, 19, 19, 20), (21, 21, 21, 21),
    ]  # fmt: skip
    assert counts(timing, "load_stalled", "mvm_stalled", "post_stalled", "store_stalled") == (0, 1, 6, 13)
    assert counts(timing, "load_busy", "mvm_busy", "post_busy", "store_busy") == (1, 5, 1, 1)
    assert counts(timing, "cycles", "sequencer_stalled", "memory_reads", "row_writes") == (22, 15, 1, 8)


def test_mvm_hands_over_later_where_adcs_share_a_shift_adder():
    # CORE has two ADCs a macro and 5 cycles a conversion: one shift-adder takes both codes, so the latency is 3.
    timing = time_program(CORE, [SIZE, LOAD, MVM, POST, HALT], trace=True)
    assert [(e.start, e.end, e.retire) for e in timing.trace[1:4]] == [(3, 3, 4), (5, 9, 11), (12, 12, 19)]


@pytest.mark.parametrize(
    ("offset", "length", "words"), [(0, 4, 1), (1, 4, 2), (3, 1, 1), (3, 2, 2), (2, 9, 3), (0, 12, 3), (1, 12, 4)]
)
def test_load_is_busy_for_the_words_it_touches(offset, length, words):
    load = I("LOAD", offset=offset, length=length, first=1, last=1)
    timing = timed(SIZE, load, HALT)
    assert spans(timing, Unit.LOAD) == [(3, 2 + words)]
    assert counts(timing, "memory_reads", "row_writes", "cycles") == (words, 2 * length, 2 + words + 3)


def test_mvm_is_busy_for_planes_steps_slices_and_conversions():
    macro = I("SET", unit=Unit.MVM, index=65, value=1 << 16 | 3)  # macro 1 has class 3
    planes, slices = I("SET", unit=Unit.MVM, index=0, value=3), I("SET", unit=Unit.MVM, index=2, value=2)
    mvm = I("MVM", classes=0b1000, steps=2, first=1, last=1, release=1)
    timing = timed(SIZE, LOAD, macro, planes, slices, mvm, HALT)
    assert counts(timing, "mvm_busy", "plane_drives", "conversions") == (3 + 3 * 2 * 2 * 5, 3, 3 * 2 * 2)
    zero = timed(SIZE, LOAD, mvm, HALT)  # PLANES and SLICES of 0 act as 1; no macro takes part
    assert counts(zero, "mvm_busy", "plane_drives", "conversions") == (2 * 5, 0, 0)


def test_one_position_goes_through_vec():
    # LOAD issues in 2, busy 3 and 4 (8 bytes); buffer filled in 6. VEC is head in 4: 3 taps of 2 groups, busy 6-11;
    # accumulators filled in 11 + 4. POST is head in 5, busy 15-19; output filled in 19 + 9 (a core with tables).
    # STORE is head in 6, busy 28; memory written in 29, HALT in 30.
    taps = I("SET", unit=Unit.VEC, index=0, value=3)  # issues in 1
    load = I("LOAD", length=8, vec=1, first=1, last=1)
    vec = I("VEC", length=5, first=1, last=1, release=1)
    post = I("POST", vec=1, count=5, first=1, last=1, release=1)
    size = I("SET", unit=Unit.SEQUENCER, index=16, value=100)
    timing = time_program(FULL, [size, load, vec, post, STORE, HALT], trace=True)
    assert spans(timing, Unit.VEC) == [(6, 7)]
    timing = time_program(FULL, [taps, size, load, vec, post, STORE, HALT], trace=True)
    assert [(e.issue, e.start, e.end, e.retire) for e in timing.trace[2:]] == [
        (3, 4, 5, 6), (4, 7, 12, 15), (5, 16, 20, 28), (6, 29, 29, 30), (31, 31, 31, 31),
    ]  # fmt: skip
    assert counts(timing, "vec_busy", "vector_operations", "outputs", "row_writes") == (1 + 6, 15, 5, 8)


def test_vec_waits_for_its_accumulators_and_load_for_its_buffers():
    # Three LOADs: the third waits until VEC has released the first buffer; three VECs: the third waits for POST.
    size = I("SET", unit=Unit.SEQUENCER, index=16, value=100)
    load = I("LOAD", length=4, vec=1, first=1, last=1)
    vec = I("VEC", length=4, first=1, last=1, release=1)
    post = I("POST", vec=1, count=4, first=1, last=1, release=1)
    timing = time_program(
        replace(FULL, tables=0, queue_depth=8), [size, *[load] * 3, *[vec] * 3, post, HALT], trace=True
    )
    # LOADs issue in 2-4: busy 3, 4, and once VEC's first (head in 6, busy 6) is done, 7. VECs: 6, 7; the third is head
    # in 8, its buffer filled in 9, POST (head in 9) finds accumulators in 6 + 4, busy 10-13: bank free in 15.
    assert spans(timing, Unit.LOAD) == [(3, 3), (4, 4), (7, 7)]
    assert spans(timing, Unit.VEC) == [(6, 6), (7, 7), (15, 15)]
    assert spans(timing, Unit.POST) == [(10, 13)]
    assert [entry.retire for entry in timing.retired[Unit.POST]] == [13 + 8 - 1]


def test_row_and_vector_buffers_are_banks_of_their_own():
    # Both row buffers are taken, LOADs with `vec` go on.
    size = I("SET", unit=Unit.SEQUENCER, index=16, value=100)
    vec = I("LOAD", length=4, vec=1, first=1, last=1)
    timing = time_program(FULL, [size, LOAD, LOAD, vec, vec, HALT], trace=True)
    assert spans(timing, Unit.LOAD) == [(3, 3), (4, 4), (5, 5), (6, 6)]


def test_prog_is_busy_for_its_words_and_needs_no_buffer():
    size = I("SET", unit=Unit.SEQUENCER, index=16, value=100)
    timing = time_program(FULL, [size, LOAD, LOAD, I("PROG", length=5), HALT], trace=True)
    assert spans(timing, Unit.LOAD) == [(3, 3), (4, 4), (5, 9)]
    assert counts(timing, "programmed_words", "memory_reads", "cycles") == (5, 7, 12)


def test_runs_are_busy_for_the_words_that_each_touches():
    # Runs of 6 bytes at 3, 12 and 21: words 0-2, 3-4, 5-6.
    sets = [I("SET", unit=Unit.LOAD, index=index, value=value) for index, value in ((2, 3), (3, 9))]
    size = I("SET", unit=Unit.SEQUENCER, index=16, value=100)
    load = I("LOAD", offset=3, length=6, strided=1)
    timing = time_program(FULL, [size, *sets, load, HALT], trace=True)
    assert spans(timing, Unit.LOAD)[2] == (5, 11)
    assert counts(timing, "memory_reads", "row_writes") == (7, 18 * 2)


@pytest.mark.parametrize(
    ("controller", "sample_cycles", "cycles"), [("sar", 2, 2 + 3), ("ramp", 1, 1 + 7), ("flash", 1, 2), ("flash", 0, 1)]
)
def test_controllers_convert_in_different_times(controller, sample_cycles, cycles):
    # One ADC a macro: latency 2, of the first entry of POST accumulators are filled in e + 2.
    core = replace(ONE_ADC, macro=replace(ONE_ADC.macro, controller=controller, sample_cycles=sample_cycles))
    timing = time_program(core, [SIZE, LOAD, I("MVM", steps=3, first=1, last=1), POST, HALT], trace=True)
    assert spans(timing, Unit.MVM) == [(5, 4 + 3 * cycles)]
    assert spans(timing, Unit.POST) == [(4 + 3 * cycles + 2,) * 2]


# ---------------------------------------------------------------- back-pressure


def test_a_full_queue_stalls_the_sequencer():
    # Each FILL is busy for 3 cycles: 3-5, 6-8, 9-11, 12-14. The third finds two in the queue in 4 and 5, the first has
    # left in 6; the fourth finds two in 7 and 8. HALT waits in 10-15 for the pipeline that is empty in 14 + 2.
    timing = timed(SIZE, *[fill(12)] * 4, HALT)
    assert issues(timing) == [1, 2, 3, 6, 9, 16]
    assert spans(timing, Unit.STORE) == [(3, 5), (6, 8), (9, 11), (12, 14)]
    assert counts(timing, "sequencer_stalled", "store_stalled", "cycles") == (2 + 2 + 6, 0, 17)


def test_load_waits_for_a_row_buffer():
    # LOADs issue in 2, 3, 4: busy 3, 4; the third is head in 5, where both banks are taken. MVM is head in 6, where the
    # row buffer has been full since 5: busy 6-10; the bank is free in 11.
    timing = timed(SIZE, LOAD, LOAD, LOAD, MVM, HALT)
    assert spans(timing, Unit.LOAD) == [(3, 3), (4, 4), (11, 11)]
    assert spans(timing, Unit.MVM) == [(6, 10)]
    assert timing.events["load_stalled"] == 6


def test_mvm_waits_for_an_accumulator_bank():
    # The row buffer stays filled. MVMs: busy 5-9 and 10-14; the third is issued in 10, when the first has left, head in
    # 15. POST issues in 11, busy 12-21 (10 records); the bank is free in 21 + 2.
    keep = I("MVM", steps=1, first=1, last=1)
    timing = timed(SIZE, LOAD, keep, keep, keep, I("POST", count=10, first=1, last=1, release=1), HALT)
    assert spans(timing, Unit.MVM) == [(5, 9), (10, 14), (23, 27)]
    assert spans(timing, Unit.POST) == [(12, 21)]
    assert timing.events["mvm_stalled"] == 1 + 8


def test_post_waits_for_an_output_buffer():
    # The accumulators stay filled. POSTs: busy 11 and 12; the third issues in 12, head in 13. STORE issues in 13, head
    # in 14, the output buffer is filled in 11 + 8: busy 19; the buffer is free in 20.
    keep = I("POST", count=1, first=1, last=1)
    timing = timed(SIZE, LOAD, MVM, keep, keep, keep, STORE, HALT)
    assert spans(timing, Unit.POST) == [(11, 11), (12, 12), (20, 20)]
    assert spans(timing, Unit.STORE) == [(19, 19)]
    assert timing.events["post_stalled"] == 6 + 7


def test_a_set_waits_for_the_pipeline_of_its_own_unit_only():
    # LOAD is busy in 3: SET of LOAD is head in 4 and starts in 3 + 2; SET of MVM is head in 5 and starts there.
    timing = timed(SIZE, LOAD, I("SET", unit=Unit.LOAD, index=0), I("SET", unit=Unit.MVM, index=0), HALT)
    assert spans(timing, Unit.LOAD) == [(3, 3), (5, 5)]
    assert spans(timing, Unit.MVM) == [(5, 5)]
    assert counts(timing, "load_busy", "load_stalled", "mvm_busy") == (2, 1, 1)


# ---------------------------------------------------------------- WAIT and SIGNAL


def test_a_wait_whose_signal_comes_later_in_the_program():
    # WAIT is head in 2. SIGNAL is head in 3, executes in 3, is visible in 4: WAIT executes in 4; queues empty in 5.
    timing = timed(wait(Unit.LOAD), signal(Unit.STORE), HALT)
    assert spans(timing, Unit.LOAD) == [(4, 4)]
    assert counts(timing, "load_stalled", "store_stalled", "cycles") == (2, 0, 6)


def test_a_signal_follows_the_data_of_its_unit():
    # FILL is busy in 3; SIGNAL is head in 4 and waits for 3 + 2; WAIT is head in 5 and sees the signal in 6.
    timing = timed(SIZE, fill(1), signal(Unit.STORE), wait(Unit.LOAD), HALT)
    assert spans(timing, Unit.STORE) == [(3, 3), (5, 5)]
    assert spans(timing, Unit.LOAD) == [(6, 6)]


def test_the_lower_unit_takes_a_counter_first():
    # WAITs are heads in 3 (MVM) and 4 (LOAD). FILL is busy in 5, so SIGNAL of STORE waits for 7; that of POST executes
    # in 7, too. In 8 the counter is 2, enough for both: LOAD takes in 8, MVM in 9.
    timing = timed(
        SIZE, wait(Unit.MVM), wait(Unit.LOAD), fill(1), signal(Unit.STORE), signal(Unit.POST), HALT
    )  # fmt: skip
    assert spans(timing, Unit.LOAD) == [(8, 8)]
    assert spans(timing, Unit.MVM) == [(9, 9)]
    assert counts(timing, "load_stalled", "mvm_stalled") == (4, 6)


def test_a_wait_takes_n_at_once_and_leaves_what_is_more():
    # Signals of STORE execute in 2, 3, 4. WAIT for 2 is head in 5, executes in 5; WAIT for 1 in 6; one more never.
    timing = timed(*[signal(Unit.STORE)] * 3, wait(Unit.LOAD, 2), wait(Unit.LOAD), wait(Unit.LOAD), HALT, watchdog=20)
    assert spans(timing, Unit.LOAD) == [(5, 5), (6, 6)]
    assert timing.cause is Cause.WATCHDOG


# ---------------------------------------------------------------- loops


def test_nested_loops_cost_their_instructions_only():
    # LOOP, 2 x (NOP, LOOP, 3 x NOP, NOP), HALT: one a cycle.
    timing = timed(I("LOOP", count=2, length=4), NOP, I("LOOP", count=3, length=1), NOP, NOP, HALT)
    assert [entry.pc for entry in timing.trace] == [0, *[1, 2, 3, 3, 3, 4] * 2, 5]
    assert counts(timing, "instructions", "cycles") == (14, 15)


def test_four_loops_nest_and_a_fifth_does_not():
    four = [I("LOOP", count=2, length=8 - 2 * i) for i in range(4)]
    timing = timed(*four, *[NOP] * 5, HALT)
    assert timing.cause is Cause.NONE
    nested = [I("LOOP", count=1, length=9 - 2 * i) for i in range(5)]
    timing = timed(*nested, *[NOP] * 5, HALT)
    assert (timing.cause, timing.pc, timing.cycles) == (Cause.LOOP, 4, 6)


def test_the_host_counts_loops_that_ask_for_it():
    program = I("LOOP", count=7, length=1, host=1), NOP, I("LOOP", count=2, length=1), NOP, HALT
    assert timed(*program, host_loop_count=5).events["instructions"] == 1 + 5 + 1 + 2 + 1
    timing = timed(*program, host_loop_count=0)
    assert (timing.cause, timing.pc, timing.cycles) == (Cause.LOOP, 0, 2)


# ---------------------------------------------------------------- causes

SEQUENCER = Unit.SEQUENCER
# In a core without options each of these is refused.
OPTIONS = [
    (I("VEC", length=1), Cause.ILLEGAL),
    (I("PROG", length=1), Cause.ILLEGAL),
    (I("SET", unit=Unit.VEC), Cause.ILLEGAL),
    (wait(Unit.VEC), Cause.ILLEGAL),
    (signal(Unit.VEC), Cause.ILLEGAL),
    (I("LOAD", length=1, vec=1), Cause.OPERAND),
    (I("LOAD", length=2, wide=1), Cause.OPERAND),
    (I("LOAD", length=1, strided=1), Cause.OPERAND),
    (I("STORE", length=4, strided=1), Cause.OPERAND),
    (I("POST", count=1, vec=1), Cause.OPERAND),
    (I("POST", count=1, single=1), Cause.OPERAND),
]
FULL_ERRORS = [
    (I("LOAD", length=1, row=32, vec=1), Cause.OPERAND),
    (I("LOAD", length=2, vec=1, wide=1), Cause.OPERAND),
    (I("LOAD", length=3, wide=1), Cause.OPERAND),
    (I("LOAD", length=6, row=10, wide=1), Cause.OPERAND),
    (I("STORE", length=3, strided=1), Cause.OPERAND),
    (I("POST", count=1, entry=16, vec=1), Cause.OPERAND),
    (I("POST", count=1, record=10, vec=1, single=1), Cause.OPERAND),
    (I("POST", count=2, record=9, vec=1), Cause.OPERAND),
    (I("VEC"), Cause.OPERAND),
    (I("VEC", operation=5, length=1), Cause.OPERAND),
    (I("VEC", length=1, entry=2), Cause.OPERAND),
    (I("VEC", length=5, entry=12), Cause.OPERAND),
    (I("PROG"), Cause.OPERAND),
    (I("PROG", length=1, row=12), Cause.OPERAND),
    (I("PROG", length=1, macro=2), Cause.OPERAND),
    (I("PROG", length=1, offset=1), Cause.ADDRESS),  # byte 66
    (I("PROG", length=17, offset=-1), Cause.ADDRESS),  # byte 64, and 68 bytes more
    (I("LOAD", length=2, wide=1), Cause.ADDRESS),  # byte 65
    (I("SET", unit=Unit.VEC, index=3, value=5), Cause.NONE),
    (I("SET", unit=Unit.VEC, index=6), Cause.ILLEGAL),
    (I("SET", unit=Unit.VEC, index=16), Cause.ILLEGAL),
    (I("PROG", length=16, offset=-1), Cause.NONE),
    (I("LOAD", length=4, offset=1, row=10, wide=1), Cause.NONE),
    (I("POST", count=16, record=9, vec=1, single=1), Cause.NONE),
    (I("VEC", operation=4, length=4, entry=12), Cause.NONE),
    (I("LOAD", length=1, row=31, vec=1), Cause.NONE),
    (I("STORE", length=16, strided=1), Cause.NONE),
]
ERRORS = [
    (1 << 57, Cause.ILLEGAL),
    (63 << 58, Cause.ILLEGAL),
    (5 << 58 | 7 | 1 << 6, Cause.ILLEGAL),
    (wait(SEQUENCER), Cause.ILLEGAL),
    (signal(SEQUENCER), Cause.ILLEGAL),
    (I("SET", unit=SEQUENCER, index=8), Cause.ILLEGAL),
    (I("SET", unit=Unit.STORE, index=4), Cause.ILLEGAL),
    (I("SET", unit=Unit.LOAD, index=66), Cause.ILLEGAL),
    (I("SET", unit=Unit.MVM, index=66), Cause.ILLEGAL),
    (I("SET", unit=Unit.POST, index=7), Cause.ILLEGAL),
    (wait(Unit.LOAD, 0), Cause.OPERAND),
    (I("LOOP", count=1), Cause.OPERAND),
    (I("LOAD"), Cause.OPERAND),
    (I("STORE"), Cause.OPERAND),
    (I("FILL"), Cause.OPERAND),
    (I("LOAD", length=3, row=10), Cause.OPERAND),
    (I("MVM"), Cause.OPERAND),
    (I("MVM", steps=3, entry=2), Cause.OPERAND),
    (I("POST"), Cause.OPERAND),
    (I("POST", count=2, record=9), Cause.OPERAND),
    (I("STORE", length=17), Cause.OPERAND),
    (I("LOOP", length=1), Cause.LOOP),
    (I("LOOP", count=1, length=2), Cause.LOOP),  # ends with the body around it
    (I("LOAD", length=1, offset=100), Cause.ADDRESS),  # position 60, size 60: 160 - 60 is still outside
    (I("LOAD", length=1, offset=-130), Cause.ADDRESS),
    (I("LOAD", length=1, register=2), Cause.ADDRESS),  # a window of no bytes
    (I("FILL", length=14, register=1), Cause.ADDRESS),  # byte 115 is the first
    (I("ADD", value=-121), Cause.ADDRESS),
    (I("ADD", value=60), Cause.ADDRESS),
]


@pytest.mark.parametrize(("faulty", "cause"), ERRORS)
def test_an_error_stops_the_sequencer_before_the_instruction(faulty, cause):
    # Registers in 1-6, LOOP in 7: the faulty instruction is looked at in 8, everything is empty in 8.
    settings = [(0, 5), (16, 60), (32, 60), (1, 85), (17, 43), (33, 30)]
    opening = [I("SET", unit=SEQUENCER, index=index, value=value) for index, value in settings]
    timing = timed(*opening, I("LOOP", count=1, length=3), faulty, NOP, NOP, HALT)
    assert (timing.cause, timing.pc) == (cause, 7)
    assert counts(timing, "cycles", "instructions", "sequencer_stalled") == (9, 7, 0)


@pytest.mark.parametrize(("faulty", "cause"), OPTIONS)
def test_a_core_without_an_option_refuses_what_needs_it(faulty, cause):
    timing = timed(SIZE, faulty, HALT)
    assert (timing.cause, timing.pc) == (cause, 1)


@pytest.mark.parametrize(("faulty", "cause"), FULL_ERRORS)
def test_operands_of_options_have_bounds(faulty, cause):
    # The address register stands at byte 65. What is not refused waits for a buffer forever, or not at all.
    core = replace(FULL, activation_bits=16)
    settings = [(0, 60), (16, 60), (32, 5)]
    opening = [I("SET", unit=SEQUENCER, index=index, value=value) for index, value in settings]
    timing = time_program(core, [*opening, faulty, NOP, HALT], watchdog=300)
    assert timing.cause in ((cause,) if cause else (Cause.NONE, Cause.WATCHDOG))


def test_addresses_wrap_once_at_either_end():
    settings = [(0, 5), (16, 60), (32, 50)]
    opening = [I("SET", unit=SEQUENCER, index=index, value=value) for index, value in settings]
    legal = [fill(4, 9), fill(4, 10), fill(4, 69), fill(4, -50), fill(4, -51), fill(4, -110), I("ADD", value=59)]
    assert timed(*opening, *legal, HALT).cause is Cause.NONE
    assert timed(*opening, fill(4, 70), HALT).cause is Cause.ADDRESS
    assert timed(*opening, fill(4, -111), HALT).cause is Cause.ADDRESS


def test_a_run_may_reach_the_last_byte_of_memory():
    base = I("SET", unit=SEQUENCER, index=0, value=120)
    assert timed(base, SIZE, fill(8), HALT).cause is Cause.NONE
    assert timed(base, SIZE, fill(9), HALT).cause is Cause.ADDRESS


def test_queues_are_executed_after_an_error():
    # FILL is busy 3-5; the error is looked at in 3; the pipeline is empty in 7.
    timing = timed(SIZE, fill(12), 63 << 58)
    assert (timing.cause, timing.pc) == (Cause.ILLEGAL, 2)
    assert counts(timing, "cycles", "store_busy", "sequencer_stalled", "instructions") == (8, 3, 0, 2)


def test_an_error_does_not_wait_for_a_full_queue():
    # Two FILLs of 3 words fill the queue; the third is faulty in cycle 4, not when there is room.
    timing = timed(SIZE, fill(12), fill(12), fill(0))
    assert (timing.cause, timing.pc, timing.events["sequencer_stalled"]) == (Cause.OPERAND, 3, 0)


def test_a_program_without_an_end_runs_into_the_end_of_its_memory():
    timing = timed(NOP, NOP)
    assert (timing.cause, timing.pc) == (Cause.PROGRAM, 128)
    assert counts(timing, "instructions", "cycles") == (128, 130)


# ---------------------------------------------------------------- watchdog


def test_the_watchdog_counts_cycles_in_which_nothing_moves():
    # WAIT issues in 1 and is head from 2 on; the tenth idle cycle is 11. HALT waits in 2-11, too.
    timing = timed(wait(Unit.LOAD), HALT, watchdog=10)
    assert (timing.cause, timing.pc) == (Cause.WATCHDOG, 1)
    assert counts(timing, "cycles", "load_stalled", "sequencer_stalled", "instructions") == (12, 10, 10, 1)
    assert timing.executed[Unit.LOAD] == 0


def test_the_watchdog_keeps_an_earlier_cause():
    timing = timed(wait(Unit.LOAD), 63 << 58, watchdog=10)
    assert (timing.cause, timing.pc) == (Cause.ILLEGAL, 1)
    assert counts(timing, "cycles", "load_stalled", "sequencer_stalled") == (12, 10, 0)


def test_the_watchdog_names_the_instruction_that_finds_no_room():
    # WAITs issue in 1 and 2; the third finds the queue full from 3 on; the tenth idle cycle is 12.
    timing = timed(*[wait(Unit.LOAD)] * 3, HALT, watchdog=10)
    assert (timing.cause, timing.pc) == (Cause.WATCHDOG, 2)
    assert counts(timing, "cycles", "load_stalled", "sequencer_stalled", "instructions") == (13, 11, 10, 2)


def test_long_commands_are_no_reason_for_the_watchdog():
    planes = I("SET", unit=Unit.MVM, index=0, value=31)
    assert timed(SIZE, LOAD, planes, MVM, HALT, watchdog=20).cause is Cause.NONE


def test_an_impatient_watchdog_does_not_even_wait_for_a_pipeline():
    # As in one position above: nothing moves in 12-18, between POST and STORE.
    program = SIZE, LOAD, MVM, POST, STORE, HALT
    assert timed(*program, watchdog=8).events == timed(*program).events
    timing = timed(*program, watchdog=7)
    assert (timing.cause, timing.pc) == (Cause.WATCHDOG, 5)
    assert counts(timing, "cycles", "store_stalled", "store_busy", "sequencer_stalled") == (19, 13, 0, 13)


def test_a_watchdog_of_one_cycle_stops_before_the_first_instruction():
    # Nothing moves in cycle 0, in which the sequencer has looked at nothing yet.
    timing = timed(63 << 58, watchdog=1)
    assert (timing.cause, timing.pc) == (Cause.WATCHDOG, 0)
    assert counts(timing, "cycles", "instructions", "sequencer_stalled") == (1, 0, 0)


def test_a_program_that_never_ends_is_refused_where_the_watchdog_is_off():
    sentence = r"^program must come to an end where the watchdog is off; it stands at instruction 1$"
    with pytest.raises(ProgramError, match=sentence):
        timed(wait(Unit.LOAD), HALT, watchdog=0)
    assert timed(NOP, HALT, watchdog=0).cause is Cause.NONE


# ---------------------------------------------------------------- layers, input


def test_regions_tell_when_each_layer_ran():
    # The body issues in 3, 4 and in 5, 6; MVMs are busy 6-10 and 11-15, so the last retires in 16.
    program = SIZE, I("LOOP", count=2, length=2), LOAD, MVM, NOP, HALT
    timing = timed(*program)
    first, body, end, absent = timing.regions([("set", 0), ("body", 2), ("end", 4), ("absent", 6)])
    assert (first.first_issue, first.last_effect) == (1, 2)
    assert (body.first_issue, body.last_effect, body.cycles) == (3, 16, 14)
    assert end.first_issue == 7
    assert (absent.first_issue, absent.last_effect, absent.cycles) == (-1, -1, 0)


def test_programs_larger_than_the_program_memory_are_refused():
    with pytest.raises(ProgramError, match=r"^program must have at most 128 instructions, not 129$"):
        timed(*[NOP] * 129)
