"""The command line: help, version, exit status, and what becomes of errors."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from nngen import __version__
from nngen.errors import BuildError
from nngen.flows import cli, doctor, inspect

COMMANDS = (
    *("inspect", "build", "simulate", "evaluate", "verify", "report"),
    *("arch", "cells", "isa", "netlist", "doctor", "demo"),
)
GROUPS = ("arch", "cells", "isa", "netlist")
LEAVES = (
    *(name for name in COMMANDS if name not in GROUPS),
    *("arch suggest", "isa manual", "isa assemble", "isa disassemble"),
    *("cells list", "cells check", "cells curve", "netlist trim", "netlist check"),
)


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def nngen(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nngen.flows.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


def test_help_names_every_command() -> None:
    result = run("--help")
    assert result.exit_code == 0
    assert [name for name in COMMANDS if f" {name} " not in result.stdout] == []


@pytest.mark.parametrize("command", LEAVES)
def test_the_help_of_every_command_has_an_example(command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"Example: nngen {command}" in " ".join(result.stdout.split())


def test_the_version_answers_at_once_and_imports_nothing_heavy() -> None:
    times = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        result = nngen("--version")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        times.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        assert result.stdout == f"nngen {__version__}\n"
    assert min(times) < 0.3  # of processor time: other tests run beside this one
    code = "import sys; from nngen.flows import cli; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"numpy", "onnx", "onnxruntime", "pydantic", "amaranth", "cocotb", "rich.table"} & set(loaded) == set()


@pytest.mark.parametrize("arguments", [("nix",), ("build",), ("simulate", "out", "--level", "nix"), ("--nix",)])
def test_a_wrong_command_line_is_bad_input(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> Result:
    def fail() -> None:
        raise error

    monkeypatch.setattr(doctor, "examine", fail)
    return run("doctor")


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (BuildError("build 'out' is broken"), 2, "nngen: build 'out' is broken\n"),
        (BuildError("name \x1b[2J\r"), 2, "nngen: name \\x1b[2J\\r\n"),
        (PermissionError(13, "Permission denied", "file"), 2, "nngen: 'file': Permission denied\n"),
        (OSError(28, "No space left on device"), 2, "nngen: No space left on device\n"),
        (MemoryError(), 2, "nngen: not enough memory\n"),
        (KeyboardInterrupt(), 130, "nngen: interrupted\n"),
    ],
)
def test_errors_become_one_message_on_standard_error(
    error: BaseException, status: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = fail_with(error, monkeypatch)
    assert (result.exit_code, result.stderr, result.stdout) == (status, message, "")


def test_a_fault_of_nngen_itself_is_not_dressed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    result = fail_with(ZeroDivisionError("a bug"), monkeypatch)
    assert isinstance(result.exception, ZeroDivisionError)


def test_a_closed_pipe_ends_quietly() -> None:
    command = f"'{sys.executable}' -m nngen.flows.cli isa manual | head -c 10"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("# The inst", "")


def test_the_doctor_ends_with_2_where_something_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("doctor").exit_code == 0
    monkeypatch.setenv("PATH", str(tmp_path))
    result = run("doctor")
    assert result.exit_code == 2
    assert "apt-get install iverilog" in result.stdout


def test_isa_commands_write_to_the_terminal_or_a_file(tmp_path: Path) -> None:
    assert run("isa", "manual").stdout.startswith("# The instruction set")
    source, image = tmp_path / "p.asm", tmp_path / "p.hex"
    source.write_text("NOP\nHALT\n")
    assert run("isa", "assemble", source, "-o", image).stdout == ""
    assert run("isa", "assemble", source).stdout == image.read_text()
    assert "HALT" in run("isa", "disassemble", image).stdout


def test_main_is_the_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["nngen", "--version"])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert caught.value.code == 0


def test_the_stand_ins_are_the_modules() -> None:
    assert cli.inspect_flow.describe is inspect.describe
    assert issubclass(cli.ErrorsAsMessages, typer.core.TyperGroup)
