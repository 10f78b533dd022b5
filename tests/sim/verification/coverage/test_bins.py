"""Which bins there are: all that can happen on a core, and nothing else."""

import re
from dataclasses import replace

import pytest

from nngen.arch import Core
from nngen.isa import BY_MNEMONIC, INSTRUCTIONS, core_units, instruction
from nngen.sim.verification.coverage import Coverage, Group
from nngen.sim.verification.coverage._operands import offset_reach

from .entries import log, retired


def names(core: Core, pattern: str, *, possible: bool = True) -> list[str]:
    """The parts of names that the pattern's group catches."""
    matches = (re.fullmatch(pattern, found.name) for found in Coverage(core).bins if found.possible is possible)
    return [match[1] for match in matches if match]


def values(core: Core, quantity: str, *, command: str) -> list[str]:
    """The classes of a quantity behind NOP or SET: where nothing else is in the way."""
    return list(dict.fromkeys(names(core, rf"{re.escape(command)}/{re.escape(quantity)}=([^/]+)/.*")))


def test_names_are_different_and_hold_nothing_that_patterns_give_a_meaning(core: Core) -> None:
    found = [one.name for one in Coverage(core).bins]
    assert len(set(found)) == len(found)
    assert not any(set(name) & set("*?[]!") for name in found)


def test_the_same_core_has_the_same_bins_in_the_same_order(core: Core) -> None:
    assert Coverage(core).bins == Coverage(replace(core)).bins


@pytest.mark.parametrize(
    ("command", "quantity", "expected"),
    [
        ("LOAD", "register", [*"01234567"]),
        ("LOAD", "offset", ["negative", "zero", "positive"]),
        ("LOAD", "length", ["1", "between", "max"]),
        ("LOAD", "row", ["0", "1", "between", "max"]),
        ("LOAD", "group", ["0", "1", "between", "max"]),
        ("LOAD", "first", ["0", "1"]),
        ("LOAD", "row+length", ["below bound", "bound"]),
        ("MVM", "classes", ["none", "one", "several", "all"]),
        ("MVM", "steps", ["1", "max"]),
        ("MVM", "entry", ["0", "1"]),
        ("MVM", "entry+steps", ["below bound", "bound"]),
        ("FILL", "value", ["0", "1", "between", "max"]),
        ("ADD", "value", ["negative", "zero", "positive"]),
        ("LOOP", "count", ["1", "between", "max"]),
        ("LOOP", "ignored count", ["0", "not 0"]),
        ("LOOP", "length", ["1", "between", "max"]),
        ("WAIT store", "counter", [*"01234567"]),
        ("WAIT store", "count", ["1", "between", "max"]),
        ("SIGNAL mvm", "counter", [*"01234567"]),
        ("SET load", "register", ["INVERT", "KEEP", "RUNS", "STRIDE", "GROUP first", "GROUP between", "GROUP last"]),
        ("SET load", "INVERT", ["0", "1", "other", "ones", "wider"]),
        ("SET mvm", "NEGATE_TOP", ["0", "1", "wider"]),
        ("SET mvm", "MACRO.class", ["0", "1", "between", "max"]),
        ("SET mvm", "MACRO.log2_gain", ["0", "1", "unusable"]),
        ("SET mvm", "MACRO.enabled", ["0", "1"]),
        ("SET post", "LOWEST", ["0", "1", "other", "ones"]),
        ("SET store", "register", ["RUNS", "STRIDE", "TARGETS first", "TARGETS last"]),
        ("SET vec", "register", []),
        ("WAIT sequencer", "counter", []),
        ("WAIT vec", "counter", []),
        ("LOAD", "vec", ["0"]),
        ("LOAD", "length with vec", []),
        ("POST", "count", ["1", "between", "max"]),
        ("VEC", "length", []),
        ("PROG", "length", []),
    ],
)
def test_operand_classes(core: Core, command: str, quantity: str, expected: list[str]) -> None:
    assert values(core, quantity, command=command) == expected


@pytest.mark.parametrize(
    ("command", "quantity", "expected"),
    [
        ("LOAD", "vec", ["0", "1"]),
        ("LOAD", "wide", ["0", "1"]),
        ("LOAD", "strided", ["0", "1"]),
        ("LOAD", "length", ["1", "between", "max"]),
        ("LOAD", "length with vec", ["1", "between", "max"]),
        ("LOAD", "length with wide", ["between", "max"]),
        ("LOAD", "row with vec", ["0", "1", "between", "max"]),
        ("LOAD", "row+length with vec", ["below bound", "bound"]),
        ("LOAD", "row+row+length with wide", ["below bound", "bound"]),
        ("STORE", "length with strided", ["between", "max"]),
        ("POST", "count with vec", ["1", "between", "max"]),
        ("POST", "count with vec single", ["1", "between", "max"]),
        ("POST", "record+count", ["below bound", "bound"]),
        ("POST", "entry+count with vec", ["below bound", "bound"]),
        ("VEC", "operation", ["0", "1", "between", "max"]),
        ("VEC", "entry", ["0", "between", "max"]),
        ("VEC", "entry+length", ["below bound", "bound"]),
        ("PROG", "length", ["1", "between", "max"]),
        ("PROG", "macro", ["0", "1", "max"]),
        ("SET vec", "ELEMENT", ["0", "1", "other", "ones", "wider"]),
        ("SET vec", "register", ["TAPS", "STRIDE", "ELEMENT", "SIGNED", "ZERO first", "ZERO last",
                                 "COEFFICIENT first", "COEFFICIENT between", "COEFFICIENT last"]),
        ("SET post", "TABLE.enabled", ["0", "1"]),
        ("WAIT vec", "counter", [*"01234567"]),
    ],
)  # fmt: skip
def test_operand_classes_of_options(full: Core, command: str, quantity: str, expected: list[str]) -> None:
    assert values(full, quantity, command=command) == expected


def test_what_a_core_is_too_small_for_is_no_bin(core: Core) -> None:
    smallest = replace(core, macros=1, constant_records=1, macro=replace(core.macro, rows=1, columns_per_adc=1))
    own = ["PLANES", "NEGATE_TOP", "SLICES", "NEGATE_SLICE", "OFFSET", "MACRO first"]
    assert values(smallest, "register", command="SET mvm") == own
    assert values(smallest, "row", command="LOAD") == ["0"]
    assert values(smallest, "length", command="LOAD") == ["1"]
    assert values(smallest, "row+length", command="LOAD") == ["bound"]
    assert values(smallest, "steps", command="MVM") == ["1"]
    assert values(smallest, "count", command="POST") == ["1"]


@pytest.mark.parametrize(
    ("activation_bytes", "expected"),
    [
        (1 << 17, ["negative", "zero", "positive"]),
        (1 << 18, ["lowest", "negative", "zero", "positive", "highest"]),
    ],
)
def test_the_ends_of_an_offset_need_a_window_of_their_size(
    core: Core, activation_bytes: int, expected: list[str]
) -> None:
    assert values(replace(core, activation_bytes=activation_bytes), "offset", command="LOAD") == expected


def wrapped(position: int, distance: int, size: int) -> int:
    """Where a distance from a position leads, as the manual says; -1: outside the window."""
    moved = position + distance
    moved += size if moved < 0 else -size if moved >= size else 0
    return moved if 0 <= moved < size else -1


@pytest.mark.parametrize(("mnemonic", "memory"), [("ADD", None), ("LOAD", 16)])
def test_the_reach_of_an_address_register_is_that_of_all_windows(core: Core, mnemonic: str, memory: int | None) -> None:
    numbers = range(1 << (16).bit_length())
    reached = [
        distance
        for distance in range(-3 * len(numbers), 3 * len(numbers))
        if any(0 <= wrapped(p, distance, size) < (memory or size) for p in numbers for size in numbers)
    ]
    smallest = replace(core, activation_bytes=16)
    assert offset_reach(BY_MNEMONIC[mnemonic], smallest) == (reached[0], reached[-1])


def test_a_run_is_not_longer_than_the_memory(core: Core) -> None:
    coverage = Coverage(replace(core, activation_bytes=16))
    coverage.collect(log(retired(instruction("STORE", length=16)), retired(instruction("STORE", length=17))))
    assert coverage.count("STORE/length=max/first") == 1
    assert coverage.count("STORE/length=too large/after STORE") == 1


def test_predecessors_are_what_the_unit_executes(core: Core) -> None:
    queued = {"SET", "WAIT", "SIGNAL"}
    assert set(names(core, "MVM/first=0/(.*)")) == {"first", *(f"after {name}" for name in queued | {"MVM"})}
    assert set(names(core, "FILL/value=0/(.*)")) == {
        "first",
        *(f"after {name}" for name in ("SET", "WAIT", "SIGNAL", "STORE", "FILL")),
    }


def test_options_bring_predecessors(full: Core) -> None:
    queued = {"SET", "WAIT", "SIGNAL"}
    assert set(names(full, "VEC/first=0/(.*)")) == {"first", *(f"after {name}" for name in queued | {"VEC"})}
    assert set(names(full, "PROG/row=0/(.*)")) == {"first", *(f"after {name}" for name in queued | {"LOAD", "PROG"})}


def test_nothing_comes_after_halt_and_add_is_never_first(core: Core) -> None:
    assert set(names(core, "NOP/(.*after.*|first)")) == {
        "first",
        *(f"after {n}" for n in ("NOP", "SET", "ADD", "LOOP")),
    }
    assert names(core, "(.*/after HALT)") == []
    assert names(core, "(ADD/.*/first)") == []
    assert "ADD/value=zero/first" in names(core, "(ADD/.*/first)", possible=False)


def test_a_loop_does_not_open_inside_four(core: Core) -> None:
    assert names(core, "loop depth (.) LOOP") == [*"0123"]
    assert names(core, "loop depth (.) HALT") == [*"01234"]
    assert names(core, "loop depth (.) MVM") == [*"01234"]


def test_halt_alone_waits_in_the_sequencer(core: Core) -> None:
    waits = names(core, "(.*)/waited")
    assert [name for name in waits if name in ("NOP", "HALT", "SET sequencer", "ADD", "LOOP")] == ["HALT"]
    assert len(waits) == 1 + 4 * len(core_units(core)) + 1  # SET, WAIT, SIGNAL, its own; STORE also has FILL


def test_a_queue_that_was_full_is_not_empty(core: Core) -> None:
    assert names(core, "MVM/queue (.*)") == ["occupied", "empty", "full"]
    assert names(core, "NOP/queue (.*)") == []


def test_every_instruction_and_group_has_bins(core: Core, full: Core) -> None:
    for of, absent in ((full, {"TELL"}), (core, {"TELL", "VEC", "PROG"})):
        bins = [found for found in Coverage(of).bins if found.possible and found.group is not Group.CAUSES]
        assert {found.mnemonic for found in bins} == {format_.mnemonic for format_ in INSTRUCTIONS} - absent
        assert {found.group for found in Coverage(of).bins if found.possible} == set(Group)
