"""Networks of others on the chips for edge networks: cycles over bounds, differences, program, accuracy.

They are read from a folder ``shared/models`` beside the repository; what is not there is left out.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture, read_architecture
from nngen.compiler.frontend import read_network
from nngen.errors import CapacityError
from nngen.flows.build import build
from nngen.flows.compiling import Compiled, compile_network
from nngen.flows.layer_times import LayerTime, layer_times
from nngen.flows.machine import Machine
from nngen.flows.networks import digits
from nngen.flows.strategies import StrategyName
from nngen.flows.verify import Verification, iss_by_layer, verify_machine
from nngen.host.ends import quantize_inputs
from nngen.ir import DepthwiseLayer, MatrixLayer, Network
from nngen.isa import INSTRUCTION_BITS
from nngen.sim.golden import run_golden
from nngen.sim.iss import Timing

from .registry import Row

IntArray = npt.NDArray[np.int64]
Codes = dict[str, IntArray]

ROOT = Path(__file__).parents[2]
MODELS = ROOT.parent / "shared" / "models"
ARCHITECTURES = Path(__file__).parents[1] / "architectures"
CHIPS = ("cim256", "cim256_lossless", "cim128", "cim128_lossless", "cim256_quad", "cim128_quad")
PIPELINED = ("cim256_quad", "cim128_quad")
POSITIONS, LARGEST_RATIO, LARGEST_FLASH_RATIO = 64, 1.05, 1.15
COMPILE_SECONDS, LARGEST_PROGRAM, LEAST_LABELS, LARGEST_ISS_SHARE, LARGEST_INTERVAL = 2.0, 4096, 15, 0.01, 1 / 0.90


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A network with its samples.

    Parameters
    ----------
    name, path
        Of the ONNX file.
    samples
        File (.npz) with arrays of inputs.
    prefix
        Of the arrays' names that are inputs; what follows is the name of the network's input.
    in_iss, in_rtl
        Samples that run in the instruction set simulator, and in the Verilog.
    reference
        Array of the file with what onnxruntime computed, whose largest element is the label; empty: there is none.
    labels
        Whether the largest output is a label.
    """

    name: str
    path: Path
    samples: Path
    prefix: str = "in_"
    reference: str = ""
    labels: bool = True
    in_iss: int
    in_rtl: int

    def arrays(self, network: Network, count: int) -> dict[str, npt.NDArray[np.generic]]:
        """Return samples by the names of the network's inputs."""
        with np.load(self.samples) as file:
            found = [file[name][:count] for name in file.files if name.startswith(self.prefix)]
        shapes = [(len(array), *end.file_shape) for array, end in zip(found, network.inputs, strict=False)]
        return {
            end.name: array.reshape(shape) for end, array, shape in zip(network.inputs, found, shapes, strict=False)
        }


def subjects() -> tuple[Subject, ...]:
    """Return the networks that are there."""
    third_party = (
        ("tiny_kws_dscnn", 16, "out0"),
        ("tiny_ic_resnet8", 10, "out0"),
        ("tiny_ad01_autoencoder", 5, ""),
        ("tflm_micro_speech", 3, "out0"),
    )
    known = [
        Subject(
            name=name, path=folder / "model.onnx", samples=folder / "ref.npz", in_iss=count, in_rtl=count,
            reference=reference, labels=bool(reference),
        )
        for name, count, reference in third_party
        for folder in (MODELS / name,)
    ]  # fmt: skip
    vad = MODELS / "brevitas"
    known.append(
        Subject(
            name="vad_q_w8a8",
            path=vad / "vad_q_w8a8_qcdq.onnx",
            samples=vad / "vad_q_io.npz",
            prefix="x",
            in_iss=20,
            in_rtl=20,
            reference="y",
        )
    )
    known += [
        Subject(
            name=entry.name, path=entry.path, samples=digits.IMAGES, prefix="", in_iss=450, in_rtl=20
        )
        for entry in digits.NETWORKS
    ]  # fmt: skip
    return tuple(subject for subject in known if subject.path.exists())


def measure_networks() -> Iterator[Row]:
    """Compile every network for every chip and run it on golden model and instruction set simulator."""
    for subject in subjects():
        for chip in CHIPS:
            yield from _on_chip(subject, chip)


def _on_chip(subject: Subject, chip: str) -> Iterator[Row]:
    where = f"{subject.name} on {chip}"
    network, architecture = read_network(subject.path), read_architecture(ARCHITECTURES / f"{chip}.toml")
    inputs = quantize_inputs(network, subject.arrays(network, subject.in_iss))
    begin = time.perf_counter()
    try:
        compiled = compile_network(network, architecture, samples=inputs)
    except CapacityError as error:
        yield Row(figure=f"{where}: refused, {error}", measured=0, unit="")
        return
    seconds = time.perf_counter() - begin
    machine = _machine(compiled, architecture, subject, chip)
    timings = machine.iss(inputs).timings
    yield Row(figure=f"{where}: golden and ISS differ in", measured=_differing(machine, inputs), unit="codes", limit=0)
    yield from _cycles(where, machine.network, layer_times(machine, timings), _cycles_of(timings), LARGEST_RATIO)
    yield from _with_flash(where, machine, inputs)
    yield Row(figure=f"{where}: to compile", measured=seconds, unit="s", limit=COMPILE_SECONDS, timing=True)
    size = sum(len(one.instructions) for one in machine.program.cores) * INSTRUCTION_BITS // 8
    limit = LARGEST_PROGRAM if subject.name.startswith("vad") else None
    yield Row(figure=f"{where}: instructions", measured=size, unit="bytes", limit=limit)
    if subject.labels:
        yield from _labels(where, subject, machine, inputs)


def _with_flash(where: str, machine: Machine, inputs: Codes) -> Iterator[Row]:
    """Yield the ratios with converters that take one cycle."""
    macro = replace(machine.core.macro, controller="flash", sample_cycles=0)
    cores = tuple(replace(core, macro=macro) for core in machine.architecture.cores)
    flash = replace(machine.architecture, cores=cores)
    machine = _with(machine, compile_network(machine.network, flash, samples=inputs), flash)
    timings = machine.iss({name: codes[:1] for name, codes in inputs.items()}).timings
    times = layer_times(machine, timings)
    yield from _cycles(f"{where}, flash", machine.network, times, _cycles_of(timings), LARGEST_FLASH_RATIO)


def _cycles_of(timings: Sequence[Timing]) -> int:
    return max(timing.cycles for timing in timings)


def _cycles(
    where: str, network: Network, times: tuple[LayerTime, ...], total: int, limit: float
) -> Iterator[Row]:  # fmt: skip
    """Yield the worst convolution of many positions, and the whole network."""
    convolutions = [
        (time_.ratio, number, time_)
        for number, (layer, time_) in enumerate(zip(network.layers, times, strict=True), start=1)
        if isinstance(layer, MatrixLayer | DepthwiseLayer) and time_.positions >= POSITIONS
    ]
    if convolutions:
        ratio, number, worst = max(convolutions, key=lambda found: found[0])
        figure = f"{where}: worst convolution, layer {number}, {worst.cycles} of {worst.bound.bound} cycles"
        yield Row(figure=figure, measured=ratio, unit="x bound", limit=limit)
    bound = sum(time_.bound.bound for time_ in times)
    yield Row(figure=f"{where}: network, {total} of {bound} cycles", measured=total / bound, unit="x bound")


def _labels(where: str, subject: Subject, machine: Machine, inputs: Codes) -> Iterator[Row]:
    """Yield how many samples get another label than from exact arithmetic."""
    output = machine.output_tensors[0]
    lossy, exact = machine.golden(inputs)[output], run_golden(machine.network, inputs)[output]
    samples = len(lossy)
    same = lossy.reshape(samples, -1).argmax(axis=1) == exact.reshape(samples, -1).argmax(axis=1)
    limit = samples - LEAST_LABELS if subject.name == "tiny_kws_dscnn" else samples // 100 or None
    figure = f"{where}: samples of {samples} with another label than exact"
    yield Row(figure=figure, measured=int((~same).sum()), unit="", limit=limit if samples > 5 else None)
    if subject.reference:
        with np.load(subject.samples) as file:
            reference = file[subject.reference][:samples].reshape(samples, -1).argmax(axis=1)
        same = lossy.reshape(samples, -1).argmax(axis=1) == reference
        figure = f"{where}: samples of {samples} with another label than onnxruntime"
        exactly = where.endswith("lossless") and samples > 5
        yield Row(figure=figure, measured=int((~same).sum()), unit="", limit=0 if exactly else None)


def measure_networks_rtl(chip: str, *, inferences: int = 1) -> Iterator[Row]:
    """Verify every network on a chip in Verilator: codes, cycles, events, retirements of the first start.

    Several inferences a start are pipelined.
    """
    for subject in subjects():
        yield from _in_rtl(subject, chip, inferences)


def _in_rtl(subject: Subject, chip: str, inferences: int) -> Iterator[Row]:
    network = read_network(subject.path)
    arrays = subject.arrays(network, subject.in_rtl)
    with tempfile.TemporaryDirectory() as folder:
        samples = Path(folder) / "samples.npz"
        np.savez(samples, **arrays)  # type: ignore[arg-type]  # names are the file's
        try:
            made = build(
                subject.path,
                ARCHITECTURES / f"{chip}.toml",
                Path(folder) / "build",
                calibration=samples,
                strategy=StrategyName.LATENCY if inferences == 1 else StrategyName.THROUGHPUT,
                inferences=inferences,
                only=("program", "rtl"),
            )
        except CapacityError as error:
            yield Row(figure=f"{subject.name} on {chip}: refused, {error}", measured=0, unit="")
            return
        machine = Machine.of(made)
        verification = verify_machine(machine, arrays, source="samples", simulator="verilator")
        where = f"{subject.name} on {chip}"
        yield from _verified(f"{where}, {verification.samples} samples", verification)
        if verification.pipeline is not None:
            figure = f"{where}: cycles from one of {inferences} inferences to the next over the slowest stage's bound"
            yield Row(figure=figure, measured=1 / verification.pipeline.share, unit="x", limit=LARGEST_INTERVAL)
        elif subject.name == "tiny_kws_dscnn":
            yield _speed(where, machine, quantize_inputs(network, arrays))


def _verified(where: str, verification: Verification) -> Iterator[Row]:
    """Yield what differs between golden model, simulator and Verilog, and how long Verilator took."""
    golden, rtl, retired = verification.golden_iss, verification.iss_rtl, verification.retirements
    for figure, differing, of in (
        ("golden and ISS: codes", golden.code_differences, golden.codes),
        ("ISS and RTL: codes", rtl.code_differences, rtl.codes),
        ("ISS and RTL: runs whose cycles", rtl.cycle_differences, rtl.cycles),
        ("ISS and RTL: events and causes", rtl.event_differences, rtl.events),
        ("ISS and RTL: retirements", retired.differing, retired.compared),
    ):
        yield Row(figure=f"{where}: {figure} that differ, of {of:,}", measured=differing, unit="", limit=0)
    yield Row(figure=f"{where}: compiling and running Verilator", measured=verification.rtl_seconds, unit="s")


def _speed(where: str, machine: Machine, inputs: Codes) -> Row:
    """Return the ISS's time for an inference over Verilator's, without compiling and loading."""
    first = {name: codes[:1] for name, codes in inputs.items()}
    samples = len(next(iter(inputs.values())))
    seconds = [machine.rtl(codes, simulator="verilator").seconds for codes in (first, inputs)]
    begin = time.perf_counter()
    machine.iss(inputs)
    iss = (time.perf_counter() - begin) / samples
    rtl = (seconds[1] - seconds[0]) / (samples - 1)
    figure = f"{where}: ISS, {samples} inferences at once, over Verilator ({rtl:.2g} s each)"
    return Row(figure=figure, measured=iss / rtl, unit="x", limit=LARGEST_ISS_SHARE, timing=True)


def _machine(compiled: Compiled, architecture: Architecture, subject: Subject, chip: str) -> Machine:
    """Return a machine whose files are gone again: what follows reads none."""
    with tempfile.TemporaryDirectory() as folder:
        made = build(subject.path, ARCHITECTURES / f"{chip}.toml", Path(folder) / "build", only=("program",))
        return _with(Machine.of(made), compiled, architecture)


def _with(machine: Machine, compiled: Compiled, architecture: Architecture) -> Machine:
    return replace(
        machine,
        architecture=architecture,
        network=compiled.network,
        mapping=compiled.mapping,
        schedule=compiled.schedule,
        program=compiled.program,
    )


def _differing(machine: Machine, inputs: Mapping[str, IntArray]) -> int:
    golden, iss = machine.golden(dict(inputs)), iss_by_layer(machine, dict(inputs))
    return sum(int((codes != golden[name]).sum()) for name, codes in iss.items())
