"""A build loaded once, and its network on each of the three models of the machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as Arrays
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture, Core
from nngen.bundle import RTL_FOLDER, RTL_SIM_FOLDER, BuildDirectory
from nngen.errors import InputError
from nngen.hardware import CHIP_MODULE, simulation_files
from nngen.host import tensor_addresses, tensor_bytes, tensor_codes
from nngen.ir import CoreProgram, LayerSchedule, Mapping, MatrixSchedule, Network, Program, Region, Schedule
from nngen.isa import chip_events
from nngen.netlist.macro import MacroNetlist, macro_netlist
from nngen.sim.cosim import CycleOf, RetireTrace, RtlJob, RtlResult, simulate_rtl
from nngen.sim.cosim.scripted import simulate_scripted
from nngen.sim.golden import GoldenMachine, run_golden
from nngen.sim.iss import StoreTimes, Timing, execute_chip, run_chip

from .batches import Batches
from .progress import Progress, quiet

__all__ = ["IssResult", "Machine", "RtlSimulator"]

ByteArray = npt.NDArray[np.uint8]
IntArray = npt.NDArray[np.int64]
Codes = Arrays[str, IntArray]
RtlSimulator = Literal["icarus", "verilator"]

MEMORY_AT_ONCE = 256 << 20  # bytes of activation memories that the instruction set simulator works on together
_COMPILING: dict[RtlSimulator, str] = {
    "icarus": "compiling the Verilog",
    "verilator": "compiling the Verilog with Verilator: minutes, but once for each chip",
}


@dataclass(frozen=True, kw_only=True)
class IssResult:
    """What the instruction set simulator says.

    Parameters
    ----------
    outputs
        Codes by tensor, shape ``(samples, height, width, channels)``.
    timings
        Cycles and events of every core, the same for every sample.
    """

    outputs: dict[str, IntArray]
    timings: tuple[Timing, ...]

    @property
    def events(self) -> dict[str, int]:
        """Events of the whole chip."""
        return chip_events([timing.events for timing in self.timings])


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A build with its files read.

    Parameters
    ----------
    build
        The directory.
    architecture, network, mapping, schedule
        What it holds.
    program
        Of all its cores.
    verilog
        Folder of Verilog that is simulated in place of the build's; None: the build's.
    """

    build: BuildDirectory
    architecture: Architecture
    network: Network
    mapping: Mapping
    schedule: Schedule
    program: Program
    verilog: Path | None = None

    @classmethod
    def open(cls, path: Path, *, verilog: Path | None = None) -> Machine:
        """Read a build directory; ``verilog`` as in :meth:`of`.

        Raises
        ------
        NngenError
            Names the file that is missing, damaged, or made for another architecture.
        """
        return cls.of(BuildDirectory.open(path), verilog=verilog)

    @classmethod
    def of(cls, build: BuildDirectory, *, verilog: Path | None = None) -> Machine:
        """Read what a build holds.

        Parameters
        ----------
        build
            The directory.
        verilog
            Folder of Verilog to simulate in place of the build's: a copy of its ``rtl_sim/``, changed.

        Raises
        ------
        NngenError
            As :meth:`open`; or the folder holds something else.
        """
        if verilog is not None:
            check_simulation_build(verilog)
        architecture = build.architecture()
        return cls(
            build=build,
            architecture=architecture,
            network=build.network(),
            mapping=build.mapping(),
            schedule=build.schedule(),
            program=build.program(architecture),
            verilog=verilog,
        )

    @property
    def cores(self) -> tuple[Core, ...]:
        """Every core in numbers."""
        return self.architecture.cores

    @property
    def core(self) -> Core:
        """The first core: its macro and the words of its memory are those of all."""
        return self.architecture.core

    @property
    def output_tensors(self) -> tuple[str, ...]:
        """Names of the tensors that the host reads."""
        return tuple(dict.fromkeys(end.tensor for end in self.network.outputs))

    def regions(self, tensor: str) -> dict[int, Region]:
        """Where a tensor lives, by core: it has a copy in every core that works with it."""
        return {
            scheduled.core: region
            for scheduled in self.schedule.cores
            for region in scheduled.regions
            if region.tensor == tensor
        }

    def parts(self, layer: str) -> list[tuple[Core, LayerSchedule]]:
        """The cores that work for a layer, and what each does: its partial sums over cores are work for it, too."""
        return [(core, one) for number, core in enumerate(self.cores) for one in self.parts_on(layer, number)]

    def parts_on(self, layer: str, core: int) -> list[LayerSchedule]:
        """What one core does for a layer."""
        return [
            one
            for one in self.schedule.cores[core].layers
            if layer == one.layer or (isinstance(one, MatrixSchedule) and layer == one.partial_sums_of)
        ]

    @property
    def places(self) -> int:
        """Inferences of a start: more than one in a pipeline."""
        return self.schedule.inferences or 1

    def home(self, tensor: str) -> tuple[int, Region]:
        """The first core that holds a tensor, and where in its memory."""
        return next(iter(self.regions(tensor).items()))

    def netlist(self, conversions: Sequence[int] | None = None) -> MacroNetlist:
        """Return the netlist of the macros, or of some columns of one."""
        return macro_netlist(self.architecture, conversions=conversions)

    def golden(self, inputs: Codes) -> dict[str, IntArray]:
        """Return the codes of every tensor, as matrix products with the macros' conversions."""
        return run_golden(self.network, inputs, machine=GoldenMachine(core=self.core, mapping=self.mapping))

    def iss(self, inputs: Codes, *, programs: Sequence[CoreProgram] = (), tensors: tuple[str, ...] = ()) -> IssResult:
        """Run the programs, or others, on the instruction set simulator, and read some tensors (the outputs)."""
        programs = programs or self.program.cores
        tensors = tensors or self.output_tensors
        batches = Batches.of(inputs, self.places)
        at_once = max(1, MEMORY_AT_ONCE // sum(core.activation_bytes for core in self.cores))
        first = run_chip(self.cores, programs, self.memories(inputs, slice(0, at_once)), host_loop_count=self.places)
        memories = [first.memories]
        for begin in range(at_once, batches.starts, at_once):
            more = self.memories(inputs, slice(begin, begin + at_once))
            memories.append(execute_chip(self.cores, programs, more, host_loop_count=self.places))
        codes = {
            place: self._codes(memories, name, core, region.slot(number))
            for name in tensors
            for core, region in [self.home(name)]
            for number, place in enumerate(batches.names(name))
        }
        return IssResult(outputs=batches.joined(codes, tensors), timings=first.timings)

    def iss_retirements(self, inputs: Codes) -> tuple[Timing, ...]:
        """Return the timing of every core for the first start, with every retirement and its digest."""
        memories = self.memories(inputs, slice(0, 1))
        chip = run_chip(self.cores, self.program.cores, memories, host_loop_count=self.places, digests=True)
        return chip.timings

    def store_cycles(self, timings: Sequence[Timing]) -> CycleOf:
        """Return a function that says in which cycle a layer stored the code of a (tensor, y, x, channel).

        In a pipeline none is known: places of memory serve inference after inference.
        """
        layers = {layer.output: layer.name for layer in self.network.layers}
        times: list[StoreTimes] = []  # made once somebody asks

        def cycle(name: str, y: int, x: int, channel: int) -> int | None:
            if name not in layers or self.places > 1:
                return None
            if not times:
                parts = zip(self.cores, self.program.cores, timings, strict=True)
                times.extend(StoreTimes(core, program, timing) for core, program, timing in parts)
            tensor, (_, region) = self.network.tensors[name], self.home(name)
            address = int(tensor_addresses(region, tensor)[y, x, channel * tensor.element_bytes])
            found = [
                one.cycle(address, program.layer_ranges[layers[name]])
                for one, program in zip(times, self.program.cores, strict=True)
                if layers[name] in program.layer_ranges
            ]
            return max((at for at in found if at is not None), default=None)

        return cycle

    def rtl(
        self,
        inputs: Codes,
        *,
        simulator: RtlSimulator = "icarus",
        tensors: tuple[str, ...] = (),
        waves: Path | None = None,
        retired: Callable[[RetireTrace], None] | None = None,
        progress: Progress = quiet,
    ) -> RtlResult:
        """Run the Verilog in a simulator.

        Parameters
        ----------
        inputs
            Codes by tensor.
        simulator
            Icarus runs what is delivered, under cocotb; Verilator its simulation build, on the scripted bench.
        tensors
            To read; the outputs unless given.
        waves
            File for the waves.
        retired
            Receives the retirements of the first start, part by part; Icarus, too, then runs the simulation build.
        progress
            Told what comes next.
        """
        progress(_COMPILING[simulator])
        tensors = tensors or self.output_tensors
        batches = Batches.of(inputs, self.places)
        used = {name: batches.names(name) for name in (*inputs, *tensors)}
        job = RtlJob(
            sources=self._sources(RTL_FOLDER if simulator == "icarus" and retired is None else RTL_SIM_FOLDER),
            cores=self.cores,
            architecture_sha256=self.architecture.sha256,
            programs=self.program.cores,
            inputs=batches.divided(inputs),
            outputs=tuple(place for name in tensors for place in batches.names(name)),
            tensors={place: self.network.tensors[name] for name, places in used.items() for place in places},
            regions={
                place: {core: region.slot(number) for core, region in self.regions(name).items()}
                for name, places in used.items()
                for number, place in enumerate(places)
            },
            loop_count=self.schedule.inferences,
            seed=self.build.manifest.seed,
            trace=retired is not None,
            traced=1,
            waves=waves,
        )

        def show(done: int, total: int) -> None:
            samples = min(done * self.places, batches.samples)
            progress(f"simulating the Verilog: {samples} of {batches.samples} samples")

        if simulator == "verilator":
            result = simulate_scripted(job, retired=retired, progress=show)
        else:
            result = simulate_rtl(job, progress=show)
            if retired is not None and result.trace is not None:
                retired(result.trace)
        return replace(result, outputs=batches.joined(result.outputs, tensors))

    def _sources(self, folder: str) -> tuple[Path, ...]:
        found = self.build.verilog(folder) if self.verilog is None else sorted(self.verilog.glob("*.v"))
        files = {path.name: path for path in found}
        return tuple(files[name] for name in simulation_files(dict.fromkeys(files, "")))

    def memories(self, inputs: Codes, starts: slice = slice(None)) -> tuple[ByteArray, ...]:
        """Return the activation memory of every core with the inputs in place, ``(starts, activation_bytes)`` each."""
        batches = Batches.of(inputs, self.places)
        divided = {place: codes[starts] for place, codes in batches.divided(inputs).items()}
        count = len(next(iter(divided.values())))
        memories = tuple(np.zeros((count, core.activation_bytes), np.uint8) for core in self.cores)
        for memory, program in zip(memories, self.program.cores, strict=True):
            if program.memory is not None:
                content = program.memory.content
                memory[:, program.memory.address :][:, : content.size] = content
        for name in inputs:
            tensor = self.network.tensors[name]
            for core, region in self.regions(name).items():
                for number, place in enumerate(batches.names(name)):
                    addresses = tensor_addresses(region.slot(number), tensor)
                    for row, codes in zip(memories[core], divided[place], strict=True):
                        row[addresses] = tensor_bytes(tensor, codes)
        return memories

    def _codes(self, memories: Sequence[Sequence[ByteArray]], name: str, core: int, region: Region) -> IntArray:
        tensor = self.network.tensors[name]
        addresses = tensor_addresses(region, tensor)
        return np.stack([tensor_codes(tensor, row[addresses]) for chip in memories for row in chip[core]])


def check_simulation_build(folder: Path) -> None:
    """Refuse a folder that does not hold the Verilog of a simulation build.

    Raises
    ------
    InputError
        Says what is missing.
    """
    top = folder / f"{CHIP_MODULE}.v"
    problem = "" if top.is_file() else f"has no {top.name}"
    if not problem and "retire_sequencer_valid" not in top.read_text(encoding="utf-8", errors="replace"):
        problem = f"its {top.name} has no retire ports"
    if problem:
        raise InputError(f"'{folder}' must hold Verilog like that in a build's {RTL_SIM_FOLDER}/, but {problem}")
