"""Why a core stopped: each reason that the instruction's word tells is a bin of its own."""

from dataclasses import replace

import pytest

from nngen.arch import Core
from nngen.isa import Cause, Instruction, Unit, encode, instruction
from nngen.sim.verification.coverage import Coverage, summarize

WRONG = [
    (Cause.ILLEGAL, 63 << 58, "undefined opcode"),
    (Cause.ILLEGAL, encode(instruction("NOP")) | 1 << 57, "NOP reserved bits"),
    (Cause.ILLEGAL, encode(instruction("LOAD", length=1)) | 1 << 54, "LOAD reserved bits"),
    (Cause.ILLEGAL, Instruction("SET", {"unit": 5}), "SET undefined unit"),
    (Cause.ILLEGAL, Instruction("WAIT", {"unit": 7, "count": 1}), "WAIT undefined unit"),
    (Cause.ILLEGAL, instruction("WAIT", unit=Unit.SEQUENCER, count=1), "WAIT sequencer"),
    (Cause.ILLEGAL, instruction("SIGNAL", unit=Unit.SEQUENCER), "SIGNAL sequencer"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.STORE), "SET store"),
    (Cause.ILLEGAL, instruction("SET", unit=Unit.LOAD, index=1), "SET load undefined register"),
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


def word_of(source: Instruction | int) -> int:
    return encode(source) if isinstance(source, Instruction) else source


@pytest.mark.parametrize(("cause", "source", "reason"), WRONG)
def test_reasons(core: Core, cause: Cause, source: Instruction | int, reason: str) -> None:
    coverage = Coverage(core)
    coverage.add_cause(cause, word_of(source))
    assert coverage.met() == {f"cause {cause.name}": 1, f"cause {cause.name} {reason}": 1}
    assert summarize(coverage).unexpected == ()


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
    assert "cause ILLEGAL SET load macro beyond the core" not in possible(replace(core, macros=64))
