"""Waivers: read from a file, meant for some cores, and useless ones found out."""

from pathlib import Path

import pytest

from nngen.arch import Core
from nngen.errors import InputError
from nngen.isa import instruction
from nngen.sim.verification.coverage import Coverage, CoverageReport, Waiver, read_waivers, summarize

from .entries import log, retired

HEADING = 'schema = "nngen/waivers/1"\n'


def judged(core: Core, *waivers: Waiver) -> CoverageReport:
    """The report of a core that executed three NOPs."""
    coverage = Coverage(core)
    coverage.collect(log(*[retired(instruction("NOP"))] * 3))
    return summarize(coverage, waivers)


def read(folder: Path, text: str) -> tuple[Waiver, ...]:
    path = folder / "waivers.toml"
    path.write_text(text, encoding="utf-8")
    return read_waivers(path)


def test_a_waived_bin_is_not_missing(core: Core) -> None:
    report = judged(core, Waiver(bins="NOP/after [!N]*", reason="because"), Waiver(bins="NOP/after SET", reason="too"))
    nop = next(tally for tally in report.instructions if tally.name == "NOP")
    before = next(tally for tally in judged(core).instructions if tally.name == "NOP")
    assert report.waived == tuple((f"NOP/after {name}", "because") for name in ("SET", "ADD", "LOOP"))
    assert (nop.waived, nop.missing, nop.hit, nop.bins) == (3, before.missing - 3, before.hit, before.bins)
    assert not any(name.startswith("NOP/after") for names in report.missing.values() for name in names)
    assert report.stale == ()


def test_a_waiver_for_no_bin_is_stale(core: Core) -> None:
    report = judged(core, Waiver(bins="NOP/after ADD", reason="a"), Waiver(bins="MUL/*", reason="b"))
    assert report.stale == ("waiver[1].bins must match at least one bin of this core, not none as 'MUL/*' does",)
    assert not report.complete


def test_a_waiver_for_what_cannot_happen_is_stale(core: Core) -> None:
    report = judged(core, Waiver(bins="ADD/*/first", reason="a"))
    assert report.stale == ("waiver[0].bins must match at least one bin of this core, not none as 'ADD/*/first' does",)


def test_a_waiver_for_what_was_met_is_stale(core: Core) -> None:
    report = judged(core, Waiver(bins="NOP/first", reason="a"), Waiver(bins="NOP/*", reason="b"))
    assert report.stale == (
        "waiver[0].bins must match only bins that are not met, not 'NOP/first'",
        "waiver[1].bins must match only bins that are not met, not 'NOP/first' and 2 more",
    )
    assert dict(report.waived)["NOP/after SET"] == "b"


def test_a_waiver_is_for_cores_of_some_sizes(core: Core, tmp_path: Path) -> None:
    (few, many, rows) = read(
        tmp_path,
        HEADING
        + '[[waiver]]\nbins = "MUL"\nreason = "few"\nwhere = { macros = { at_most = 2 } }\n'
        + '[[waiver]]\nbins = "MUL"\nreason = "many"\nwhere = { macros = { at_least = 3, at_most = 3 } }\n'
        + '[[waiver]]\nbins = "MUL"\nreason = "rows"\n'
        + 'where = { macros = { at_least = 1 }, "macro.rows" = { at_least = 17 } }\n',
    )
    assert [waiver.applies(core) for waiver in (few, many, rows)] == [False, True, False]
    assert judged(core, few, rows).stale == ()
    assert len(judged(core, few, many).stale) == 1


def test_the_waivers_of_the_nightly_runs_can_be_read() -> None:
    assert isinstance(read_waivers(), tuple)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "waivers.toml: schema must be given"),
        (
            HEADING.replace("1", "2"),
            "waivers.toml: schema must be 'nngen/waivers/1', not 'nngen/waivers/2'; did you mean 'nngen/waivers/1'?",
        ),
        (
            HEADING + '[[waivers]]\nbins = "a"\n',
            "waivers.toml: waivers is not a known key; did you mean 'waiver'?",
        ),
        (HEADING + '[[waiver]]\nbins = "a"\n', "waivers.toml: waiver[0].reason must be given"),
        (HEADING + '[[waiver]]\nbins = "a"\nreason = " "\n', "waivers.toml: waiver[0].reason must not be empty"),
        (HEADING + '[[waiver]]\nbins = ""\nreason = "b"\n', "waivers.toml: waiver[0].bins must not be empty"),
        (
            HEADING + '[[waiver]]\nbins = "a"\nreason = "b"\nbecause = "c"\n',
            "waivers.toml: waiver[0].because is not a known key; known are bins, reason, where",
        ),
        (
            HEADING + '[[waiver]]\nbins = "a"\nreason = "b"\nwhere = { "macro.row" = { at_most = 1 } }\n',
            "waivers.toml: waiver[0].where must name parameters of a core, not 'macro.row'; did you mean 'macro.rows'?",
        ),
        (
            HEADING + '[[waiver]]\nbins = "a"\nreason = "b"\nwhere = { macros = {} }\n',
            "waivers.toml: waiver[0].where.macros must have at_least, at_most or both",
        ),
        (
            HEADING + '[[waiver]]\nbins = "a"\nreason = "b"\nwhere = { macros = { at_most = "2" } }\n',
            "waivers.toml: waiver[0].where.macros.at_most must be a whole number, not '2'",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_a_reason(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(InputError) as error:
        read(tmp_path, text)
    assert str(error.value) == expected


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_waivers(tmp_path / "none.toml")
    assert str(error.value) == f"waiver file '{tmp_path / 'none.toml'}' does not exist"
