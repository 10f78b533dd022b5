"""The scripted bench around a chip's Verilog, compiled and run."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, Protocol

from nngen.arch import Architecture, Core
from nngen.errors import ToolError
from nngen.hardware import CHIP_MODULE, STATE_BITS, TILE_MODULE, emit_rtl, simulation_files
from nngen.host import chip_map
from nngen.isa import Unit, retire_prefix
from nngen.sim.cosim._simulators import require
from nngen.sim.processes import ending, last_lines, run_watched
from nngen.templating import templates

from ._amaranth import simulate_in_amaranth
from ._cache import cached_build
from ._script import HostScript
from ._verilator import find_verilator, require_compression

SimulatorName = Literal["icarus", "verilator", "amaranth"]
CompilerName = Literal["icarus", "verilator"]
WaveFormat = Literal["", "fst", "vcd"]

_BENCH, _CLOCK = "nngen_bench", "nngen_clock"
_MAIN = "scripted_main.cpp"
_SCRIPT, _LOG, _OUTPUT, _COMPILE_OUTPUT = "script.txt", "log.txt", "simulation.log", "compile.log"
_PIECE = 1 << 20  # bytes of a log that are read at once
_LEAST_FREE = 1 << 16  # bytes; a simulator says nothing when it cannot write
_COMPILE_LIMIT_S = 7200.0
_WAVE_OPTIONS: dict[WaveFormat, tuple[str, ...]] = {"": (), "fst": ("--trace-fst",), "vcd": ("--trace-vcd",)}
_VERILATOR_OPTIONS = (
    "--cc", "--exe", "--build", "-O3", "--x-initial", "unique", "-Wno-fatal", "-Wno-lint", "-Mdir", "made",
    "--top-module", _BENCH, "-o", "bench", "-DNNGEN_JUNK",
)  # fmt: skip
# A chip of many tiles: their Verilog is compiled once, not once for each, and the loops of a macro stay loops. That the
# patterns of no multiplexer meet twice is asserted on small chips only: it takes a third of the time here.
_MANY_TILES = 4
_TILE_FILE = "tiles.vlt"
_MANY_TILES_OPTIONS = ("--hierarchical", "--unroll-count", "1", "--no-assert")
# What runs in each cycle is optimized, what runs once need not be.
_MAKE_OPTIONS = "OPT_FAST=-O3 OPT_SLOW=-O0 OPT_GLOBAL=-O1"
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
        """Return the log of a script; errors as in :meth:`follow`."""
        parts: list[bytes] = []
        with tempfile.TemporaryDirectory(prefix="nngen-bench-") as name:
            self.follow(script, Path(name), parts.append)
        return b"".join(parts).decode("ascii", "replace")

    def follow(
        self, script: HostScript, folder: Path, take: Callable[[bytes], None], *, waves: Path | None = None
    ) -> None:
        """Run a script, and hand its log over piece by piece while it grows.

        Parameters
        ----------
        script
            What the host does.
        folder
            For the files of the run; exists.
        take
            Receives the pieces; what it raises ends the simulator.
        waves
            File for the waves, where the bench was compiled for them.

        Raises
        ------
        ToolError
            The simulator broke off or took too long, with the end of what it printed; or the disk is full.
        """
        output = folder / _OUTPUT
        options = [f"+script={_SCRIPT}", f"+log={_LOG}", *([f"+waves={waves.absolute()}"] if waves else [])]
        with _disk(folder):
            (folder / _SCRIPT).write_text(script.text(), encoding="ascii")
            (folder / _LOG).touch()
            with (folder / _LOG).open("rb") as log:
                status = _started(
                    [*self.command, *options], self.simulator, folder=folder, output=output, limit_s=self.limit_s,
                    watch=lambda: _pass_on(log, take),
                )  # fmt: skip
        if status is None:
            raise ToolError(f"{self.simulator} must end its script within {self.limit_s:g} s, but has not")
        if status:
            raise ToolError(f"{self.simulator} must end its script, but {ending(status)}{last_lines(output)}")
        if shutil.disk_usage(folder).free < _LEAST_FREE:
            raise _disk_is_full(folder)


def _pass_on(log: BinaryIO, take: Callable[[bytes], None]) -> None:
    while piece := log.read(_PIECE):
        take(piece)


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    """Name the folder whose disk is full."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise _disk_is_full(folder) from error


def _disk_is_full(folder: Path) -> ToolError:
    return ToolError(
        f"disk of '{folder}' must have room for the files of a simulation, but is full; "
        "the environment variable TMPDIR names another folder for them"
    )


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
    return compile_bench(architecture.cores, simulator, sources)


def compile_bench(
    cores: Sequence[Core], simulator: CompilerName, sources: Mapping[str, str], *, waves: WaveFormat = ""
) -> CompiledSimulation:
    """Return the bench around the Verilog of a simulation build; what was compiled before comes from the cache.

    Parameters
    ----------
    cores
        Of the chip.
    simulator
        Which one.
    sources
        What it shall read, by file name.
    waves
        Format of the waves that it shall be able to write; Verilator only.

    Raises
    ------
    ToolError
        The simulator is not there, or does not compile the Verilog.
    """
    files = {**sources, "scripted_bench.v": bench_text(cores)}
    if simulator == "icarus":
        return _icarus(files)
    if waves == "fst":
        require_compression()
    many = (
        sum(core.macros for core in cores) >= _MANY_TILES and not waves
    )  # waves do not reach into what is compiled apart
    return _verilator(files, (*(_MANY_TILES_OPTIONS if many else ()), *_WAVE_OPTIONS[waves]))


def bench_text(cores: Sequence[Core]) -> str:
    """Return the bench's Verilog for a chip."""
    return templates("verilog").get_template("scripted_bench.v.j2").render(
        module=_BENCH,
        chip=CHIP_MODULE,
        address_bits=chip_map(cores).address_bits,
        retire_ports=[
            {"prefix": f"{retire_prefix(core, len(cores))}{unit}_", "core": core, "unit": code}
            for core in range(len(cores))
            for code, unit in enumerate(Unit)
        ],
        state_bits=STATE_BITS,
    )  # fmt: skip


def _icarus(sources: dict[str, str]) -> CompiledSimulation:
    require("icarus")
    sources["scripted_clock.v"] = _template("scripted_clock.v")

    def make(folder: Path) -> None:
        _compile(["iverilog", *_ICARUS_OPTIONS, *sorted(sources)], folder, "icarus")

    folder = cached_build("icarus", [*_ICARUS_OPTIONS, _version("iverilog")], sources, make)
    return CompiledSimulation(simulator="icarus", command=("vvp", "-n", str(folder / "bench.vvp")))


def _verilator(sources: dict[str, str], further: Sequence[str]) -> CompiledSimulation:
    verilator = find_verilator()
    sources[_MAIN] = _template(_MAIN)
    if "--hierarchical" in further:
        sources[_TILE_FILE] = _tile_configuration(sources)
    options = (*_VERILATOR_OPTIONS, *further)
    flags = f"{verilator.environment.get('MAKEFLAGS', '')} {_MAKE_OPTIONS}".strip()

    def make(folder: Path) -> None:
        jobs = ("-j", str(os.cpu_count() or 1))
        command = [verilator.program, *options, *jobs, *sorted(sources)]
        _compile(command, folder, "verilator", os.environ | verilator.environment | {"MAKEFLAGS": flags})
        (folder / "made" / "bench").rename(folder / "bench")
        shutil.rmtree(folder / "made")

    folder = cached_build("verilator", [*options, flags, verilator.version], sources, make)
    return CompiledSimulation(
        simulator="verilator", command=(str(folder / "bench"), "+verilator+rand+reset+2", "+verilator+seed+1")
    )


def _tile_configuration(sources: Mapping[str, str]) -> str:
    """Return what tells Verilator that tiles, of every kind of core, are compiled on their own."""
    kinds = sorted(name.removesuffix(".v") for name in sources if name.startswith(TILE_MODULE))
    return "\n".join(["`verilator_config", *(f'hier_block -module "{kind}"' for kind in kinds), ""])


def _compile(
    command: Sequence[str], folder: Path, simulator: str, environment: Mapping[str, str] | None = None
) -> None:
    """Compile in a folder, and leave nothing there of what the compiler said."""
    output = folder / _COMPILE_OUTPUT
    status = _started(
        command, simulator, folder=folder, output=output, limit_s=_COMPILE_LIMIT_S, environment=environment
    )
    if status is None:
        raise ToolError(f"{simulator} must compile the Verilog within {_COMPILE_LIMIT_S:g} s, but has not")
    if status:
        raise ToolError(f"{simulator} must compile the Verilog, but {ending(status)}{last_lines(output)}")
    output.unlink()


def _started(
    command: Sequence[str], simulator: str, *, folder: Path, output: Path, limit_s: float,
    environment: Mapping[str, str] | None = None, watch: Callable[[], None] = lambda: None,
) -> int | None:  # fmt: skip
    try:
        return run_watched(command, folder=folder, output=output, limit_s=limit_s, environment=environment, watch=watch)
    except (FileNotFoundError, PermissionError) as error:
        raise ToolError(f"{simulator} must be able to start '{command[0]}' ({type(error).__name__})") from error


def _version(program: str) -> str:
    answer = subprocess.run([program, "-V"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return answer.stdout.partition("\n")[0]


def _template(name: str) -> str:
    return templates("verilog").get_template(name).render()
