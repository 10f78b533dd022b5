"""What is simulated and what comes out, and both as files of a run's folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import InputError
from nngen.host import chip_map, program_blocks
from nngen.ir import CoreProgram, Region, Tensor
from nngen.isa import EVENT_NAMES, Cause

from ._config import (
    INPUT_FILE,
    PROGRAM_FILE,
    RESULT_FILE,
    TRACE_FILE,
    BenchConfig,
    BuildConfig,
    Placement,
    write_config,
)
from .trace import RetireTrace, read_trace

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class RtlJob:
    """A co-simulation.

    Parameters
    ----------
    sources
        Verilog files: the chip and the behavioural view of its macros.
    cores, architecture_sha256
        The machine they describe.
    programs
        What each core loads; the same for all samples.
    inputs
        Codes by tensor, shape ``(samples, height, width, channels)``; at least one.
    outputs
        Tensors to read after each run.
    tensors
        Format of all of these, by name.
    regions
        Their places, by name and by the core whose memory holds them. Inputs are written everywhere, outputs read from
        the first.
    seed
        Of everything random in the bench.
    watchdog, loop_count
        Host registers; None leaves their reset value.
    cycle_limit
        Cycles within which a run must end.
    timeout_s
        Seconds within which compilation and simulation must end.
    answer_timeout_s
        Seconds of simulation within which the chip must have answered its first read.
    host_traffic
        Poll and read memory at random during the runs, instead of waiting for the interrupt.
    trace
        Record the retire ports, which a simulation build has.
    traced
        Of so many samples, from the first; None: of all.
    stall_seed
        Of the stalls of a simulation build; 0: none.
    waves
        File for the waves: ``.fst`` or ``.vcd``.
    scratch
        Folder that keeps compiled simulations for later jobs, and the files of failed runs. None: a temporary one.
    """

    sources: tuple[Path, ...]
    cores: tuple[Core, ...]
    architecture_sha256: str
    programs: tuple[CoreProgram, ...]
    inputs: Mapping[str, IntArray]
    outputs: tuple[str, ...]
    tensors: Mapping[str, Tensor]
    regions: Mapping[str, Mapping[int, Region]]
    top: str = "nngen_chip"
    simulator: Literal["icarus"] = "icarus"
    seed: int = 0
    watchdog: int | None = None
    loop_count: int | None = None
    cycle_limit: int = 10_000_000
    timeout_s: float = 3600.0
    answer_timeout_s: float = 120.0
    host_traffic: bool = False
    trace: bool = False
    traced: int | None = None
    stall_seed: int = 0
    waves: Path | None = None
    scratch: Path | None = None

    def places(self, name: str) -> tuple[Placement, ...]:
        """Return where a tensor lives, in the order of the cores."""
        tensor = self.tensors[name]
        return tuple(
            Placement(core=core, tensor=tensor, region=region) for core, region in sorted(self.regions[name].items())
        )

    @property
    def samples(self) -> int:
        """Number of runs."""
        return len(next(iter(self.inputs.values())))

    @property
    def samples_to_trace(self) -> int:
        """Number of runs whose retirements are recorded."""
        return min(self.samples, self.samples if self.traced is None else self.traced) if self.trace else 0


@dataclass(frozen=True, kw_only=True)
class CoreResult:
    """What a core of the simulated hardware counted.

    Parameters
    ----------
    events
        Value of each event counter, by name, shape ``(samples,)``.
    causes, cause_pcs
        Why each run ended; where, if by an error.
    """

    events: dict[str, IntArray]
    causes: tuple[Cause, ...]
    cause_pcs: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class RtlResult:
    """What the simulated hardware computed.

    Parameters
    ----------
    outputs
        Codes by tensor, shape ``(samples, height, width, channels)``.
    cores
        What each core counted, and why it ended.
    trace
        The retirements, where the job asked for them.
    seconds
        Compilation and simulation, by the clock on the wall.
    """

    outputs: dict[str, IntArray]
    cores: tuple[CoreResult, ...]
    trace: RetireTrace | None
    seconds: float

    @property
    def events(self) -> dict[str, IntArray]:
        """Events of the whole chip: those of its cores added up, but ``cycles``, of which the largest counts."""
        stacked = {name: np.stack([core.events[name] for core in self.cores]) for name in EVENT_NAMES}
        return {
            name: values.max(axis=0) if name == "cycles" else values.sum(axis=0) for name, values in stacked.items()
        }


def check_job(job: RtlJob) -> None:
    """Refuse inputs that do not fit each other, before anything is compiled.

    Raises
    ------
    InputError
        Names the tensor, what it must be and what it is.
    """
    if not job.inputs:
        raise InputError("inputs of a co-simulation must name at least one tensor")
    for name, codes in job.inputs.items():
        expected = (job.samples, *job.tensors[name].shape)
        if codes.shape != expected or not job.samples:
            raise InputError(f"codes of tensor '{name}' must have shape {expected} with samples > 0, not {codes.shape}")
    if job.waves is not None and job.waves.suffix not in (".fst", ".vcd"):
        raise InputError(f"waves file must end in .fst or .vcd, not '{job.waves.name}'")
    if job.waves is not None and not job.waves.parent.is_dir():
        raise InputError(f"folder of the waves file must exist, but '{job.waves.parent}' does not")


def write_job(job: RtlJob, folder: Path, *, compiled: Path) -> Path:
    """Write the files of a run and return the path of its configuration.

    Parameters
    ----------
    job
        What to run.
    folder
        Of the run.
    compiled
        Of the compiled simulation.
    """
    bases = chip_map(job.cores)
    placed = [
        (bases.base(program.core) + block.address, block)
        for program in job.programs
        for block in program_blocks(program, job.cores[program.core])
    ]
    blocks = [block for _, block in placed]
    np.savez(
        folder / PROGRAM_FILE,
        addresses=np.array([address for address, _ in placed], np.int64),
        lengths=np.array([block.words.size for block in blocks], np.int64),
        words=np.concatenate([block.words for block in blocks]),
    )
    inputs: dict[str, Any] = {f"tensor_{i}": codes for i, codes in enumerate(job.inputs.values())}
    np.savez(folder / INPUT_FILE, **inputs)
    config = BenchConfig(
        build=BuildConfig(
            simulator=job.simulator,
            top=job.top,
            sources=tuple(source.resolve() for source in job.sources),
            compiled=compiled,
            waves=job.waves.suffix[1:] if job.waves else "",
        ),
        cores=job.cores,
        architecture_sha256=job.architecture_sha256,
        inputs=tuple(job.places(name) for name in job.inputs),
        outputs=tuple(job.places(name)[0] for name in job.outputs),
        samples=job.samples,
        seed=job.seed,
        watchdog=job.watchdog,
        loop_count=job.loop_count,
        cycle_limit=job.cycle_limit,
        host_traffic=job.host_traffic,
        trace=job.trace,
        traced=job.samples_to_trace,
        stall_seed=job.stall_seed,
    )
    return write_config(config, folder)


def read_result(job: RtlJob, folder: Path, *, seconds: float) -> RtlResult:
    """Read what the bench left in the folder of a run."""
    with np.load(folder / RESULT_FILE, allow_pickle=False) as file:
        return RtlResult(
            outputs={name: file[f"tensor_{i}"] for i, name in enumerate(job.outputs)},
            cores=tuple(
                CoreResult(
                    events=dict(zip(EVENT_NAMES, file["events"][:, core].T, strict=True)),
                    causes=tuple(Cause(int(cause)) for cause in file["causes"][:, core]),
                    cause_pcs=tuple(int(pc) for pc in file["cause_pcs"][:, core]),
                )
                for core in range(len(job.cores))
            ),
            trace=read_trace(folder / TRACE_FILE) if job.trace else None,
            seconds=seconds,
        )
