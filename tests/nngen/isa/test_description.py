"""The description itself: what every table that derives from it relies on."""

import hashlib
from itertools import combinations
from pathlib import Path

import pytest

from nngen.arch import read_architecture
from nngen.arch._architecture import INSTRUCTION_SET_VERSION
from nngen.isa import (
    CAUSE_MEANINGS,
    COUNTER_BITS,
    COUNTERS,
    EVENT_NAMES,
    INSTRUCTION_BITS,
    INSTRUCTIONS,
    LOOP_DEPTH,
    MACRO_LIMIT,
    OPCODE_OFFSET,
    REGISTERS,
    UNIT_CODES,
    Cause,
    InstructionFormat,
    Register,
    Unit,
    constant_record_layout,
    find_register,
    mvm_cycles,
    register,
    words_touched,
)

TINY = Path(__file__).parents[3] / "flows" / "architectures" / "tiny.toml"

# Refreshed by hand together with INSTRUCTION_SET_VERSION of nngen/arch/_architecture.py: programs of another encoding
# must be refused, and the architecture's hash knows that by the version alone.
ENCODING = {4: "0eccb9b7a6d06a8e"}


def encoding_digest() -> str:
    """Everything that gives a word of a program its meaning, without the words for people."""
    instructions = [
        (i.mnemonic, i.opcode, i.unit, [(f.name, f.offset, f.width, f.signed) for f in i.fields]) for i in INSTRUCTIONS
    ]
    registers = [
        (r.unit, r.name, r.index, r.count, r.width, r.signed, [(f.name, f.offset, f.width) for f in r.fields])
        for r in REGISTERS
    ]
    units, causes = sorted(UNIT_CODES.items()), [(cause.name, cause.value) for cause in Cause]
    records = constant_record_layout(read_architecture(TINY).core)
    everything = repr((instructions, registers, units, causes, LOOP_DEPTH, COUNTERS, COUNTER_BITS, records))
    return hashlib.sha256(everything.encode()).hexdigest()[:16]


def test_a_new_encoding_has_a_new_version() -> None:
    assert encoding_digest() == ENCODING[INSTRUCTION_SET_VERSION]


def test_mnemonics_and_opcodes_are_unique() -> None:
    assert len({known.mnemonic for known in INSTRUCTIONS}) == len(INSTRUCTIONS)
    assert len({known.opcode for known in INSTRUCTIONS}) == len(INSTRUCTIONS)


@pytest.mark.parametrize("known", INSTRUCTIONS, ids=lambda known: known.mnemonic)
def test_fields_follow_each_other_below_the_opcode(known: InstructionFormat) -> None:
    end = 0
    for field in known.fields:
        assert field.offset == end
        end += field.width
    assert end <= OPCODE_OFFSET
    assert known.used_mask < 1 << INSTRUCTION_BITS
    assert known.used_mask.bit_count() == end + INSTRUCTION_BITS - OPCODE_OFFSET


@pytest.mark.parametrize("known", INSTRUCTIONS, ids=lambda known: known.mnemonic)
def test_an_instruction_names_its_unit_once(known: InstructionFormat) -> None:
    assert (known.unit is None) == ("unit" in [field.name for field in known.fields])


def test_registers_of_a_unit_do_not_overlap() -> None:
    for low, high in combinations(REGISTERS, 2):
        if low.unit is high.unit:
            assert low.name != high.name
            assert low.index + low.count <= high.index or high.index + high.count <= low.index


@pytest.mark.parametrize("known", REGISTERS, ids=lambda known: f"{known.unit}.{known.name}")
def test_registers_fit_the_fields_of_set(known: Register) -> None:
    assert known.index >= 0
    assert known.index + known.count <= 256
    assert 1 <= known.width <= 32
    assert sum(field.width for field in known.fields) in (0, known.width)


def test_registers_are_found_by_name_and_by_index() -> None:
    group = register(Unit.LOAD, "GROUP")
    assert find_register(Unit.LOAD, group.index) is group
    assert find_register(Unit.LOAD, group.index + MACRO_LIMIT - 1) is group
    assert find_register(Unit.LOAD, group.index + MACRO_LIMIT) is None
    assert find_register(Unit.STORE, 4) is None


def test_every_cause_has_a_meaning_and_every_event_its_own_name() -> None:
    assert set(CAUSE_MEANINGS) == set(Cause)
    assert len(set(EVENT_NAMES)) == len(EVENT_NAMES)


def test_every_unit_counts_busy_and_stalled_cycles() -> None:
    for unit in UNIT_CODES:
        assert f"{unit}_stalled" in EVENT_NAMES
        assert unit is Unit.SEQUENCER or f"{unit}_busy" in EVENT_NAMES


@pytest.mark.parametrize(
    ("address", "length", "word_bytes", "words"),
    [(0, 1, 8, 1), (0, 8, 8, 1), (7, 1, 8, 1), (7, 2, 8, 2), (3, 17, 4, 5), (5, 64, 64, 2)],
)
def test_words_touched_counts_the_words_of_a_run(address: int, length: int, word_bytes: int, words: int) -> None:
    assert words_touched(address, length, word_bytes) == words
    assert words == len({byte // word_bytes for byte in range(address, address + length)})


def test_service_time_of_mvm_is_the_product_of_its_loops() -> None:
    assert mvm_cycles(planes=8, steps=3, slices=2, conversion_cycles=9) == 8 * 3 * 2 * 9
