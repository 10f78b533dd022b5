"""``nngen verify``: golden model, instruction set simulator and Verilog compute the same, or where they do not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from collections.abc import Mapping as Arrays
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from nngen.host.ends import quantize_inputs
from nngen.ir import CoreProgram
from nngen.isa import instruction
from nngen.sim.cosim import Comparison, CycleOf, MacrosOf, RtlResult, compare_codes, compare_result, macros_of
from nngen.sim.iss import Timing
from nngen.sim.kpi import Bounds

from .layer_times import layer_times
from .machine import Machine, RtlSimulator
from .pipeline_times import PipelineTimes, pipeline_times
from .progress import Progress, quiet
from .retirements import ChipRetirementCheck, RetirementComparison, layer_cycles
from .samples import Samples, read_samples, stored_or_random_samples
from .utilization import converter_share

__all__ = ["LayerVerification", "Verification", "iss_by_layer", "verify", "verify_machine"]

IntArray = npt.NDArray[np.int64]
Codes = dict[str, IntArray]


@dataclass(frozen=True, kw_only=True)
class LayerVerification:
    """One layer on all models.

    Parameters
    ----------
    layer
        Its name.
    positions
        Output positions of an inference.
    iss_cycles, rtl_cycles
        From the end of the layer before (the first one: from cycle 0) to the retirement of its last instruction.
    bound, mapping_bound
        Cycles that no order of work can avoid: at the best placement, and as it is mapped.
    codes
        Golden model against instruction set simulator: the layer's output codes.
    """

    layer: str
    positions: int
    iss_cycles: int
    rtl_cycles: int
    bound: Bounds
    mapping_bound: Bounds
    codes: Comparison

    @property
    def ratio(self) -> float:
        """Cycles over the bound."""
        return self.rtl_cycles / self.bound.bound


class _OfCode(TypedDict):
    """What is told of a code that differs."""

    layers: Arrays[str, str]
    macros: MacrosOf
    cycles: CycleOf


@dataclass(frozen=True, kw_only=True)
class Verification:
    """The whole comparison.

    Parameters
    ----------
    network, architecture
        Names.
    samples
        How many ran on every model.
    source
        Where they come from.
    verilog
        Folder of the Verilog that was simulated in place of the build's; None: it was the build's.
    layers
        In the network's order; none of a pipeline, whose layers run all at once.
    pipeline
        How fast a pipeline is in the instruction set simulator; None for a build of one inference a start.
    golden_iss
        Golden model against instruction set simulator: codes of every layer, of a pipeline those of the outputs.
    iss_rtl
        Instruction set simulator against Verilog: codes, cycles and events of every run.
    retirements
        Instruction set simulator against Verilog with retire ports: every retirement of the first start.
    events
        What the instruction set simulator counts in one start.
    rtl_events
        What the Verilog counted, shape ``(starts,)`` each: as many as samples, fewer in a pipeline.
    converter_share
        Share of all converter cycles in which a converter converts.
    rtl_seconds
        Time that the Verilog took in the simulator, by the clock on the wall; not part of the report.
    """

    network: str
    architecture: str
    samples: int
    source: str
    verilog: Path | None
    layers: tuple[LayerVerification, ...]
    pipeline: PipelineTimes | None
    golden_iss: Comparison
    iss_rtl: Comparison
    retirements: RetirementComparison
    events: dict[str, int]
    rtl_events: dict[str, IntArray]
    converter_share: float
    rtl_seconds: float

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return self.golden_iss.equal and self.iss_rtl.equal and not self.retirements.differing

    @property
    def bound(self) -> int:
        """Cycles of a start that nothing avoids: sum of the layers' bounds, of a pipeline its slowest stage's."""
        return self.pipeline.bound if self.pipeline else sum(layer.bound.bound for layer in self.layers)


def verify(
    directory: Path,
    inputs: Path | None = None,
    *,
    samples: int | None = None,
    simulator: RtlSimulator = "icarus",
    verilog: Path | None = None,
    progress: Progress = quiet,
) -> Verification:
    """Compare the models of a build.

    Parameters
    ----------
    directory
        The build.
    inputs
        Samples (.npz) by ONNX name; else the calibration samples of the build, else random ones.
    samples
        Take the first so many.
    simulator
        For the Verilog.
    verilog
        Folder of Verilog to simulate in place of the build's: a copy of its ``rtl_sim/``, changed.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Whatever the user can mend. A difference is not an error: the result says it.
    """
    progress("reading the build")
    machine = Machine.open(directory, verilog=verilog)
    if inputs is None:
        given, source = stored_or_random_samples(machine.build, machine.network, samples=samples)
    else:
        given, source = read_samples(inputs, machine.network, samples=samples), "given samples"
    return verify_machine(machine, given, source=source, simulator=simulator, progress=progress)


def verify_machine(
    machine: Machine,
    samples: Samples,
    *,
    source: str,
    simulator: RtlSimulator = "icarus",
    progress: Progress = quiet,
) -> Verification:
    """Compare the models of a build that is loaded, on samples by ONNX name."""
    inputs = quantize_inputs(machine.network, samples)
    progress("running the golden model")
    golden = machine.golden(inputs)
    progress("running the instruction set simulator")
    timings = machine.iss_retirements({name: codes[: machine.places] for name, codes in inputs.items()})
    pipeline = pipeline_times(machine, timings)
    names = machine.output_tensors if pipeline else tuple(layer.output for layer in machine.network.layers)
    iss = machine.iss(inputs, tensors=names)
    by_layer = iss.outputs if pipeline else iss_by_layer(machine, inputs)
    survived = tuple(name for name in names if np.array_equal(iss.outputs[name], by_layer[name]))
    read = tuple(dict.fromkeys((*survived, *machine.output_tensors)))
    check = ChipRetirementCheck(timings, [program.layer_starts for program in machine.program.cores])
    rtl, seconds = _run_rtl(machine, inputs, check, tensors=read, simulator=simulator, progress=progress)
    of_code = _OfCode(
        layers={layer.output: layer.name for layer in machine.network.layers},
        macros=macros_of(machine.mapping, cores=len(machine.cores)),
        cycles=machine.store_cycles(timings),
    )
    layers: tuple[LayerVerification, ...] = ()
    if pipeline:
        golden_iss = compare_codes(golden, by_layer, **of_code)
    else:
        layers = _layers(machine, golden, by_layer, timings, rtl_ends=_layer_ends(machine, check), of_code=of_code)
        golden_iss = _total([layer.codes for layer in layers])
    return Verification(
        network=machine.network.name,
        architecture=machine.architecture.name,
        samples=len(next(iter(inputs.values()))),
        source=source,
        verilog=machine.verilog,
        layers=layers,
        pipeline=pipeline,
        golden_iss=golden_iss,
        iss_rtl=compare_result(
            rtl,
            codes=iss.outputs,
            events=[timing.events for timing in iss.timings],
            causes=[timing.cause for timing in iss.timings],
            **of_code,
        ),
        retirements=check.comparison(),
        events=iss.events,
        rtl_events=rtl.events,
        converter_share=converter_share(iss.events, machine.cores),
        rtl_seconds=seconds,
    )


def _run_rtl(
    machine: Machine,
    inputs: Codes,
    check: ChipRetirementCheck,
    *,
    tensors: tuple[str, ...],
    simulator: RtlSimulator,
    progress: Progress,
) -> tuple[RtlResult, float]:
    """Run the Verilog on all samples, and compare the retirements of the first start; return the seconds, too.

    Icarus does it in two runs, with and without retire ports: what is delivered has none. Verilator takes long to
    compile, and does it in one.
    """
    if simulator == "verilator":
        result = machine.rtl(inputs, simulator=simulator, tensors=tensors, retired=check.take, progress=progress)
        return result, result.seconds
    result = machine.rtl(inputs, tensors=tensors, progress=progress)
    first = {name: codes[: machine.places] for name, codes in inputs.items()}
    traced = machine.rtl(first, retired=check.take, progress=progress)
    return result, result.seconds + traced.seconds


def iss_by_layer(machine: Machine, inputs: Codes) -> Codes:
    """Return the codes of each layer's output right after the layer: later ones may take its place in memory."""
    codes: Codes = {}
    for number, layer in enumerate(machine.network.layers):
        later = {one.name for one in machine.network.layers[number + 1 :]}
        begun = [_until(program, later) for program in machine.program.cores]
        codes |= machine.iss(inputs, programs=begun, tensors=(layer.output,)).outputs
    return codes


def _until(program: CoreProgram, later: Collection[str]) -> CoreProgram:
    """Return a core's program up to where the first of some layers begins."""
    end = next((start for name, start in program.layer_starts if name in later), len(program.instructions) - 1)
    return replace(program, instructions=(*program.instructions[:end], instruction("HALT")))


def _layers(
    machine: Machine,
    golden: Codes,
    iss: Codes,
    timings: Sequence[Timing],
    *,
    rtl_ends: tuple[int, ...],
    of_code: _OfCode,
) -> tuple[LayerVerification, ...]:
    times = zip(machine.network.layers, layer_times(machine, timings), layer_cycles(rtl_ends), strict=True)
    return tuple(
        LayerVerification(
            layer=time.layer,
            positions=time.positions,
            iss_cycles=time.cycles,
            rtl_cycles=rtl_cycles,
            bound=time.bound,
            mapping_bound=time.mapping_bound,
            codes=compare_codes(golden, {layer.output: iss[layer.output]}, **of_code),
        )
        for layer, time, rtl_cycles in times
    )


def _layer_ends(machine: Machine, check: ChipRetirementCheck) -> tuple[int, ...]:
    """Return the cycle in which the last instruction of each layer retired in the Verilog, in any core."""
    ends: list[int] = []
    for layer in machine.network.layers:
        found = [
            end
            for program, of_core in zip(machine.program.cores, check.layer_ends(), strict=True)
            for (name, _), end in zip(program.layer_starts, of_core, strict=True)
            if name == layer.name
        ]
        ends.append(max(found))
    return tuple(ends)


def _total(parts: list[Comparison]) -> Comparison:
    total = Comparison()
    for part in parts:
        total += part
    return total
