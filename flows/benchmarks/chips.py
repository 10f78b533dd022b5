"""What the generated hardware takes: cycles against their bounds, logic, lines, and the time to make it."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from nngen.arch import read_architecture
from nngen.compiler.frontend import read_network
from nngen.flows.arrays import read_arrays
from nngen.flows.build import build
from nngen.flows.compiling import compile_network
from nngen.flows.networks import digits
from nngen.flows.synthesis import synthesize_ice40
from nngen.flows.verify import LayerVerification, Verification, verify
from nngen.hardware import emit_rtl
from nngen.host.ends import quantize_inputs

from .registry import Row

ARCHITECTURES = Path(__file__).parents[1] / "architectures"
# NNgen 1.3.4 with the same perceptron at its best: 441 cycles with 8x8 units on a 128-bit bus; 9,689 LUT4 with 2x2.
RIVAL_CYCLES, RIVAL_LUT4, MOST_LINES, MOST_SECONDS = 441, 9689, 8000, 1.0
LARGEST_RATIO = 1.05
POSITIONS = 64
CHIPS = (("cnn_w4a4", "tiny"), ("cnn_w8a8", "lossless"), ("cnn_w8a8", "edge"))
COMPILE_SECONDS, BUILD_SECONDS = 1.0, 20.0


def measure_digits() -> list[Row]:
    """Build the perceptron for ``digits``, verify one image in Icarus, synthesize the Verilog of the same build."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "mlp"
        verification = _verified("mlp_w8a8", "digits", target)
        files = {path.name: path.read_text(encoding="utf-8") for path in sorted((target / "rtl").glob("*.v"))}
        made = synthesize_ice40(files)
    architecture = read_architecture(ARCHITECTURES / "digits.toml")
    begin = time.perf_counter()
    emit_rtl(architecture)
    seconds = time.perf_counter() - begin
    cycles = int(verification.rtl_events["cycles"][0])
    lines = sum(text.count("\n") for text in files.values())
    return [
        Row(figure="cycles of one inference, RTL in Icarus", measured=cycles, unit="cycles", limit=RIVAL_CYCLES - 1),
        _difference("mlp_w8a8 on digits", verification),
        Row(
            figure="iCE40 logic, macro and memories excluded",
            measured=made.lut4,
            unit="LUT4",
            limit=RIVAL_LUT4 - 1,
        ),
        Row(figure="Verilog", measured=lines, unit="lines", limit=MOST_LINES),
        Row(figure="emitting it again", measured=seconds, unit="s", limit=MOST_SECONDS, timing=True),
    ]


def measure_layers() -> list[Row]:
    """Cycles of every layer in Icarus over its bound: the best placement on the chip's macros, without replication."""
    rows = []
    for network, architecture in CHIPS:
        with tempfile.TemporaryDirectory() as folder:
            verification = _verified(network, architecture, Path(folder) / "build")
        where = f"{network} on {architecture}"
        rows += [
            Row(
                figure=_layer_figure(where, i + 1, layer),
                measured=layer.ratio,
                unit="x bound",
                limit=LARGEST_RATIO if layer.positions >= POSITIONS else None,
            )
            for i, layer in enumerate(verification.layers)
        ]
        rows.append(_difference(where, verification))
        total = int(verification.rtl_events["cycles"][0])
        rows.append(
            Row(
                figure=f"{where}: network, {total} of {verification.bound} cycles",
                measured=total / verification.bound,
                unit="x bound",
            )
        )
    return rows


def measure_building() -> list[Row]:
    """Times to compile a network in process, and to build it with Verilog; everything is imported already."""
    network, architecture = "cnn_w8a8", read_architecture(ARCHITECTURES / "edge.toml")
    path = digits.FOLDER / f"{network}.onnx"
    begin = time.perf_counter()
    read = read_network(path)
    compile_network(read, architecture, samples=quantize_inputs(read, read_arrays(digits.CALIBRATION)))
    compiled = time.perf_counter() - begin
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        build(path, ARCHITECTURES / "edge.toml", Path(folder) / "build", calibration=digits.CALIBRATION)
        built = time.perf_counter() - begin
    return [
        Row(
            figure=f"{network} on edge: read, map, calibrate, schedule",
            measured=compiled,
            unit="s",
            limit=COMPILE_SECONDS,
            timing=True,
        ),
        Row(
            figure=f"{network} on edge: build with Verilog", measured=built, unit="s", limit=BUILD_SECONDS, timing=True
        ),
    ]


def _difference(where: str, verification: Verification) -> Row:
    return Row(
        figure=f"{where}: runs in which golden, ISS and RTL differ",
        measured=int(not verification.equal),
        unit="",
        limit=0,
    )


def _layer_figure(where: str, number: int, layer: LayerVerification) -> str:
    return f"{where}: layer {number}, {layer.positions} positions, {layer.rtl_cycles} of {layer.bound.bound} cycles"


def _verified(network: str, architecture: str, target: Path) -> Verification:
    """Build, then compare the models on one held-out image."""
    build(
        digits.FOLDER / f"{network}.onnx",
        ARCHITECTURES / f"{architecture}.toml",
        target,
        calibration=digits.CALIBRATION,
    )
    return verify(target, digits.IMAGES, samples=1)
