"""Random programs: they end, they cover, and what they compute is defined whatever the time."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from nngen.errors import ProgramError
from nngen.isa import (
    ADDRESS_REGISTERS,
    BY_MNEMONIC,
    INSTRUCTIONS,
    LOOP_DEPTH,
    QUEUED_UNITS,
    REGISTERS,
    Cause,
    Instruction,
    Unit,
    core_units,
    find_register,
)
from nngen.sim.iss import run
from nngen.sim.verification.programs import Block, Repeat, memory_image, random_program
from tests.sim.iss.naive_machine import NaiveMachine

from .checks import Runs, commands_of, find_race, time_of, touched
from .conftest import FLASH, FULL, NARROW, PLAIN, RAMP
from .poison import run_poisoned

FEW = range(3)


def test_they_halt_in_the_same_way_whatever_the_time(any_core):
    for seed in FEW:
        program = random_program(any_core, seed=seed)
        timings = [time_of(any_core, program, stall_seed=stalls) for stalls in (0, 1 + seed, 0x9E3779B9)]
        assert {timing.cause for timing in timings} == {Cause.NONE}, seed
        assert len({timing.issued for timing in timings}) == 1
        assert len({timing.cycles for timing in timings}) > 1


def test_no_byte_is_raced_for(any_core):
    for seed in FEW:
        assert find_race(any_core, random_program(any_core, seed=seed)) is None, seed


@pytest.mark.slow
def test_many_more(any_core):
    for seed in range(300):
        program = random_program(any_core, seed=seed)
        assert find_race(any_core, program) is None, seed
        assert time_of(any_core, program, stall_seed=seed).cause is Cause.NONE, seed
        memory = memory_image(any_core, seed=seed, samples=1)
        assert run_poisoned(any_core, program, memory, seed=1) == run_poisoned(any_core, program, memory, seed=2)


def test_the_search_for_races_finds_one(micro):
    """A program without the signals of its exchanges has races."""
    found = 0
    for seed in range(20):
        program = random_program(micro, seed=seed, length=150)
        program = replace(program, body=tuple(without_order(element) for element in program.body))
        found += find_race(micro, program) is not None
    assert found > 1


def without_order(element):
    """Take away a block's signals and waits."""
    if isinstance(element, Repeat):
        return replace(element, body=tuple(map(without_order, element.body)))
    if any(made.mnemonic == "LOOP" for made in element.instructions):
        return Block(instructions=())
    return Block(instructions=tuple(made for made in element.instructions if made.mnemonic not in {"WAIT", "SIGNAL"}))


def test_the_host_has_its_bytes_for_itself(any_core):
    some = 0
    for seed in FEW:
        program = random_program(any_core, seed=seed)
        first, end = program.traffic
        assert 0 <= first <= end <= any_core.activation_bytes
        assert first % any_core.word_bytes == end % any_core.word_bytes == 0
        assert not touched(any_core, program)[first:end].any(), seed
        some += end > first
    assert some or any_core.activation_bytes < 8 * max(4, any_core.word_bytes)


def test_the_opening_defines_all_that_a_start_leaves(any_core):
    for seed in FEW:
        program = random_program(any_core, seed=seed)
        memory = memory_image(any_core, seed=seed, samples=1)
        assert run_poisoned(any_core, program, memory, seed=1) == run_poisoned(any_core, program, memory, seed=2), seed


def test_without_its_opening_a_program_is_not_defined(micro):
    """The poison above is felt: a program that reads what nobody wrote computes something else."""
    differ = 0
    for seed in FEW:
        program = random_program(micro, seed=seed)
        kept = tuple(made for made in program.opening if made.unit not in {Unit.MVM, Unit.POST, Unit.STORE})
        kept = tuple(made for made in kept if made.mnemonic not in {"LOOP", "WAIT", "SIGNAL"})
        program = replace(program, opening=kept, watchdog=200)
        memory = memory_image(micro, seed=seed, samples=1)
        differ += run_poisoned(micro, program, memory, seed=1) != run_poisoned(micro, program, memory, seed=2)
    assert differ


@pytest.mark.parametrize(
    "core", [NARROW, FULL, FLASH, RAMP, replace(RAMP, **PLAIN)], ids=["narrow", "full", "flash", "ramp", "plain"]
)
def test_the_simulator_computes_what_the_naive_machine_does(core):
    for seed in range(3):
        program = random_program(core, seed=seed, length=120)
        memory = memory_image(core, seed=seed, samples=1)
        ran = run(core, program.core_program(), memory, host_loop_count=program.loop_count, digests=True)
        commands = commands_of(core, program)
        naive = NaiveMachine(core, whole(core, program), memory[0]).run(commands)
        assert ran.memory[0].tolist() == naive.memory
        for unit in QUEUED_UNITS:
            found = [entry.digest for entry in ran.timing.trace if entry.unit is unit]
            assert found == [naive.digests[id(c)] for c in commands if c.instruction.unit is unit], (seed, unit)


def whole(core, program):
    """Return a program with all of its coefficient memory."""
    words = core.vector.coefficient_words if core.vector else 0
    coefficients = np.zeros((words, core.word_bytes), np.int64)
    coefficients[: len(program.coefficients)] = program.coefficients
    return replace(program.core_program(), coefficients=coefficients)


def test_a_seed_names_one_program(micro):
    assert random_program(micro, seed=3).instructions == random_program(micro, seed=3).instructions
    assert (random_program(micro, seed=3).cells == random_program(micro, seed=3).cells).all()
    assert random_program(micro, seed=3).instructions != random_program(micro, seed=4).instructions
    assert random_program(micro, seed=3).name == "random 3"


def test_programs_are_as_long_as_asked_for(any_core):
    for length in (60, 150, 240, 10_000):
        program = random_program(any_core, seed=length, length=min(length, 600))
        assert len(program.instructions) <= any_core.program_instructions
        assert len(program.instructions) <= max(length, len(program.opening) + 1)
    sizes = {len(random_program(any_core, seed=seed).instructions) for seed in FEW}
    assert max(sizes) == min(240, any_core.program_instructions)


def test_every_unit_has_its_share(any_core):
    executed = Counter()
    for seed in range(8):
        timing = time_of(any_core, random_program(any_core, seed=seed))
        executed.update(timing.executed)
        executed[Unit.SEQUENCER] += timing.issued - sum(timing.executed.values())
    shares = {unit: executed[unit] / executed.total() for unit in (Unit.SEQUENCER, *core_units(any_core))}
    assert min(shares.values()) > 0.05, shares


def test_programs_are_not_slow(micro):
    timings = [time_of(micro, random_program(micro, seed=seed)) for seed in range(20)]
    issued = sum(timing.issued for timing in timings)
    assert 250 * 20 < issued < 600 * 20
    assert sum(timing.cycles for timing in timings) < 10 * issued


def test_units_execute_every_instruction_behind_every_other():
    """So do programs' loops nest as deep as they can, and every register is set."""
    pairs, registers, depths = set(), set(), set()
    for seed in range(100):
        program = random_program(FULL, seed=seed)
        by_unit = {unit: [] for unit in Unit}
        for entry in time_of(FULL, program, trace=True).trace:
            by_unit[entry.unit].append(entry.instruction.mnemonic)
        for unit, mnemonics in by_unit.items():
            pairs |= {(unit, *pair) for pair in pairwise(mnemonics)}
        made = [made for made in program.instructions if made.mnemonic == "SET"]
        registers |= {(made.unit, find_register(made.unit, made["index"]).name) for made in made}
        depths |= {depth for element in program.body for depth in nesting(element)}
    executed = {unit: {m for u, m, _ in pairs if u is unit} | {m for u, _, m in pairs if u is unit} for unit in Unit}
    assert executed[Unit.LOAD] == {"SET", "WAIT", "SIGNAL", "LOAD", "PROG"}
    assert executed[Unit.STORE] == {"SET", "WAIT", "SIGNAL", "STORE", "FILL"}
    assert executed[Unit.VEC] == {"SET", "WAIT", "SIGNAL", "VEC"}
    expected = {(unit, a, b) for unit, names in executed.items() for a in names - {"HALT"} for b in names}
    assert expected - pairs == set()
    assert {i.mnemonic for i in INSTRUCTIONS if i.in_core(FULL)} == set().union(*executed.values())
    assert registers == {(register.unit, register.name) for register in REGISTERS}
    assert depths == set(range(LOOP_DEPTH + 1))


def nesting(element, depth=0):
    if isinstance(element, Block):
        yield depth
    else:
        for part in element.body:
            yield from nesting(part, depth + 1)


def test_runs_reach_both_ends_of_memory_with_every_kind_of_command():
    first, last = set(), set()
    for seed in range(150):
        for command in commands_of(FULL, random_program(FULL, seed=seed, length=100)):
            made = command.instruction
            if "offset" in made.operands:
                end = command.address + made["length"] * made.format.bytes_each
                first |= {made.mnemonic} if command.address == 0 else set()
                last |= {made.mnemonic} if end == FULL.activation_bytes else set()
    assert first == {"LOAD", "PROG", "STORE", "FILL"}
    assert last >= {"LOAD", "STORE", "FILL"}


def test_every_variant_and_many_runs_are_executed():
    """Wide and strided LOADs, for both buffers; strided STOREs; runs beyond memory; PROG from anywhere."""
    shapes, far = set(), set()
    for seed in range(60):
        runs = Runs(FLASH)
        for command in commands_of(FLASH, random_program(FLASH, seed=seed)):
            made, touched_bytes = command.instruction, runs.of(command)
            if touched_bytes is not None:
                shapes.add((made.mnemonic, *(made.operands.get(name, 0) for name in ("vec", "wide", "strided"))))
                count = max(1, runs.registers[made.unit, "RUNS"])
                whole_runs = min(count * made["length"], FLASH.activation_bytes)
                if made.operands.get("strided") and touched_bytes.sum() < whole_runs:
                    far.add(made.mnemonic)
    loads = {("LOAD", *shape) for shape in ((0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1))}
    stores = {("STORE", 0, 0, 0), ("STORE", 0, 0, 1), ("FILL", 0, 0, 0)}
    assert shapes == loads | stores | {("PROG", 0, 0, 0)}
    assert far == {"LOAD", "STORE"}


def test_all_address_registers_have_windows(micro):
    for seed in FEW:
        opening = random_program(micro, seed=seed).opening
        sizes = {find_register(made.unit, made["index"]).name + str(made["index"]) for made in opening
                 if made.mnemonic == "SET" and made.unit is Unit.SEQUENCER}  # fmt: skip
        assert sum(name.startswith("SIZE") for name in sizes) == ADDRESS_REGISTERS


def test_records_name_accumulators_that_exist_and_reach_the_corners(micro):
    records = [record for seed in range(25) for record in random_program(micro, seed=seed, length=1).records]
    most, far = 1 << (micro.multiplier_bits - 1), 1 << (micro.offset_bits - 1)
    assert {record.multiplier for record in records} >= {0, 1, -1, most - 1, -most}
    assert {record.offset for record in records} >= {0, 1, -1, far - 1, -far}
    assert {record.shift for record in records} >= {0, 1, 63}
    assert {record.macro for record in records} == {0, 1}
    assert any(record.negative_multiplier for record in records) == micro.negative_slope
    assert any(not record.last for record in records)


def test_a_program_memory_without_room_is_refused(micro):
    small = replace(micro, program_instructions=16)
    with pytest.raises(ProgramError) as error:
        random_program(small, seed=0)
    needed = str(error.value).split(" at least ")[1].split()[0]
    assert str(error.value) == (f"program memory must hold at least {needed} instructions for a test program, not 16")


def test_memory_images_are_rich_in_corners(micro):
    image = memory_image(micro, seed=7, samples=5)
    assert image.shape == (5, micro.activation_bytes)
    assert image.dtype == np.uint8
    assert (image == memory_image(micro, seed=7, samples=5)).all()
    assert (image != memory_image(micro, seed=8, samples=5)).any()
    assert (image[0] != image[1]).any()
    many = np.concatenate([memory_image(micro, seed=seed, samples=2) for seed in range(20)])
    shares = np.bincount(many.reshape(-1), minlength=256) / many.size
    assert shares[[0, 0x7F, 0x80, 0xFF]].min() > 0.03
    assert shares.min() > 0.0005
    assert (many[:, 1:] == many[:, :-1]).mean() > 0.1


def test_instructions_are_those_of_the_parts(micro):
    program = random_program(micro, seed=1)
    assert program.instructions[: len(program.opening)] == program.opening
    assert program.instructions[-len(program.ending) :] == program.ending
    assert program.core_program().instructions == program.instructions
    assert program.core_program().records == program.records
    assert program.core_program().layer_starts == ()


def test_loops_are_made_from_what_they_repeat():
    fill = Block(instructions=(Instruction("FILL", {"length": 1}), Instruction("NOP")))
    inner = Repeat(count=3, host=False, body=(fill,))
    outer = Repeat(count=0, host=True, body=(inner, Repeat(count=2, host=False, body=())))
    program = random_program(NARROW, seed=0)
    program = replace(program, opening=(), body=(outer,), ending=(Instruction("HALT"),))
    assert [(made.mnemonic, made.operands) for made in program.instructions if made.mnemonic == "LOOP"] == [
        ("LOOP", {"count": 0, "length": 4, "host": 1}),
        ("LOOP", {"count": 3, "length": 2, "host": 0}),
    ]
    assert [made.mnemonic for made in program.instructions] == ["LOOP", "LOOP", "FILL", "NOP", "NOP", "HALT"]
    assert BY_MNEMONIC["LOOP"].rules
