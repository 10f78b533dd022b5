"""ngspice runs decks: what comes of them, how they fail, and what a process gets to see."""

from __future__ import annotations

import ctypes.util
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nngen.errors import InputError, ToolError
from nngen.sim.analog.spice import ENGINES, Engine, run

WriteDeck = Callable[..., Path]

RC = ("V1 in 0 dc 0 ac 1 pulse(0 1 0 1n 1n 1 2)", "R1 in out 1k", "C1 out 0 1u")
DIVIDER = ("V1 in 0 3", "R1 in out 1k", "R2 out 0 2k")


def test_a_capacitor_charges_as_the_formula_says(engine: Engine, write_deck: WriteDeck) -> None:
    deck = write_deck(*RC, ".options reltol=1e-6", ".tran 10u 5m 0 10u")
    vectors = run(deck, engine=engine).vectors
    assert set(vectors) == {"time", "v(in)", "v(out)", "i(v1)"}
    assert vectors["time"][-1] == pytest.approx(5e-3)
    assert np.allclose(vectors["v(out)"], 1 - np.exp(-vectors["time"] / 1e-3), rtol=0, atol=2e-5)


def test_an_operating_point_is_one_of_a_divider(engine: Engine, write_deck: WriteDeck) -> None:
    result = run(write_deck(*DIVIDER, ".op"), engine=engine)
    assert [plot.name for plot in result.plots] == ["Operating Point"]
    assert {name: vector.tolist() for name, vector in result.vectors.items()} == {
        "v(in)": [3.0],
        "v(out)": [pytest.approx(2.0)],
        "i(v1)": [pytest.approx(-1e-3)],
    }
    assert (result.deck, result.measures, result.failed_measures) == ("deck.cir", {}, ())


def test_several_analyses_are_several_plots(engine: Engine, write_deck: WriteDeck) -> None:
    result = run(write_deck(*RC, ".op", ".ac lin 3 100 300", ".dc V1 0 2 1"), engine=engine)
    assert {plot.name for plot in result.plots} == {"Operating Point", "AC Analysis", "DC transfer characteristic"}
    response = result.plot("AC Analysis").vectors
    omega = 2 * np.pi * np.array([100, 200, 300])
    assert response["v(out)"].dtype == np.complex128
    assert np.allclose(response["v(out)"], 1 / (1 + 1j * omega * 1e-3), rtol=1e-9)
    assert result.plot("DC transfer characteristic").vectors["v(out)"].tolist() == pytest.approx([0, 1, 2])
    with pytest.raises(InputError, match=r"^deck\.cir must have one analysis to be read without its name, not .*, .*$"):
        _ = result.vectors
    with pytest.raises(
        InputError, match=r"^the plot of deck\.cir must be one of .*, not 'AC Analysi'; did you mean 'AC Analysis'\?$"
    ):
        result.plot("AC Analysi")


def test_measures_are_numbers_and_failed_ones_are_named(engine: Engine, write_deck: WriteDeck) -> None:
    deck = write_deck(
        *RC,
        ".options reltol=1e-6",
        ".tran 10u 5m 0 10u",
        ".measure tran After find v(out) at=1m",
        ".measure tran half when v(out)=0.5",
        ".meas tran rise trig v(out) val=0.1 rise=1 targ v(out) val=0.9 rise=1",
        ".meas tran a_name_that_is_longer_than_its_column max v(out)",
        ".meas tran lowest min i(v1)",
        ".measure tran never when v(out)=2",
    )
    result = run(deck, engine=engine)
    assert result.measures == {
        "after": pytest.approx(1 - np.exp(-1), rel=1e-4),
        "half": pytest.approx(1e-3 * np.log(2), rel=1e-4),
        "rise": pytest.approx(1e-3 * np.log(9), rel=1e-4),
        "a_name_that_is_longer_than_its_column": pytest.approx(1 - np.exp(-5), rel=1e-4),
        "lowest": pytest.approx(-1e-3, rel=1e-2),
    }
    assert result.failed_measures == ("never",)


def test_includes_stand_in_the_deck_s_folder(
    engine: Engine, write_deck: WriteDeck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "A folder, of decks" / "inner"
    folder.mkdir(parents=True)
    (folder / "Low.inc").write_text("R2 out 0 2k\n")
    (folder.parent / "High.inc").write_text("R1 in out 1k\n")
    deck = write_deck("V1 in 0 3", ".include Low.inc", ".include ../High.inc", ".op")
    deck = deck.rename(folder / "My deck, with a name=.cir")
    monkeypatch.chdir(folder.parent)
    result = run(deck.relative_to(folder.parent), engine=engine)
    assert result.vectors["v(out)"] == pytest.approx(2.0)


def test_a_deck_with_commands_of_its_own_runs_once(engine: Engine, write_deck: WriteDeck) -> None:
    result = run(write_deck(*DIVIDER, ".op", ".control", "run", "echo good morning", ".endc"), engine=engine)
    assert result.vectors["v(out)"] == pytest.approx(2.0)
    assert "good morning" in result.log


def test_files_of_the_user_s_are_not_executed(
    engine: Engine, write_deck: WriteDeck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deck = write_deck(*DIVIDER, ".op")
    marker = tmp_path / "executed"
    (tmp_path / ".spiceinit").write_text(f"* init\nset filetype=ascii\nshell touch {marker}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SPICE_USERINIT_DIR", str(tmp_path))
    assert run(deck, engine=engine).vectors["v(out)"] == pytest.approx(2.0)
    assert not marker.exists()


def test_nothing_of_the_environment_gets_in_and_one_thread_runs(
    engine: Engine, write_deck: WriteDeck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_SECRET", "of mine")
    deck = write_deck(*DIVIDER, ".op", ".control", "shell env", "run", ".endc")
    log = run(deck, engine=engine).log
    assert "OMP_NUM_THREADS=1" in log
    assert "A_SECRET" not in log


def test_no_file_is_left(
    engine: Engine, write_deck: WriteDeck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    deck = write_deck(*DIVIDER, ".op", ".control", "run", "wrdata more v(out)", ".endc")
    run(deck, engine=engine)
    assert list(scratch.iterdir()) == []
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["deck.cir"]


FAILURES = {
    "voltages that contradict": (
        ["V1 a 0 1", "V2 a 0 2", "R1 a 0 1", ".op"],
        "Warning: singular matrix:  check node .*",
    ),
    "a node in the air": (["V1 a 0 1", "R1 a 0 1", "R2 b c 1", ".op"], "Warning: singular matrix:  check node [bc]"),
    "an unknown model": (["V1 a 0 1", "M1 a a 0 0 none", ".op"], "warning, can't find model 'none' from line"),
    "an unknown subcircuit": (["V1 a 0 1", "X1 a 0 none", ".op"], "Error: unknown subckt: x1 a 0 none"),
    "a missing include": (["V1 a 0 1", ".include none", ".op"], "Error: Could not find include file none"),
    "a missing source": (
        ["V1 a 0 1", "R1 a 0 1", ".op", ".dc V2 0 1 1"],
        'Fatal error: .* named "v2" is not in the .*',
    ),
    "an unknown command": (
        ["V1 a 0 1", "R1 a 0 1", ".op", ".control", "hello", ".endc"],
        "hello: no such command available in ngspice",
    ),
    "no analysis": (["V1 a 0 1", "R1 a 0 1"], "it has no analysis"),
    "nothing": ([], "it has no analysis"),
    "an end before the end": (
        ["V1 a 0 1", "R1 a 0 1", ".op", ".control", "quit", ".endc"],
        "it ended before its results were written",
    ),
    "a status": (["V1 a 0 1", "R1 a 0 1", ".op", ".control", "quit 3", ".endc"], "it ended with status 3"),
}


@pytest.mark.parametrize("kind", FAILURES)
def test_what_fails_is_an_error_with_the_log(kind: str, engine: Engine, write_deck: WriteDeck) -> None:
    lines, reason = FAILURES[kind]
    deck = write_deck(*lines)
    with pytest.raises(ToolError, match=rf"\Angspice failed on deck\.cir: {reason}\nits log ends:\n(.*\n){{0,19}}.+\Z"):
        run(deck, engine=engine)


def test_a_deck_without_end_is_killed_with_all_it_started(
    engine: Engine, write_deck: WriteDeck, tmp_path: Path, ends: Callable[[int], bool]
) -> None:
    pid = tmp_path / "pid"
    script = tmp_path / "sleep.sh"
    script.write_text(f"sleep 1000 & echo $! > {pid}")
    commands = (".control", f"shell sh {script}", ".endc")
    deck = write_deck("V1 a 0 sin(0 1 1g)", "R1 a 0 1", *commands, ".tran 1p 1", name="endless.cir")
    with pytest.raises(
        ToolError,
        match=r"^ngspice must be done with endless\.cir in 1\.5 seconds, and is not; allow it more"
        r"\nits log ends:\n(.*\n)*.*Circuit: \* a deck",
    ):
        run(deck, engine=engine, time_limit_s=1.5)
    assert ends(int(pid.read_text()))


def test_of_a_long_log_the_end_is_kept(engine: Engine, write_deck: WriteDeck) -> None:
    lines = [
        ".control",
        "let n = 0",
        "while n < 10000",
        f"echo {'much ' * 100}",
        "let n = n + 1",
        "end",
        "run",
        ".endc",
    ]
    result = run(write_deck(*DIVIDER, ".op", *lines), engine=engine)
    assert len(result.log) == 4 << 20
    assert result.vectors["v(out)"] == pytest.approx(2.0)


def test_a_log_that_would_fill_the_disk_ends_the_run(
    engine: Engine, write_deck: WriteDeck, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nngen.sim.analog.spice._run.LARGEST_OUTPUT", 1 << 20)
    deck = write_deck(*DIVIDER, ".op", ".control", "while 1", f"echo {'much ' * 40}", "end", ".endc")
    with pytest.raises(ToolError, match=r"^deck\.cir must print at most 1 MiB, not more\nits log ends:\n.*much much"):
        run(deck, engine=engine, time_limit_s=20)


def test_both_engines_give_the_same_bits(write_deck: WriteDeck) -> None:
    if shutil.which("ngspice") is None or ctypes.util.find_library("ngspice") is None:
        pytest.skip("make setup installs ngspice and libngspice0")
    models = ("M1 out in 0 0 nch w=2u l=1u", ".model nch nmos(level=1 vto=0.5 kp=200u)", "R3 out 0 10k", "V2 vdd 0 2")
    measure = ".measure tran low min v(out)"
    deck = write_deck(
        "R4 vdd out 10k", *models, *RC[:1], "C1 out 0 1p", ".op", ".ac dec 3 1 1g", ".tran 1n 1u", measure
    )
    one, other = (run(deck, engine=engine) for engine in ENGINES)
    assert [plot.name for plot in one.plots] == [plot.name for plot in other.plots]
    assert one.measures == other.measures != {}
    for mine, theirs in zip(one.plots, other.plots, strict=True):
        assert mine.vectors.keys() == theirs.vectors.keys()
        assert all(np.array_equal(mine.vectors[name], theirs.vectors[name]) for name in mine.vectors)


def test_without_ngspice_the_error_says_what_to_install(write_deck: WriteDeck, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    message = r"^ngspice must be installed to simulate decks; Debian's package is ngspice$"
    with pytest.raises(ToolError, match=message):
        run(write_deck(*DIVIDER, ".op"))


def test_without_libngspice_the_error_says_what_to_install(
    write_deck: WriteDeck, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = tmp_path / "job.py"
    job.write_text("raise SystemExit(69)")
    monkeypatch.setattr("nngen.sim.analog.spice._engines._LIBRARY_JOB", job)
    message = r"^libngspice must be installed to simulate decks in a library; Debian's package is libngspice0$"
    with pytest.raises(ToolError, match=message):
        run(write_deck(*DIVIDER, ".op"), engine="library")


def test_a_damaged_result_is_an_error_with_the_deck_s_name(
    engine: Engine, write_deck: WriteDeck, tmp_path: Path
) -> None:
    script = tmp_path / "damage.sh"
    script.write_text("echo nonsense > result.raw")
    deck = write_deck(*DIVIDER, ".op", ".control", f"shell sh {script}", ".endc")
    reason = r"raw file result\.raw must have a header of 'key: value', not 'nonsense'"
    message = rf"^ngspice failed on deck\.cir: {reason}\nits log ends:"
    with pytest.raises(ToolError, match=message):
        run(deck, engine=engine)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "librari"}, "engine must be one of binary, library, not 'librari'; did you mean 'library'?"),
        ({"time_limit_s": 0}, "time limit must be more than 0 seconds, not 0"),
        ({"time_limit_s": float("nan")}, "time limit must be more than 0 seconds, not nan"),
    ],
)
def test_options_that_mean_nothing_are_refused(options: dict[str, object], message: str, write_deck: WriteDeck) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        run(write_deck(*DIVIDER, ".op"), **options)


def test_a_deck_must_be_a_file_with_a_plain_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"^deck must be a file, not '{tmp_path}/none\.cir'$"):
        run(tmp_path / "none.cir")
    (tmp_path / "a'; shell b").touch()
    with pytest.raises(
        InputError,
        match=r"^the name of a deck must consist of letters, digits, spaces and _\.\+=,@-, not 'a'; shell b'$",
    ):
        run(tmp_path / "a'; shell b")
