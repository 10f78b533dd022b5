"""Why a core stopped: each reason that the instruction's word tells is a bin of its own."""

from dataclasses import replace

import pytest

from nngen.arch import Core
from nngen.isa import MACRO_LIMIT, Cause, Instruction, Unit, encode, instruction
from nngen.sim.verification.coverage import Coverage, summarize

WRONG = [
    (Cause.ILLEGAL, 63 << 58, "undefined opcode"),
    (Cause.ILLEGAL, encode(instruction("NOP")) | 1 << 57, "NOP reserved bits"),
    (Cause.ILLEGAL, encode(instruction("STORE", length=1)) | 1 << 57, "STORE reserved bits"),
    (Cause.ILLEGAL, Instruction("SET", {"unit": 6}), "SET undefined unit"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.VEC), "SET vec"),
    (Cause.ILLEGAL, instruction("WAIT", unit=Unit.VEC, count=1), "WAIT vec"),
    (Cause.ILLEGAL, instruction("VEC", length=1), "VEC not in this core"),
    (Cause.ILLEGAL, instruction("PROG"), "PROG not in this core"),
    (Cause.ILLEGAL, Instruction("WAIT", {"unit": 7, "count": 1}), "WAIT undefined unit"),
    (Cause.ILLEGAL, instruction("WAIT", unit=Unit.SEQUENCER, count=1), "WAIT sequencer"),
    (Cause.ILLEGAL, instruction("SIGNAL", unit=Unit.SEQUENCER), "SIGNAL sequencer"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.STORE, index=4), "SET store undefined register"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.LOAD, index=4), "SET load undefined register"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.SEQUENCER, index=255), "SET sequencer undefined register"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.LOAD, index=67), "SET load macro beyond the core"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.MVM, index=127), "SET mvm macro beyond the core"),
    (Cause.OPERAND, instruction("LOOP", count=1), "LOOP length too small"),
    (Cause.OPERAND, instruction("WAIT", unit=Unit.LOAD), "WAIT count too small"),
    (Cause.OPERAND, instruction("LOAD", row=9), "LOAD length too small"),
    (Cause.OPERAND, instruction("LOAD", row=9, length=8), "LOAD row+length too large"),
    (Cause.OPERAND, instruction("MVM", entry=1, steps=2), "MVM entry+steps too large"),
    (Cause.OPERAND, instruction("POST", record=60, count=5), "POST record+count too large"),
    (Cause.OPERAND, instruction("STORE", length=33), "STORE length too large"),
    (Cause.ADDRESS, instruction("ADD"), "ADD"),
    (Cause.ADDRESS, instruction("LOAD", length=1), "LOAD"),
    (Cause.ADDRESS, instruction("FILL", length=1), "FILL"),
    (Cause.LOOP, instruction("LOOP", length=1), "LOOP count 0"),
    (Cause.LOOP, instruction("LOOP", length=1, count=1), "LOOP nesting"),
    (Cause.LOOP, instruction("LOOP", length=1, host=1), "LOOP host"),
]


FULL_WRONG = [
    (instruction("LOAD", row=64, length=1, vec=1), "LOAD row+length with vec too large"),
    (instruction("LOAD", row=16, length=2, wide=1), "LOAD row+row+length with wide too large"),
    (instruction("LOAD", length=3, wide=1), "LOAD length with wide no multiple"),
    (instruction("LOAD", length=2, wide=1, vec=1), "LOAD wide with vec too large"),
    (instruction("STORE", length=3, strided=1), "STORE length with strided no multiple"),
    (instruction("POST", count=1, single=1), "POST single too large"),
    (instruction("POST", count=1, vec=1, single=1, record=64), "POST record with single too large"),
    (instruction("POST", count=1, vec=1, entry=32), "POST entry+count with vec too large"),
    (instruction("VEC"), "VEC length too small"),
    (instruction("VEC", length=1, operation=5), "VEC operation too large"),
    (instruction("VEC", length=1, entry=3), "VEC entry no multiple"),
    (instruction("VEC", length=33), "VEC entry+length too large"),
    (instruction("PROG", length=1, row=16), "PROG row too large"),
    (instruction("PROG", length=1, macro=3), "PROG macro too large"),
]


def word_of(source: Instruction | int) -> int:
    return encode(source) if isinstance(source, Instruction) else source


@pytest.mark.parametrize(("cause", "source", "reason"), WRONG)
def test_reasons(core: Core, cause: Cause, source: Instruction | int, reason: str) -> None:
    coverage = Coverage(core)
    coverage.add_cause(cause, word_of(source))
    assert coverage.met() == {f"cause {cause.name}": 1, f"cause {cause.name} {reason}": 1}
    assert summarize(coverage).unexpected == ()


@pytest.mark.parametrize(("source", "reason"), FULL_WRONG)
def test_reasons_of_options(full: Core, source: Instruction, reason: str) -> None:
    coverage = Coverage(full)
    coverage.add_cause(Cause.OPERAND, word_of(source))
    assert coverage.met() == {"cause OPERAND": 1, f"cause OPERAND {reason}": 1}
    assert summarize(coverage).unexpected == ()


def test_an_option_that_a_core_lacks_is_a_reason_where_nothing_else_is_wrong(core: Core, full: Core) -> None:
    lacking = {found.name for found in Coverage(core).bins if found.possible}
    assert {"cause OPERAND LOAD strided too large", "cause OPERAND STORE strided too large"} <= lacking
    having = {found.name for found in Coverage(full).bins if found.possible}
    assert "cause OPERAND LOAD strided too large" not in having
    assert "cause OPERAND LOAD vec too large" not in having
    assert "cause ILLEGAL VEC not in this core" not in having


@pytest.mark.parametrize("cause", [Cause.NONE, Cause.PROGRAM, Cause.WATCHDOG])
def test_causes_without_a_faulty_instruction(core: Core, cause: Cause) -> None:
    coverage = Coverage(core)
    coverage.add_cause(cause)
    coverage.add_cause(int(cause), word_of(instruction("NOP")))
    assert coverage.met() == {f"cause {cause.name}": 2}


def test_an_unknown_word_meets_the_cause_alone(core: Core) -> None:
    coverage = Coverage(core)
    coverage.add_cause(Cause.ADDRESS)
    assert coverage.met() == {"cause ADDRESS": 1}


@pytest.mark.parametrize(
    ("cause", "source"),
    [
        (Cause.ILLEGAL, encode(Instruction("WAIT", {"unit": 7, "count": 1})) | 1 << 57),
        (Cause.OPERAND, instruction("POST", record=100)),
    ],
)
def test_two_reasons_at_once_prove_neither(core: Core, cause: Cause, source: Instruction | int) -> None:
    coverage = Coverage(core)
    coverage.add_cause(cause, word_of(source))
    assert coverage.met() == {f"cause {cause.name}": 1}


@pytest.mark.parametrize(
    ("cause", "source"),
    [
        (Cause.ILLEGAL, instruction("NOP")),
        (Cause.ILLEGAL, instruction("LOAD")),
        (Cause.OPERAND, instruction("LOAD", length=1)),
        (Cause.OPERAND, 63 << 58),
        (Cause.ADDRESS, instruction("STORE", length=33)),
        (Cause.ADDRESS, instruction("MVM", steps=1)),
        (Cause.LOOP, instruction("LOOP", count=1)),
    ],
)
def test_a_core_without_a_reason_is_found_out(core: Core, cause: Cause, source: Instruction | int) -> None:
    coverage = Coverage(core)
    coverage.add_cause(cause, word_of(source))
    assert summarize(coverage).unexpected == ((f"cause {cause.name} without a reason", 1),)


def test_what_fields_are_too_narrow_to_break_is_no_bin(core: Core) -> None:
    def possible(of: Core) -> set[str]:
        return {found.name for found in Coverage(of).bins if found.possible}

    assert possible(core) - possible(replace(core, output_buffer_bytes=8191)) == {
        "cause OPERAND STORE length too large",
    }
    assert "cause ILLEGAL SET load macro beyond the core" not in possible(replace(core, macros=MACRO_LIMIT))
