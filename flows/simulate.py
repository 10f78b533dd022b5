"""``nngen simulate``: a build on samples, on one of the three models of the machine."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.errors import InputError, ToolError
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.isa import Cause

from .arrays import check_writable, write_arrays
from .batches import Batches
from .levels import Level
from .machine import Machine, RtlSimulator
from .present import printable
from .progress import Progress, quiet
from .samples import Samples, read_samples

__all__ = ["Simulation", "check_simulator", "describe", "render", "run_samples", "simulate"]

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]

TENSOR_FILE = "tensors.npz"
CODE_PREFIX = "codes/"


@dataclass(frozen=True, kw_only=True)
class Simulation:
    """What a network computed on one model.

    Parameters
    ----------
    level
        The model.
    outputs
        As the ONNX file gives them: shape (samples, declared shape without batch) by ONNX name.
    codes
        The accelerator's integers before the host's tail, shape (samples, height, width, channels) by tensor.
    events
        Event counters by name, shape ``(starts,)``; empty for the golden model, which has no time.
    inferences
        Of a start of the chip: several in a pipeline.
    tensors
        Codes of every tensor, where the model tells them.
    """

    level: Level
    outputs: dict[str, Array]
    codes: dict[str, IntArray]
    events: dict[str, IntArray]
    tensors: dict[str, IntArray]
    inferences: int

    @property
    def samples(self) -> int:
        """Number of samples."""
        return len(next(iter(self.codes.values())))


def simulate(
    directory: Path,
    inputs: Path,
    *,
    level: Level,
    simulator: RtlSimulator | None = None,
    verilog: Path | None = None,
    samples: int | None = None,
    waves: Path | None = None,
    dump_tensors: Path | None = None,
    output: Path | None = None,
    codes: bool = False,
    progress: Progress = quiet,
) -> Simulation:
    """Run a build on samples.

    Parameters
    ----------
    directory
        The build.
    inputs
        Samples (.npz) by ONNX name.
    level
        The model.
    simulator
        At level rtl: for the Verilog; Icarus unless given.
    verilog
        At level rtl: folder of Verilog to simulate in place of the build's, a copy of its ``rtl_sim/``, changed.
    samples
        Take the first so many.
    waves
        File for the waveform, at level rtl.
    dump_tensors
        Folder for ``tensors.npz`` with the codes of every tensor, at level golden.
    output
        File (.npz) for the results.
    codes
        Add the integers as ``codes/<tensor>`` to it.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Whatever the user can mend.
    """
    if waves is not None and level is not Level.RTL:
        raise InputError(f"waves exist at level rtl only, not at level {level}")
    check_simulator(level, simulator)
    if verilog is not None and level is not Level.RTL:
        raise InputError(f"Verilog is simulated at level rtl only, not at level {level}")
    if dump_tensors is not None and level is not Level.GOLDEN:
        raise InputError(f"tensors can be dumped at level golden only, not at level {level}")
    check_writable(output)
    progress("reading the build")
    machine = Machine.open(directory, verilog=verilog)
    given = read_samples(inputs, machine.network, samples=samples)
    result = run_samples(machine, given, level=level, simulator=simulator, waves=waves, progress=progress)
    if dump_tensors is not None:
        _make_folder(dump_tensors)
        write_arrays(dump_tensors / TENSOR_FILE, result.tensors)
    if output is not None:
        added = {f"{CODE_PREFIX}{name}": array for name, array in result.codes.items()} if codes else {}
        write_arrays(output, result.outputs | added)
    return result


def check_simulator(level: Level, simulator: RtlSimulator | None) -> None:
    """Refuse a simulator where there is nothing to simulate."""
    if simulator is not None and level is not Level.RTL:
        raise InputError(f"a simulator can be chosen at level rtl only, not at level {level}")


def run_samples(
    machine: Machine,
    samples: Samples,
    *,
    level: Level,
    simulator: RtlSimulator | None = None,
    waves: Path | None = None,
    progress: Progress = quiet,
) -> Simulation:
    """Run samples, by ONNX name, on a model of the machine.

    Raises
    ------
    ToolError
        At level rtl: the simulator is missing or failed, or a run ended with an error cause.
    """
    inputs = quantize_inputs(machine.network, samples)
    tensors: dict[str, IntArray] = {}
    events: dict[str, IntArray] = {}
    if level is Level.GOLDEN:
        progress("running the golden model")
        tensors = machine.golden(inputs)
        codes = {name: tensors[name] for name in machine.output_tensors}
    elif level is Level.ISS:
        progress("running the instruction set simulator")
        iss = machine.iss(inputs)
        for timing in iss.timings:
            _check_cause(timing.cause, timing.pc)
        codes = iss.outputs
        starts = Batches.of(inputs, machine.places).starts
        events = {name: np.full(starts, value, np.int64) for name, value in iss.events.items()}
    else:
        rtl = machine.rtl(inputs, simulator=simulator or "icarus", waves=waves, progress=progress)
        for core in rtl.cores:
            for cause, pc in zip(core.causes, core.cause_pcs, strict=True):
                _check_cause(cause, pc)
        codes, events = rtl.outputs, rtl.events
    outputs = finish_outputs(machine.network, codes)
    return Simulation(
        level=level,
        outputs=dict(outputs),
        codes=codes,
        events=events,
        tensors=tensors,
        inferences=machine.places,
    )


def _check_cause(cause: Cause, pc: int) -> None:
    if cause is not Cause.NONE:
        raise ToolError(f"program must end with HALT, but stopped with cause {cause.name} at instruction {pc}")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"'{folder}' cannot be made: {error.strerror}") from error


def describe(result: Simulation) -> dict[str, Any]:
    """Return what ``nngen simulate --json`` prints."""
    return {
        "level": str(result.level),
        "samples": result.samples,
        "outputs": {name: array.tolist() for name, array in result.outputs.items()},
        "codes": {name: array.tolist() for name, array in result.codes.items()},
        "events": {name: array.tolist() for name, array in result.events.items()},
    }


def render(result: Simulation) -> RenderableType:
    """Return what ran, what came out, and what it cost."""
    table = Table(box=None, pad_edge=False)
    for heading in ("output", "shape", "lowest", "highest"):
        table.add_column(heading, justify="left" if heading == "output" else "right")
    for name, array in result.outputs.items():
        shape = "×".join(map(str, array.shape))
        table.add_row(printable(name), shape, f"{array.min():.6g}", f"{array.max():.6g}")
    parts: list[RenderableType] = [Text(f"{result.samples} samples at level {result.level}", style="bold"), table]
    if result.events:
        cycles = result.events["cycles"]
        span = f"{cycles.min():,}" if cycles.min() == cycles.max() else f"{cycles.min():,} to {cycles.max():,}"
        each = "sample" if result.inferences == 1 else f"{result.inferences} samples"
        parts.append(Text(f"{span} cycles for each {each}"))
    return Group(*parts)
