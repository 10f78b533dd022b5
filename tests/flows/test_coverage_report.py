"""Functional coverage as people see it."""

import io
from pathlib import Path

import pytest
from rich.console import Console, RenderableType

from nngen.arch import read_architecture
from nngen.flows.coverage_report import coverage_table, markdown, problems, render, verdict
from nngen.isa import Cause, encode, instruction
from nngen.sim.verification.coverage import Coverage, CoverageReport, Tally, Waiver, summarize


@pytest.fixture(scope="module")
def coverage(repository: Path) -> Coverage:
    core = read_architecture(repository / "flows" / "architectures" / "micro.toml").core
    found = Coverage(core)
    found.add_cause(Cause.NONE)
    found.add_cause(Cause.ADDRESS, encode(instruction("ADD")))
    return found


@pytest.fixture(scope="module")
def report(coverage: Coverage) -> CoverageReport:
    return summarize(coverage, (Waiver(bins="NOP/*", reason="does | nothing"), Waiver(bins="MUL/*", reason="later")))


def printed(part: RenderableType) -> str:
    out = io.StringIO()
    Console(file=out, width=160).print(part)
    return out.getvalue()


def row(text: str, name: str) -> list[str]:
    """Return the cells behind a row's name."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return line.removeprefix(name).split()


def test_every_bin_is_in_one_group(report: CoverageReport) -> None:
    assert sum(tally.bins for tally in report.groups) == report.total.bins
    assert sum(tally.hit for tally in report.groups) == report.total.hit == 3
    assert sum(len(names) for names in report.missing.values()) == report.total.missing
    assert report.total.bins == report.total.hit + report.total.waived + report.total.missing


def test_a_row_a_group_and_a_row_an_instruction(report: CoverageReport) -> None:
    text = printed(coverage_table(report))
    causes = next(tally for tally in report.groups if tally.name == "causes")
    assert row(text, "causes") == [str(causes.bins), "3", "0", str(causes.bins - 3), f"{300 / causes.bins:.2f}", "%"]
    assert row(text, "NOP") == ["12", "0", "6", "6", "0.00", "%"]
    assert row(text, "ADD")[1] == "1"
    assert {"operands × predecessor", "queue at issue", "start", "loop depth"} <= {t.name for t in report.groups}
    assert len(report.instructions) == 15


def test_the_first_missing_bins_are_listed(report: CoverageReport) -> None:
    lines = list(problems(report, shown=2))
    assert lines[0] == "waiver[1].bins must match at least one bin of this core, not none as 'MUL/*' does"
    assert [line.split(": ")[0] for line in lines[1:]] == ["missing"] * 3
    assert lines[-1] == f"missing: {report.total.missing - 2:,} more"
    text = printed(render(report, shown=2))
    assert all(line in text for line in lines)
    assert text.splitlines()[0] == "functional coverage of 0 instructions"
    assert text.splitlines()[-1] == verdict(report)


def test_the_verdict_names_all_that_is_wrong(coverage: Coverage, report: CoverageReport) -> None:
    assert verdict(report) == f"NOT complete: {report.total.missing:,} missing, 1 waivers without use"
    wrong = Coverage(coverage.core)
    wrong.add_cause(Cause.ILLEGAL, encode(instruction("NOP")))
    judged = summarize(wrong)
    assert verdict(judged) == f"NOT complete: {judged.total.missing:,} missing, 1 impossible but seen"
    assert next(problems(judged)) == "impossible, but seen 1 times: cause ILLEGAL without a reason"


def test_a_complete_report_says_so() -> None:
    done = Tally(name="all", bins=2, hit=1, waived=1)
    report = CoverageReport(
        retirements=1000,
        total=done,
        groups=(),
        instructions=(),
        missing={},
        waived=(("NOP/first", "not needed"),),
        unexpected=(),
        stale=(),
    )
    assert report.complete
    assert verdict(report) == "every bin was met that must be"
    assert list(problems(report)) == []
    assert row(printed(coverage_table(report)), "all") == ["2", "1", "1", "0", "100.00", "%"]


def test_the_page_holds_the_same(report: CoverageReport) -> None:
    page = markdown(report, shown=1)
    assert page.startswith(f"# Functional coverage\n\n0 instructions. {verdict(report)}\n")
    assert "| group | bins | hit | waived | missing | covered |\n" in page
    assert "| NOP | 12 | 0 | 6 | 6 | 0.00 % |\n" in page
    assert f"- missing: {report.total.missing - 1:,} more\n" in page
    assert "| NOP/first | does \\| nothing |\n" in page
