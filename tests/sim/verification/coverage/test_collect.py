"""What is counted where: against a slow reading of the manual, and on what a core does."""

import random
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from nngen.arch import Core
from nngen.isa import BY_MNEMONIC, REGISTERS, Cause, Field, Instruction, Unit, instruction, register
from nngen.sim.cosim.scripted import Kind
from nngen.sim.iss import time_program
from nngen.sim.verification.coverage import Coverage, _coverage, summarize

from .entries import Entries, log, of_trace, other, retired
from .naive import naive_counts

EXECUTED = {
    Unit.SEQUENCER: ("NOP", "HALT", "SET", "ADD", "LOOP"),
    Unit.LOAD: ("SET", "WAIT", "SIGNAL", "LOAD", "PROG"),
    Unit.MVM: ("SET", "WAIT", "SIGNAL", "MVM"),
    Unit.POST: ("SET", "WAIT", "SIGNAL", "POST"),
    Unit.STORE: ("SET", "WAIT", "SIGNAL", "STORE", "FILL"),
    Unit.VEC: ("SET", "WAIT", "SIGNAL", "VEC"),
}
NOP = instruction("NOP")
UNITS = (Unit.LOAD, Unit.MVM, Unit.POST, Unit.STORE)


def random_operand(rng: random.Random, field: Field, unit: Unit) -> int:
    if field.name == "index":
        known = [r.index + rng.randrange(min(r.count, 4)) for r in REGISTERS if r.unit is unit]
        return rng.choice([*known, rng.randrange(256)])
    kind = rng.random()
    if kind < 0.4:
        return rng.choice((0, 1, field.lowest + field.signed, field.highest - field.signed))
    small = min(field.highest - field.signed, rng.choice((2, 16, 64, 1024)))
    return rng.randint(-small if field.signed else 0, small)


def random_entries(seed: int, size: int, core: Core | None = None) -> tuple[Entries, list[int]]:
    """Legal instructions with any operands, in any state; among them what is no retirement. With starts of runs.

    Without a core there are only what every core has.
    """
    rng = random.Random(seed)
    units = list(Unit)[: 6 if core else 5]
    rows = []
    for _ in range(size):
        if rng.random() < 0.05:
            rows.append(other(rng.choice((Kind.READ, Kind.RESET, Kind.INTERRUPT))))
            continue
        unit = rng.choice(units)
        format_ = BY_MNEMONIC[rng.choice([m for m in EXECUTED[unit] if core or m != "PROG"])]
        operands = {f.name: random_operand(rng, f, unit) for f in format_.fields if f.name != "unit"}
        if format_.unit is None:
            operands["unit"] = list(Unit).index(unit)
        row = list(retired(Instruction(format_.mnemonic, operands), unit=unit))
        row[4] = rng.randrange(64)
        rows.append(tuple(row))
    return log(*rows), sorted({0, *(rng.randrange(size) for _ in range(size // 10))})


def collected(core: Core, entries: Entries, starts: list[int]) -> dict[str, int]:
    coverage = Coverage(core)
    coverage.collect(entries, starts)
    return coverage.met()


@pytest.mark.parametrize("seed", range(6))
def test_counts_are_those_of_a_slow_reading(core: Core, full: Core, seed: int) -> None:
    for of, options in ((core, None), (full, full)):
        entries, starts = random_entries(seed, 1500, options)
        expected = naive_counts(of, entries, starts)
        assert sum(expected.values()) > 5 * 1000
        assert collected(of, entries, starts) == dict(expected)


def of_the_log(entries: Entries) -> np.ndarray:
    """Retirements in the order of the log: predecessors then are of any unit."""
    return np.flatnonzero(entries["kind"] == Kind.RETIRE)


def across_runs(commands: np.ndarray, runs: np.ndarray, units: np.ndarray) -> np.ndarray:
    return predecessors(commands, np.zeros_like(runs), units)


def one_too_late(commands: np.ndarray, runs: np.ndarray, units: np.ndarray) -> np.ndarray:
    return np.roll(predecessors(commands, runs, units), 1)


predecessors = _coverage._predecessors


@pytest.mark.parametrize(
    ("name", "fault"), [("_by_unit", of_the_log), ("_predecessors", across_runs), ("_predecessors", one_too_late)]
)
def test_the_comparison_sees_a_wrong_predecessor(
    core: Core, monkeypatch: pytest.MonkeyPatch, name: str, fault: Callable[..., np.ndarray]
) -> None:
    entries, starts = random_entries(0, 1500)
    expected = dict(naive_counts(core, entries, starts))
    monkeypatch.setattr(_coverage, name, fault)
    found = collected(core, entries, starts)
    assert found != expected
    assert sum(found.values()) == sum(expected.values())


def test_each_unit_has_an_order_of_its_own(core: Core) -> None:
    load, mvm = instruction("LOAD", length=1), instruction("MVM", steps=1)
    signal = instruction("SIGNAL", unit=Unit.LOAD)
    counts = collected(core, log(*map(retired, (signal, mvm, NOP, load, mvm))), [0])
    assert counts["LOAD/length=1/after SIGNAL"] == 1
    assert counts["MVM/steps=1/first"] == 1
    assert counts["MVM/steps=1/after MVM"] == 1
    assert counts["NOP/first"] == 1


def test_a_run_begins_without_a_predecessor(core: Core) -> None:
    entries = log(*[retired(NOP)] * 3, other(Kind.READ), retired(NOP), other(Kind.RESET), retired(NOP), retired(NOP))
    assert collected(core, entries, [0])["NOP/first"] == 2  # a reset ends a run, a read does not
    assert collected(core, entries, [0, 2])["NOP/first"] == 3
    assert collected(core, entries, [0, 3])["NOP/first"] == 3
    assert collected(core, entries, [])["NOP/first"] == 2


def test_runs_one_by_one_count_as_together(core: Core) -> None:
    entries, starts = random_entries(1, 800)
    one_by_one = Coverage(core)
    for first, end in zip(starts, [*starts[1:], len(entries)], strict=True):
        one_by_one.collect(entries[first:end])
    assert one_by_one.met() == collected(core, entries, starts)


def test_nothing_is_counted_of_nothing(core: Core) -> None:
    coverage = Coverage(core)
    coverage.collect(log())
    coverage.collect(log(other(Kind.END)))
    assert coverage.met() == {}
    assert coverage.retirements == 0


def test_the_state_is_counted(core: Core) -> None:
    load = instruction("LOAD", length=1)
    counts = collected(core, log(retired(load, depth=3, full=True, waited=True), retired(load, empty=True)), [0])
    assert {name: count for name, count in counts.items() if "=" not in name} == {
        "loop depth 0 LOAD": 1,
        "loop depth 3 LOAD": 1,
        "LOAD/queue empty": 1,
        "LOAD/queue full": 1,
        "LOAD/started at once": 1,
        "LOAD/waited": 1,
    }


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        (retired(instruction("LOAD", length=0)), "LOAD/length=too small/first"),
        (retired(instruction("LOAD", length=17)), "LOAD/length=too large/first"),
        (retired(instruction("ADD")), "ADD/value=zero/first"),
        (retired(instruction("LOOP", length=1, count=1), depth=4), "loop depth 4 LOOP"),
        (retired(instruction("SET", unit=Unit.MVM, index=67)), "SET mvm/register=no register from 67/first"),
        (retired(NOP, waited=True), "NOP/waited"),
        (retired(instruction("MVM", steps=1), unit=Unit.LOAD), "unknown retirement"),
        (retired(63 << 58), "unknown retirement"),
        (retired(1 << 57), "unknown retirement"),  # NOP with a reserved bit
        (retired(instruction("SET", unit=Unit.MVM), unit=Unit.LOAD), "unknown retirement"),
        (retired(instruction("SET", unit=Unit.LOAD), unit=Unit.STORE), "unknown retirement"),
        (retired(instruction("VEC", length=1)), "unknown retirement"),  # the core has no VEC
        (retired(instruction("PROG", length=1)), "unknown retirement"),
    ],
)
def test_what_must_not_happen_is_counted_too(core: Core, entry: tuple[object, ...], name: str) -> None:
    coverage = Coverage(core)
    coverage.collect(log(entry))
    report = summarize(coverage)
    assert (name, 1) in report.unexpected
    assert coverage.retirements == 1


@pytest.mark.parametrize("starts", [[-1], [0, 2]])
def test_starts_must_be_entries(core: Core, starts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^starts of runs must be numbers of the 2 entries, not \[.*\]$"):
        Coverage(core).collect(log(retired(NOP), retired(NOP)), starts)


def lively_program(rng: random.Random) -> list[Instruction]:
    """Return a program that ends, in which units wait for each other, queues run full, and loops nest."""
    windows = [
        instruction("SET", unit=Unit.SEQUENCER, index=16, value=64),
        instruction("SET", unit=Unit.SEQUENCER, index=17, value=64),
    ]
    flags = {"first": 1, "last": 1}
    position = [
        instruction("LOAD", length=rng.randint(1, 16), **flags),
        instruction("MVM", steps=rng.randint(1, 2), **flags, release=1),
        instruction("POST", count=rng.randint(1, 4), **flags, release=1),
        instruction("STORE", register=1, length=rng.randint(1, 8), release=1),
    ]
    between = [
        NOP,
        instruction("ADD", register=rng.randrange(2), value=rng.randint(-9, 9)),
        instruction("FILL", register=1, length=rng.randint(1, 20)),
        instruction("SET", unit=Unit.MVM, index=0, value=rng.randint(1, 4)),
        *[instruction("SIGNAL", unit=rng.choice(UNITS), counter=3)] * 2,
        instruction("WAIT", unit=rng.choice(UNITS), counter=3, count=2),
    ]
    body = [*position, *rng.sample(between[:4], 2), *rng.choice((between[4:], [])), *position]
    loops = rng.randint(0, 4)
    for _ in range(loops):
        body = [instruction("LOOP", count=rng.randint(1, 2), length=len(body) + 1), *body, NOP]
    return [*windows, *body, instruction("HALT")]


def test_what_the_simulator_does_is_possible(core: Core) -> None:
    coverage, retirements = Coverage(core), 0
    rng = random.Random(0)
    for _ in range(60):
        timing = time_program(core, lively_program(rng), trace=True)
        assert timing.issued == len(timing.trace)
        coverage.collect(of_trace(timing.trace, core))
        coverage.add_cause(timing.cause)
        retirements += timing.issued
    report = summarize(coverage)
    assert report.unexpected == ()
    assert coverage.retirements == report.retirements == retirements > 2000
    groups = {tally.name: tally for tally in report.groups}
    assert groups["queue at issue"].hit > 30
    assert groups["loop depth"].hit == groups["loop depth"].bins - sum(
        name.endswith(("SET", "HALT")) for name in report.missing["loop depth"]
    )
    assert Counter(name.split("/")[1] for name in coverage.met() if name.startswith("HALT/"))["waited"] == 1


def sets(unit: Unit, **registers: int) -> list[Instruction]:
    """SETs of the registers of these names, the first of each array."""
    return [instruction("SET", unit=unit, index=register(unit, n).index, value=v) for n, v in registers.items()]


def loops(*lengths: int, **operands: int) -> list[Instruction]:
    return [instruction("LOOP", length=length, **operands) for length in lengths]


NESTED = loops(4095, 40, 30, 20, count=65535)
MEMORY = 1024


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ([], ["HALT/first", "HALT/started at once"]),
        (NESTED[:1], ["LOOP/count=max/first", "LOOP/length=max/first", "loop depth 1 HALT"]),
        (NESTED, ["LOOP/count=max/after LOOP", "loop depth 4 HALT", "HALT/after LOOP"]),
        (
            [*loops(1, count=1), instruction("SIGNAL", unit=Unit.LOAD), *loops(4095, count=1)],
            ["LOOP/length=max/after LOOP"],
        ),
        (loops(1, host=1, count=9), ["LOOP/ignored count=not 0/first"]),
        (
            [
                *loops(1, count=255),
                instruction("SIGNAL", unit=Unit.STORE, counter=7),
                instruction("WAIT", unit=Unit.LOAD, counter=7, count=255),
            ],
            ["WAIT load/count=max/first", "SIGNAL store/counter=7/after SIGNAL", "HALT/waited"],
        ),
        (
            [*sets(Unit.SEQUENCER, SIZE=MEMORY), instruction("FILL", length=MEMORY)],
            ["SET sequencer/SIZE=other/first", "FILL/length=max/first"],
        ),
        (
            [*sets(Unit.SEQUENCER, SIZE=2047, BASE=2047, POSITION=2047), instruction("ADD", value=-4094)],
            ["SET sequencer/BASE=ones/after SET", "ADD/value=negative/after SET"],
        ),
        (sets(Unit.MVM, MACRO=(1 << 17) - 1), ["SET mvm/MACRO=ones/first", "SET mvm/MACRO.log2_gain=unusable/first"]),
    ],
)
def test_what_is_seldom_met_is_possible(core: Core, program: list[Instruction], names: list[str]) -> None:
    timing = time_program(core, [*program, instruction("HALT")], trace=True)
    assert timing.cause is Cause.NONE
    coverage = Coverage(core)
    coverage.collect(of_trace(timing.trace, core))
    assert [name for name in names if not coverage.count(name)] == []
    assert summarize(coverage).unexpected == ()
