"""The scripted bench around a chip's Verilog, compiled and run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from nngen.arch import Architecture
from nngen.errors import ToolError
from nngen.hardware import CHIP_MODULE, STATE_BITS, TEMPLATES, emit_rtl, simulation_files
from nngen.host import register_map
from nngen.isa import Unit

from ._amaranth import simulate_in_amaranth
from ._cache import cached_build
from ._script import HostScript
from ._verilator import find_verilator

SimulatorName = Literal["icarus", "verilator", "amaranth"]

_BENCH, _CLOCK = "nngen_bench", "nngen_clock"
_MAIN = "scripted_main.cpp"
_SCRIPT, _LOG = "script.txt", "log.txt"
_LOG_LINES = 20
_VERILATOR_OPTIONS = (
    "--cc", "--exe", "--build", "-O3", "--x-initial", "unique", "-Wno-fatal", "-Wno-lint", "-Mdir", "made",
    "--top-module", _BENCH, "-o", "bench", "-CFLAGS", "-O3", "-DNNGEN_JUNK",
)  # fmt: skip
_ICARUS_OPTIONS = ("-g2012", "-DNNGEN_JUNK", "-s", _CLOCK, "-o", "bench.vvp")


class Simulation(Protocol):
    """A chip in a simulator, behind the scripted bench."""

    def run(self, script: HostScript) -> str:
        """Return the log of a script."""


@dataclass(frozen=True, kw_only=True)
class CompiledSimulation:
    """A compiled bench; it can be sent to another process.

    Parameters
    ----------
    simulator
        Its name.
    command
        What runs it.
    limit_s
        Seconds within which a run must end.
    """

    simulator: str
    command: tuple[str, ...]
    limit_s: float = field(default=1200.0)

    def run(self, script: HostScript) -> str:
        """Return the log of a script.

        Raises
        ------
        ToolError
            The simulator broke off or took too long; with the end of what it printed.
        """
        with tempfile.TemporaryDirectory(prefix="nngen-bench-") as name:
            folder = Path(name)
            (folder / _SCRIPT).write_text(script.text(), encoding="ascii")
            _execute([*self.command, f"+script={_SCRIPT}", f"+log={_LOG}"], folder, self.simulator, self.limit_s)
            log = folder / _LOG
            return log.read_text(encoding="ascii") if log.exists() else ""


@dataclass(frozen=True, kw_only=True)
class AmaranthSimulation:
    """A chip in Amaranth's own simulator: slow, but the design before it becomes Verilog."""

    architecture: Architecture

    def run(self, script: HostScript) -> str:
        """Return the log of a script."""
        return simulate_in_amaranth(self.architecture, script)


def open_simulation(
    architecture: Architecture, simulator: SimulatorName, *, files: Mapping[str, str] | None = None
) -> Simulation:
    """Return a chip in a simulator; what was compiled before comes from the cache.

    Parameters
    ----------
    architecture
        Of the chip.
    simulator
        Which one.
    files
        Verilog of its simulation build by file name; made from the architecture unless given. Amaranth's own simulator
        takes no Verilog.

    Raises
    ------
    ToolError
        The simulator is not there, or does not compile the Verilog.
    """
    if simulator == "amaranth":
        return AmaranthSimulation(architecture=architecture)
    files = emit_rtl(architecture, retire=True) if files is None else files
    sources = {name: files[name] for name in simulation_files(dict(files))}
    sources["scripted_bench.v"] = bench_text(architecture)
    if simulator == "verilator":
        return _verilator(sources)
    return _icarus(sources)


def bench_text(architecture: Architecture) -> str:
    """Return the bench's Verilog for a chip."""
    return _environment().get_template("scripted_bench.v.j2").render(
        module=_BENCH,
        chip=CHIP_MODULE,
        address_bits=register_map(architecture.core).address_bits,
        units=[str(unit) for unit in Unit],
        state_bits=STATE_BITS,
    )  # fmt: skip


def _icarus(sources: dict[str, str]) -> CompiledSimulation:
    for program in ("iverilog", "vvp"):
        if shutil.which(program) is None:
            raise ToolError(
                f"simulation with icarus needs the program '{program}', which is not on PATH: "
                "install it with 'apt-get install iverilog' ('nngen doctor' shows all tools)"
            )
    sources["scripted_clock.v"] = _template("scripted_clock.v")

    def make(folder: Path) -> None:
        _execute(["iverilog", *_ICARUS_OPTIONS, *sorted(sources)], folder, "icarus", None)

    folder = cached_build("icarus", [*_ICARUS_OPTIONS, _version("iverilog")], sources, make)
    return CompiledSimulation(simulator="icarus", command=("vvp", "-n", str(folder / "bench.vvp")))


def _verilator(sources: dict[str, str]) -> CompiledSimulation:
    verilator = find_verilator()
    sources[_MAIN] = _template(_MAIN)

    def make(folder: Path) -> None:
        jobs = ("-j", str(os.cpu_count() or 1))
        command = [verilator.program, *_VERILATOR_OPTIONS, *jobs, *sorted(sources)]
        _execute(command, folder, "verilator", None, verilator.environment)
        (folder / "made" / "bench").rename(folder / "bench")
        shutil.rmtree(folder / "made")

    folder = cached_build("verilator", [*_VERILATOR_OPTIONS, verilator.version], sources, make)
    return CompiledSimulation(
        simulator="verilator", command=(str(folder / "bench"), "+verilator+rand+reset+2", "+verilator+seed+1")
    )


def _execute(
    command: Sequence[str], folder: Path, simulator: str, limit_s: float | None,
    environment: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    try:
        done = subprocess.run(
            command, cwd=folder, env=os.environ | dict(environment or {}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=limit_s, check=False,
        )  # fmt: skip
    except OSError as error:
        raise ToolError(f"{simulator} must be able to start '{command[0]}' ({type(error).__name__})") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{simulator} must end its script within {limit_s:g} s, but has not") from error
    if done.returncode:
        lines = done.stdout.decode("utf-8", "replace").splitlines()[-_LOG_LINES:]
        raise ToolError("\n".join([f"{simulator} must end with status 0, not {done.returncode}; it says:", *lines]))


def _version(program: str) -> str:
    answer = subprocess.run([program, "-V"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return answer.stdout.partition("\n")[0]


def _template(name: str) -> str:
    return _environment().get_template(name).render()


def _environment() -> Environment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / "verilog"), undefined=StrictUndefined, keep_trailing_newline=True
    )
