"""Whatever differs between log and expectation is seen, in the run it belongs to."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Core, read_architecture
from nngen.sim.cosim.scripted import Kind, ParsedLog, open_simulation, parse_log
from nngen.sim.verification.lockstep import (
    RETIREMENT,
    Case,
    Expectation,
    Log,
    Mismatch,
    Session,
    compare,
    expect,
)
from nngen.sim.verification.programs import memory_image, random_program


@dataclass
class Compared:
    core: Core
    cases: list[Case]
    expectations: list[Expectation]
    session: Session
    log: ParsedLog

    def first(self, entries: Log, problem: str = "") -> Mismatch | None:
        """Return the first difference of a log."""
        parsed = ParsedLog(entries=entries, problem=problem)
        found = (mismatch for _, mismatch in compare(parsed, self.session.plans, self.expectations))
        return next((mismatch for mismatch in found if mismatch is not None), None)


@pytest.fixture(scope="module")
def compared(repository: Path) -> Compared:
    """Two programs: one with a reset and two runs, one with a run beside host traffic."""
    architecture = read_architecture(repository / "flows" / "architectures" / "micro.toml")
    core = architecture.core
    plain = [
        Case(program=random_program(core, seed=seed, length=60), memory=memory_image(core, seed=seed, samples=2),
             stall_seeds=(0, 77))
        for seed in (1, 2)
    ]  # fmt: skip
    cases = [replace(plain[0], reset_after=120), replace(plain[1], traffic_seed=5)]
    session = Session(core)
    expectations = [expect(core, case) for case in cases]
    for case, expectation in zip(cases, expectations, strict=True):
        session.add(case, expectation)
    log = parse_log(open_simulation(architecture, "icarus").run(session.script))
    return Compared(core=core, cases=cases, expectations=expectations, session=session, log=log)


def test_the_real_log_is_as_expected(compared: Compared) -> None:
    assert compared.first(compared.log.entries) is None
    kinds = set(compared.log.entries["kind"].tolist())
    assert kinds == {Kind.RETIRE, Kind.READ, Kind.REFUSED, Kind.INTERRUPT, Kind.RESET, Kind.END}


@pytest.mark.parametrize("column", ["cycle", "unit", "pc", "digest", "word"])
@pytest.mark.parametrize("which", [3, -40])
def test_a_retirement_that_differs_in_anything_is_seen(compared: Compared, column: str, which: int) -> None:
    entries = compared.log.entries.copy()
    retired = np.flatnonzero(entries["kind"] == Kind.RETIRE)
    entries[column][retired[which]] ^= 1
    mismatch = compared.first(entries)
    assert mismatch is not None
    assert mismatch.what == RETIREMENT
    assert mismatch.place is not None
    assert mismatch.found[mismatch.place] != mismatch.expected[mismatch.place]


def test_a_retirement_that_is_missing_or_too_many_is_seen(compared: Compared) -> None:
    entries = compared.log.entries
    last = int(np.flatnonzero(entries["kind"] == Kind.RETIRE)[-1])
    for changed in (np.delete(entries, last), np.insert(entries, last, entries[last])):
        mismatch = compared.first(changed)
        assert mismatch is not None
        assert (mismatch.case, mismatch.run) == (1, 1)
        assert mismatch.place == min(len(mismatch.expected), len(mismatch.found))


def test_the_part_before_a_reset_is_compared(compared: Compared) -> None:
    entries = compared.log.entries.copy()
    entries["digest"][int(np.flatnonzero(entries["unit"][entries["kind"] == Kind.RETIRE] == 1)[0])] ^= 1
    mismatch = compared.first(entries)
    assert mismatch is not None
    assert (mismatch.case, mismatch.run) == (0, -1)


def change(kind: Kind, place: int, column: str, value: int) -> Callable[[Log], Log]:
    def apply(entries: Log) -> Log:
        changed = entries.copy()
        changed[column][np.flatnonzero(changed["kind"] == kind)[place]] = value
        return changed

    return apply


@pytest.mark.parametrize(
    ("apply", "what"),
    [
        (change(Kind.READ, 0, "digest", 3), "CAUSE must be 0, not 3"),
        (change(Kind.READ, 1, "digest", 9), "CAUSE_PC must be 0, not 9"),
        (change(Kind.READ, 3, "digest", 1), r"EVENT_INSTRUCTIONS must be \d+, not 1"),
        (change(Kind.READ, 0, "unit", 2), "host's read of CAUSE must be answered with 0, not 2"),
        (change(Kind.READ, 0, "word", 4), "host must read CAUSE, but the log has another entry"),
        (change(Kind.READ, -1, "digest", 7), r"byte 0x3fc of activation memory must be \d+, not 7"),
        (
            change(Kind.INTERRUPT, 1, "kind", Kind.TIMEOUT),
            "the interrupt must rise at the end of the program, but does not",
        ),
        (change(Kind.RESET, 0, "kind", Kind.TIMEOUT), "the chip must be reset"),
        (
            change(Kind.REFUSED, 0, "word", 0),
            r"writes refused while the core runs must be \[\d+\], not \[0\]",
        ),
        (
            lambda entries: entries[entries["kind"] != Kind.REFUSED],
            r"writes refused while the core runs must be \[\d+\], not \[\]",
        ),
    ],
)
def test_what_the_host_sees_is_compared(compared: Compared, apply: Callable[[Log], Log], what: str) -> None:
    mismatch = compared.first(apply(compared.log.entries))
    assert mismatch is not None
    with pytest.raises(AssertionError, match=f"^{what}$"):
        raise AssertionError(mismatch.what)


def test_a_log_that_breaks_off_is_seen_where_it_does(compared: Compared) -> None:
    entries = compared.log.entries
    last = int(np.flatnonzero(entries["kind"] == Kind.RETIRE)[-1])
    mismatch = compared.first(entries[:last], problem="line 9 must be known")
    assert mismatch is not None
    assert (mismatch.case, mismatch.run, mismatch.what) == (1, 1, "line 9 must be known")
    assert mismatch.place == len(mismatch.found) == len(mismatch.expected) - 1
    cut = compared.first(entries[:last])
    assert cut is not None
    assert cut.what == "the log must tell the whole run"
