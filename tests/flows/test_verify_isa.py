"""``nngen verify-isa``: exit status, tables, files, and a failure that its own command shows again."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nngen.errors import InputError
from nngen.flows import verify_isa as flow
from nngen.flows.cli import app
from nngen.sim.verification.faults import HARDWARE_FAULTS, faulty_rtl

Run = Callable[..., Result]
QUICK = ("--simulator", "verilator", "--jobs", "1", "--runs", "2")


@pytest.fixture
def run(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("COLUMNS", "200")
    micro = str(repository / "flows" / "architectures" / "micro.toml")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["verify-isa", "--arch", micro, *arguments])

    return run


def test_a_good_chip(run: Run, tmp_path: Path) -> None:
    files = [tmp_path / "result.json", tmp_path / "coverage.md"]
    result = run(*QUICK, "--instructions", "2000", "--json", str(files[0]), "--coverage", str(files[1]))
    assert result.exit_code == 0, result.output
    assert "hardware and simulator are equal at every retirement" in result.output
    found = json.loads(files[0].read_text())
    assert found["schema"] == "nngen/isa-verification/1"
    assert found["equal"] is True
    assert found["random"]["instructions"] >= 2000
    assert found["directed"]["programs"] >= 150
    assert set(found["random"]["by_unit"]) == {"sequencer", "load", "mvm", "post", "store", "vec"}
    assert "loop depth" in files[1].read_text()


def test_a_chip_of_several_cores_is_refused(repository: Path) -> None:
    duo = repository / "flows" / "architectures" / "duo.toml"
    with pytest.raises(InputError) as caught:
        flow.verify_isa(duo)
    assert str(caught.value) == (
        "verify-isa tests a chip of one core, 'duo' has 2: give it a copy of the file with one of the [[core]] tables, "
        "without count; what cores do together is compared by nngen verify"
    )


def test_missing_coverage_fails_where_it_is_asked_for(run: Run) -> None:
    assert run(*QUICK, "--instructions", "1000", "--no-directed", "--complete").exit_code == 1


def test_a_failure_is_shown_with_the_command_that_repeats_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    fault = next(fault for fault in HARDWARE_FAULTS if fault.name == "address wrap")
    monkeypatch.setattr(flow, "emit_rtl", lambda chip, retire: faulty_rtl(chip, fault))
    result = run(*QUICK, "--instructions", "50000", "--no-directed", "--seed", "1")
    assert result.exit_code == 1
    shown = result.output
    assert re.search(r"random program \d+ \(random \d+\) differs; shrunk from \d+ to \d+ instructions", shown)
    assert re.search(r"simulator  cycle +\d+  \w+ +\d+: [A-Z]+ ", shown)
    assert re.search(r"hardware   (cycle +\d+  \w+ +\d+: [A-Z]+ |nothing more)", shown)
    assert re.search(r"^> +\d+  [A-Z]+ ", shown, re.MULTILINE)
    command = re.search(r"to see it again: nngen verify-isa --arch \S+ (.*)", shown)
    assert command is not None
    again = run(*command.group(1).split())
    assert again.exit_code == 1
    assert again.output[again.output.index("retirement") :] == shown[shown.index("retirement") :]


def test_one_program_again_with_waves(run: Run, tmp_path: Path) -> None:
    waves = tmp_path / "waves.vcd"
    result = run(*QUICK, "--program", "3", "--waves", str(waves))
    assert result.exit_code == 0, result.output
    assert waves.stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--waves", "x.vcd"), "Invalid value for --waves: needs --program"),
        (("--simulator", "verilog"), "'verilog' is not one of 'icarus', 'verilator', 'amaranth'"),
        (("--json", "/nowhere/x.json"), "/nowhere"),
    ],
)
def test_bad_options(run: Run, arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert sentence in re.sub(r"\s*│?\n│?\s*", " ", result.output)


def test_a_bad_architecture_file(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["verify-isa", "--arch", str(tmp_path / "absent.toml")])
    assert result.exit_code == 2
    assert "absent.toml" in result.output
