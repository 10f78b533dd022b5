"""The manual holds everything that the description does, and what it shows assembles."""

import re

import pytest

from nngen.isa import (
    CAUSE_MEANINGS,
    EVENTS,
    INSTRUCTIONS,
    REGISTERS,
    Field,
    InstructionFormat,
    assemble,
    disassemble,
    encode,
    manual,
)
from nngen.isa._drawing import draw_word
from nngen.isa._examples import EXAMPLES, STATEMENTS, Example

MANUAL = manual()


def section(heading: str) -> str:
    """The text from one heading to the next."""
    return re.split(r"^#+ ", MANUAL.split(f"{heading}\n", maxsplit=1)[1], maxsplit=1, flags=re.MULTILINE)[0]


@pytest.mark.parametrize("known", INSTRUCTIONS, ids=lambda known: known.mnemonic)
def test_every_instruction_is_drawn_and_explained(known: InstructionFormat) -> None:
    text = section(f"### {known.mnemonic}")
    assert known.service_time in text
    for field in known.fields:
        assert f"| `{field.name}` |" in text
        assert f"| {field.lowest} … {field.highest} | {field.meaning} |" in text
    for cause, condition in known.refusals:
        assert f"- {cause.name}: {condition}\n" in text


def test_registers_causes_and_events_are_listed() -> None:
    for register in REGISTERS:
        assert re.search(rf"\| `{register.name}(\[0\])?`.*\| {re.escape(register.meaning)} \|", MANUAL)
    for cause, meaning in CAUSE_MEANINGS.items():
        assert f"| {cause.value} | {cause.name} | {meaning} |" in MANUAL
    for number, event in enumerate(EVENTS):
        assert f"| {number} | `{event.name}` | {event.meaning} |" in MANUAL


def test_all_that_the_manual_shows_assembles() -> None:
    blocks = re.findall(r"```asm\n(.*?)```", MANUAL, flags=re.DOTALL)
    assert len(blocks) == len(INSTRUCTIONS) + len(EXAMPLES)
    for block in blocks:
        assert assemble(block)


def test_every_instruction_has_a_statement_of_its_own() -> None:
    assert list(STATEMENTS) == [known.mnemonic for known in INSTRUCTIONS]
    for mnemonic, text in STATEMENTS.items():
        assert {example.mnemonic for example in assemble(text)} == {mnemonic}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.title)
def test_examples_are_indented_as_the_disassembler_does(example: Example) -> None:
    def shape(text: str) -> list[int]:
        return [len(line) - len(line.lstrip()) for line in text.splitlines()]

    program = assemble(example.text)
    assert shape(disassemble(program)) == shape(example.text)
    assert program[-1].mnemonic == "HALT"


def test_loops_of_the_examples_end_inside_the_program() -> None:
    for example in EXAMPLES:
        program = assemble(example.text)
        for address, statement in enumerate(program):
            if statement.mnemonic == "LOOP":
                assert address + statement["length"] < len(program)
                assert statement["count"] > 0


def test_the_value_of_the_macro_register_reads_as_its_comment_says() -> None:
    (_, _, macro, _) = assemble(STATEMENTS["SET"])
    assert encode(macro) >> 11 & 0xFFFFFFFF == 1 << 16 | 1 << 12 | 2 << 4 | 0


def test_a_word_is_drawn_with_its_gaps() -> None:
    fields = [
        Field(name="low", offset=0, width=4, meaning=""),
        Field(name="flag", offset=6, width=1, meaning=""),
        Field(name="top", offset=7, width=9, meaning=""),
    ]
    assert draw_word(fields, bits=16).splitlines() == [
        " 15   7   6    5   4 3   0",
        "┌──────┬──────┬─────┬─────┐",
        "│ top  │ flag │  0  │ low │",
        "└──────┴──────┴─────┴─────┘",
    ]
