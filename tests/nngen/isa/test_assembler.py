"""Assembly text to instructions and back."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import ProgramError
from nngen.isa import Instruction, Unit, assemble, disassemble, find_register, instruction, instruction_text

LINES = [
    ("NOP", Instruction("NOP")),
    ("  HALT  ; the end", Instruction("HALT")),
    ("SET mvm.PLANES = 8", instruction("SET", unit=Unit.MVM, index=0, value=8)),
    ("SET load.GROUP[3]=0x2", instruction("SET", unit=Unit.LOAD, index=67, value=2)),
    ("SET load . GROUP [ 0b11 ] = 2", instruction("SET", unit=Unit.LOAD, index=67, value=2)),
    ("SET post.LOWEST = -128", instruction("SET", unit=Unit.POST, index=0, value=0xFFFFFF80)),
    ("SET unit=store, index=9, value=3", instruction("SET", unit=Unit.STORE, index=9, value=3)),
    ("SET unit=6, value=1", Instruction("SET", {"unit": 6, "value": 1})),
    ("WAIT unit=post, counter=1, count=2", instruction("WAIT", unit=Unit.POST, counter=1, count=2)),
    ("LOAD length=24 , first,last", Instruction("LOAD", {"length": 24, "first": 1, "last": 1})),
    ("LOAD first=0, last=1", Instruction("LOAD", {"last": 1})),
    ("ADD value=-0x10", Instruction("ADD", {"value": -16})),
    ("\tMVM\tclasses=0xFFFF, steps=1\r", Instruction("MVM", {"classes": 0xFFFF, "steps": 1})),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line_is_an_instruction(line: str, expected: Instruction) -> None:
    assert assemble(line) == (expected,)


def test_comments_and_empty_lines_are_no_instructions() -> None:
    assert assemble("; layer 'a'\n\n   \nNOP ; nothing; at all\n") == (Instruction("NOP"),)
    assert assemble("") == ()


@given(st.lists(st.from_type(Instruction), max_size=12))
def test_disassembly_assembles_to_the_same_program(program: list[Instruction]) -> None:
    assert assemble(disassemble(program)) == tuple(program)


@given(st.from_type(Instruction))
def test_the_text_of_an_instruction_is_one_statement(example: Instruction) -> None:
    text = instruction_text(example)
    assert text.isascii()
    assert text.isprintable()
    assert assemble(text) == (example,)


@given(st.text(max_size=40), st.integers(0, 3))
def test_no_name_of_a_layer_gets_into_the_program(name: str, start: int) -> None:
    program = tuple(assemble("NOP\nLOOP count=1, length=1\nNOP\nHALT"))
    assert assemble(disassemble(program, labels=[(name, start)])) == program


@given(st.text(max_size=60))
def test_any_text_is_a_program_or_refused_by_line(text: str) -> None:
    refusal = ""
    try:
        assemble(text)
    except ProgramError as error:
        refusal = str(error)
    assert re.match(r"$|line \d+: ", refusal)


def test_disassembly_shows_layers_loops_addresses_and_meanings() -> None:
    program = assemble(
        "SET mvm.MACRO[2] = 0x11020\nSET post.LOWEST = -128\nLOOP count=4, length=3\nLOOP host, length=1\n"
        "NOP\nNOP\nHALT"
    )
    assert disassemble(program, labels=[("conv", 0), ('odd\n"name"', 2), ("empty", 2)]).splitlines() == [
        '; layer "conv"',
        "SET mvm.MACRO[2] = 0x11020                                               "
        "; 0: class 0, first_step 2, log2_gain 1, enabled 1",
        "SET post.LOWEST = -128                                                   ; 1",
        '; layer "odd\\n\\"name\\""',
        '; layer "empty"',
        "LOOP count=4, length=3                                                   ; 2",
        "  LOOP count=0, length=1, host                                           ; 3",
        "    NOP                                                                  ; 4",
        "  NOP                                                                    ; 5",
        "HALT                                                                     ; 6",
    ]


def test_a_set_of_no_register_is_written_by_its_index() -> None:
    assert find_register(Unit.LOAD, 5) is None
    assert instruction_text(instruction("SET", unit=Unit.LOAD, index=5, value=1)) == "SET unit=load, index=5, value=1"
    assert instruction_text(Instruction("SET", {"unit": 7})) == "SET unit=7, index=0, value=0"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("LAOD length=1", "mnemonic must be one of the instruction set's, not 'LAOD'; did you mean 'LOAD'?"),
        ("load length=1", "mnemonic must be one of the instruction set's, not 'load'; did you mean 'LOAD'?"),
        ("LOAD lenght=1", "LOAD has no field 'lenght'; did you mean 'length'?"),
        ("LOAD Length=1", "LOAD has no field 'Length'; did you mean 'length'?"),
        ("LOAD frist", "LOAD has no field 'frist'; did you mean 'first'?"),
        ("HALT 3", "HALT has no field '3'"),
        ("LOAD length", "LOAD length must be given a value, as in length=1"),
        ("LOAD length=", "LOAD length must be a number such as 12, -3, 0x1f or 0b101, not ''"),
        ("LOAD length=ten", "LOAD length must be a number such as 12, -3, 0x1f or 0b101, not 'ten'"),
        ("LOAD length=1 row=2", "LOAD length must be a number such as 12, -3, 0x1f or 0b101, not '1 row=2'"),
        ("LOAD length=4096", "LOAD length must be 0 to 4095, not 4096"),
        ("LOAD length=1, length=1", "LOAD length must be given once, not twice"),
        ("LOAD length=1,", "LOAD must have an operand between its commas and none behind the last"),
        ("LOAD , length=1", "LOAD must have an operand between its commas and none behind the last"),
        (
            "WAIT unit=lode",
            "unit must be one of sequencer, load, mvm, post, store, vec, not 'lode'; did you mean 'load'?",
        ),
        ("WAIT unit=8", "WAIT unit must be 0 to 7, not 8"),
        (
            "SET laod.GROUP[0] = 1",
            "unit must be one of sequencer, load, mvm, post, store, vec, not 'laod'; did you mean 'load'?",
        ),
        (
            "SET load.GRUOP[0] = 1",
            "register of load must be one of INVERT, KEEP, RUNS, STRIDE, GROUP, not 'GRUOP'; did you mean 'GROUP'?",
        ),
        (
            "SET load.group[0] = 1",
            "register of load must be one of INVERT, KEEP, RUNS, STRIDE, GROUP, not 'group'; did you mean 'GROUP'?",
        ),
        ("SET store.GROUP = 1", "register of store must be one of RUNS, STRIDE, TARGETS, not 'GROUP'"),
        ("SET load.GROUP = 1", "load.GROUP must have an index from 0 to 127, as in load.GROUP[0]"),
        ("SET load.GROUP[128] = 1", "index of load.GROUP must be 0 to 127, not 128"),
        ("SET load.GROUP[-1] = 1", "index of load.GROUP must be 0 to 127, not -1"),
        ("SET load.GROUP[x] = 1", "index of load.GROUP must be a number such as 12, -3, 0x1f or 0b101, not 'x'"),
        ("SET load.INVERT[0] = 1", "load.INVERT must have no index, as it is one register, not '[0]'"),
        ("SET load.INVERT 3", "SET must be written as in 'SET load.GROUP[3] = 2', not 'SET load.INVERT 3'"),
        ("SET load.INVERT = 3 4", "SET must be written as in 'SET load.GROUP[3] = 2', not 'SET load.INVERT = 3 4'"),
        ("SET load.INVERT = x", "SET value must be a number such as 12, -3, 0x1f or 0b101, not 'x'"),
        ("SET load.INVERT = 4294967296", "SET value must be -2147483648 to 4294967295, not 4294967296"),
        ("SET load.INVERT = -2147483649", "SET value must be -2147483648 to 4294967295, not -2147483649"),
        ("SET GROUP = 3", "SET has no field 'GROUP'"),
    ],
)
def test_what_is_no_instruction_is_refused(line: str, message: str) -> None:
    with pytest.raises(ProgramError, match=f"^{re.escape('line 3: ' + message)}$"):
        assemble(f"; first\nNOP\n{line}\nHALT")
    with pytest.raises(ProgramError, match=f"^{re.escape('a.asm, line 1: ' + message)}$"):
        assemble(line, name="a.asm")
