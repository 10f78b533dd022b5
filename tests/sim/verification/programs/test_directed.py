"""Directed programs do what their names promise."""

from collections import Counter
from dataclasses import replace

import pytest

from nngen.isa import BY_OPCODE, INSTRUCTIONS, REGISTERS, Cause, encode
from nngen.sim.verification.programs import corners, directed_cases, directed_programs, memory_image

from .checks import find_race, time_of
from .conftest import FULL
from .poison import run_poisoned

OPCODES = range(64)


@pytest.fixture(scope="module")
def micro():
    """The core that has everything."""
    return FULL


@pytest.fixture(scope="module")
def cases(micro):
    return directed_cases(micro)


def test_each_stops_as_promised_whatever_the_time(any_core):
    for case in directed_cases(any_core):
        for stalls in (0, 0x12345678):
            timing = time_of(any_core, case.program, stall_seed=stalls)
            assert (timing.cause, timing.pc) == (case.cause, case.pc), (case.program.name, stalls)


def test_no_byte_is_raced_for(micro, cases):
    for case in cases:
        assert find_race(micro, case.program) is None, case.program.name


def test_cells_that_change_while_they_convert_are_found(micro, cases):
    """PROG without the signals that order it against MVM races, in either direction."""
    case = next(case for case in cases if case.program.name == "directed prog of every macro")
    (block,) = case.program.body
    kept = tuple(made for made in block.instructions if made.mnemonic not in {"WAIT", "SIGNAL"})
    found = find_race(micro, replace(case.program, body=(replace(block, instructions=kept),)))
    assert "'PROG'" in found or "'MVM'" in found


def test_what_they_compute_is_defined(micro, cases):
    memory = memory_image(micro, seed=1, samples=1)
    for case in cases:
        first, second = (run_poisoned(micro, case.program, memory, seed=seed) for seed in (1, 2))
        assert first == second, case.program.name


def test_they_are_many_and_short(micro, cases):
    assert 150 <= len(cases) <= 800
    timings = [time_of(micro, case.program) for case in cases]
    assert sum(timing.issued for timing in timings) < 150 * len(cases)
    assert sum(timing.cycles for timing in timings) < 1500 * len(cases)
    assert max(timing.cycles for timing in timings) < 7000


def test_names_are_unique_and_programs_are_those_of_the_cases(micro, cases):
    programs = directed_programs(micro)
    assert [(p.name, p.instructions) for p in programs] == [(c.program.name, c.program.instructions) for c in cases]
    assert Counter(case.program.name for case in cases).most_common(1)[0][1] == 1
    assert all(case.program.name.startswith("directed ") for case in cases)
    assert all(case.program.traffic == (0, 0) for case in cases)


def test_every_cause_is_met(cases):
    causes = Counter(case.cause for case in cases)
    assert set(causes) == set(Cause)
    assert min(causes.values()) >= 3


def test_every_operand_has_its_corners(micro, cases):
    values = {(format_.mnemonic, field.name): set() for format_ in INSTRUCTIONS for field in format_.fields}
    for case in cases:
        for word in map(encode, case.program.instructions):
            for field in BY_OPCODE[word >> 58].fields if word >> 58 in BY_OPCODE else ():
                value = word >> field.offset & ((1 << field.width) - 1)
                signed = field.signed and value >> (field.width - 1)
                values[BY_OPCODE[word >> 58].mnemonic, field.name].add(value - (signed << field.width))
    for format_ in (found for found in INSTRUCTIONS if found.in_core(micro)):
        for field in format_.fields:
            expected = set(corners(micro, format_, field))
            if field.name == "index":
                expected = {r.index for r in REGISTERS} | {255}
            assert expected <= values[format_.mnemonic, field.name], (format_.mnemonic, field.name)


def test_every_undefined_opcode_and_reserved_bit_stands_in_a_program(micro, cases):
    words = {
        encode(case.program.instructions[case.pc]): case.cause
        for case in cases
        if case.cause and case.pc < len(case.program.instructions)
    }
    illegal = {word for word, cause in words.items() if cause is Cause.ILLEGAL}
    present = [format_ for format_ in INSTRUCTIONS if format_.in_core(micro)]
    assert {word >> 58 for word in illegal} >= set(OPCODES) - {format_.opcode for format_ in present}
    for format_ in present:
        reserved = [bit for bit in range(64) if not format_.used_mask >> bit & 1]
        met = [word & ~format_.used_mask for word in illegal if word >> 58 == format_.opcode]
        assert {bits.bit_length() - 1 for bits in met if bits} <= set(reserved)
        assert not reserved or any(bits == sum(1 << bit for bit in reserved) for bits in met), format_.mnemonic


def test_every_rule_is_broken_on_its_own_and_by_as_much_as_can_be(micro, cases):
    refused = [case.program.instructions[case.pc] for case in cases if case.cause is Cause.OPERAND]
    for format_ in INSTRUCTIONS:
        own = [made.operands for made in refused if made.mnemonic == format_.mnemonic]
        for rule in format_.rules:
            totals = {sum(operands[name] for name in rule.fields) for operands in own if rule.applies(operands)}
            assert rule.least == 0 or rule.least - 1 in totals
            largest = sum(format_.field(name).highest for name in rule.fields)
            if rule.most is not None and largest > rule.most(micro):
                beyond = [total - rule.most(micro) for total in totals if total > rule.most(micro)]
                assert min(beyond) <= max((r.multiple(micro) for r in format_.rules if r.multiple), default=1)
                assert largest in totals
            if rule.multiple is not None and rule.multiple(micro) > 1:
                assert any(total % rule.multiple(micro) for total in totals), rule.refused
