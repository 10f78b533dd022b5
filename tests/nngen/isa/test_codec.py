"""Instructions and their 64-bit words."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import ProgramError
from nngen.isa import BY_MNEMONIC, BY_OPCODE, INSTRUCTIONS, UNIT_CODES, Instruction, Unit, decode, encode, instruction

EXAMPLES = [
    ("NOP", {}, 0x0000000000000000),
    ("HALT", {}, 0x0400000000000000),
    ("ADD", {"register": 1, "value": -1}, 0x0C00000007FFFFF9),
    ("LOOP", {"count": 3, "length": 2}, 0x1000000000020003),
    ("WAIT", {"unit": 1, "counter": 2, "count": 5}, 0x1400000000000151),
    ("LOAD", {"offset": -1, "length": 64, "last": 1}, 0x20400000207FFFF8),
]


@given(st.from_type(Instruction).filter(lambda example: example.operands.get("unit", 0) <= max(UNIT_CODES.values())))
def test_decoding_undoes_encoding(example: Instruction) -> None:
    assert decode(encode(example)) == example


@given(st.integers(0, (1 << 64) - 1))
def test_a_word_is_refused_or_means_one_instruction(word: int) -> None:
    try:
        example = decode(word)
    except ProgramError:
        return
    assert encode(example) == word


@given(st.from_type(Instruction))
def test_a_reserved_bit_is_refused(example: Instruction) -> None:
    reserved = ~example.format.used_mask & ((1 << 64) - 1)
    for bit in range(64):
        if reserved >> bit & 1:
            word = encode(example) | 1 << bit
            message = f"instruction {word:#018x}: {example.mnemonic} has reserved bits that are not zero"
            with pytest.raises(ProgramError, match=f"^{re.escape(message)}$"):
                decode(word)


@pytest.mark.parametrize(("mnemonic", "operands", "word"), EXAMPLES)
def test_encodings_are_those_of_the_manual(mnemonic: str, operands: dict[str, int], word: int) -> None:
    assert encode(Instruction(mnemonic, operands)) == word


def test_every_field_reaches_its_own_bits() -> None:
    for known in INSTRUCTIONS:
        for field in known.fields:
            value = field.lowest if field.signed else field.highest
            bits = (value & ((1 << field.width) - 1)) << field.offset
            assert encode(Instruction(known.mnemonic, {field.name: value})) == known.opcode << 58 | bits


def test_fields_that_are_not_named_are_0_and_equal_those_that_are() -> None:
    short, long = Instruction("ADD", {"value": 4}), Instruction("ADD", {"value": 4, "register": 0})
    assert short == long
    assert hash(short) == hash(long)
    assert short["register"] == 0
    assert list(short.operands) == ["register", "value"]
    assert short != Instruction("ADD", {"value": 5})


def test_operands_become_plain_integers() -> None:
    word = encode(Instruction("SET", {"unit": np.int64(4), "value": np.int64(-1) & 0xFFFFFFFF}))
    assert type(word) is int
    assert type(Instruction("LOAD", {"last": True})["last"]) is int


def test_the_unit_is_the_instructions_own_or_the_one_it_names() -> None:
    assert instruction("LOAD").unit is Unit.LOAD
    assert instruction("FILL").unit is Unit.STORE
    assert instruction("WAIT", unit=Unit.POST, counter=1).unit is Unit.POST
    assert instruction("SIGNAL", unit=Unit.POST)["unit"] == 3


def sentence(text: str) -> str:
    return f"^{re.escape(text)}$"


@pytest.mark.parametrize(
    ("mnemonic", "operands", "message"),
    [
        ("LAOD", {}, "mnemonic must be one of the instruction set's, not 'LAOD'; did you mean 'LOAD'?"),
        ("load", {}, "mnemonic must be one of the instruction set's, not 'load'; did you mean 'LOAD'?"),
        ("JUMP", {}, "mnemonic must be one of the instruction set's, not 'JUMP'"),
        ("LOAD", {"lenght": 1}, "LOAD has no field 'lenght'; did you mean 'length'?"),
        ("NOP", {"length": 1}, "NOP has no field 'length'"),
        ("LOAD", {"length": 4096}, "LOAD length must be 0 to 4095, not 4096"),
        ("LOAD", {"length": -1}, "LOAD length must be 0 to 4095, not -1"),
        ("ADD", {"value": 1 << 23}, "ADD value must be -8388608 to 8388607, not 8388608"),
    ],
)
def test_what_no_word_can_hold_is_refused(mnemonic: str, operands: dict[str, int], message: str) -> None:
    with pytest.raises(ProgramError, match=sentence(message)):
        Instruction(mnemonic, operands)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        (-1, "instruction must be 64 bits wide, not -0x1"),
        (1 << 64, "instruction must be 64 bits wide, not 0x10000000000000000"),
        (63 << 58, "instruction 0xfc00000000000000: opcode 63 is not defined"),
        (7 << 58, "instruction 0x1c00000000000000: opcode 7 is not defined"),
        (1, "instruction 0x0000000000000001: NOP has reserved bits that are not zero"),
        (2 << 58 | 6, "instruction 0x0800000000000006: SET names unit 6, which does not exist"),
        (6 << 58 | 7, "instruction 0x1800000000000007: SIGNAL names unit 7, which does not exist"),
    ],
)
def test_undefined_words_are_refused(word: int, message: str) -> None:
    with pytest.raises(ProgramError, match=sentence(message)):
        decode(word)


def test_all_undefined_opcodes_are_refused() -> None:
    for opcode in set(range(64)) - set(BY_OPCODE):
        with pytest.raises(
            ProgramError, match=sentence(f"instruction {opcode << 58:#018x}: opcode {opcode} is not defined")
        ):
            decode(opcode << 58)


def test_an_instruction_of_no_unit_can_be_written_but_has_none() -> None:
    """Tests of illegal programs need the word; nothing may take it for a unit's command."""
    example = Instruction("WAIT", {"unit": 6})
    assert encode(example) == BY_MNEMONIC["WAIT"].opcode << 58 | 6
    with pytest.raises(ProgramError, match=sentence("WAIT unit must be 0 to 5, not 6")):
        _ = example.unit
