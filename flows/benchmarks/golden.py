"""Speed of the golden model: ratios to the float reference, medians of five in one run, same threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture, read_architecture
from nngen.compiler.calibrate import calibrate
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import map_network
from nngen.flows.networks import digits
from nngen.host.ends import quantize_inputs
from nngen.ir import Network
from nngen.sim.golden import GoldenMachine, run_golden

from .float_reference import FloatReference
from .networks import subjects
from .registry import Row
from .timing import median_seconds

IntArray = npt.NDArray[np.int64]
ARCHITECTURES = Path(__file__).parents[1] / "architectures"
NETWORK = "cnn_w8a8"
THIRD_PARTY = ("tiny_kws_dscnn", "tiny_ic_resnet8", "vad_q_w8a8")
INPUTS = 256
LARGEST_RATIO = 5.0
MACROS = 32


def measure_golden() -> Iterator[Row]:
    """Measure the 8-bit CNN on the 450 held-out images, and networks of others, where they are, on 256 inputs."""
    network = read_network(digits.FOLDER / f"{NETWORK}.onnx")
    few = _codes(network, digits.CALIBRATION)
    machines = {name: _calibrated(network, chip, few) for name, chip in _lossy_chips().items()}
    yield from _rows(NETWORK, network, _codes(network, digits.IMAGES), machines)
    for subject in subjects():
        if subject.name in THIRD_PARTY:
            network = read_network(subject.path)
            few = quantize_inputs(network, subject.arrays(network, subject.in_iss))
            many = {name: np.resize(codes, (INPUTS, *codes.shape[1:])) for name, codes in few.items()}
            machines = {name: _calibrated(network, chip, few) for name, chip in _cim_chips()}
            yield from _rows(subject.name, network, many, machines)


def _rows(
    name: str, network: Network, inputs: dict[str, IntArray], machines: dict[str, tuple[Network, GoldenMachine]]
) -> Iterator[Row]:
    reference = FloatReference(network)
    floats = inputs[network.inputs[0].tensor].astype(np.float32)
    work: dict[str, Callable[[], object]] = {
        "reference": partial(reference.run, floats),
        "lossless": partial(run_golden, network, inputs),
    }
    work |= {chip: partial(run_golden, lossy, inputs, machine=machine) for chip, (lossy, machine) in machines.items()}
    seconds = median_seconds(work)
    where = f"{name}, {len(floats)} inputs"
    yield Row(figure=f"{where}: float32 reference", measured=seconds["reference"] * 1e3, unit="ms")
    yield _ratio(f"{where}: lossless golden", seconds["lossless"], seconds["reference"])
    for chip, (lossy, machine) in machines.items():
        conversions = _conversions(lossy, machine)
        figure = f"{where}: lossy golden on {chip}, a plane and slice ({conversions} of them)"
        yield _ratio(figure, seconds[chip] / conversions, seconds["reference"])


def _ratio(figure: str, seconds: float, reference: float) -> Row:
    return Row(figure=figure, measured=seconds / reference, unit="x reference", limit=LARGEST_RATIO, timing=True)


def _codes(network: Network, path: Path) -> dict[str, IntArray]:
    with np.load(path) as arrays:
        return quantize_inputs(network, dict(arrays))


def _lossy_chips() -> dict[str, Architecture]:
    """Return chips on which no layer is lossless, so that every conversion is computed.

    One has pairs of one slice, one of three; one has single columns of four slices with an offset.

    They have macros enough; how many does not change the model's work.
    """
    edge, counted = (read_architecture(ARCHITECTURES / f"{name}.toml") for name in ("edge", "cim128"))
    narrow = replace(edge.core.macro, cell_bits=3, gains=(1,))
    return {
        "edge": replace(edge, cores=(replace(edge.core, macros=MACROS),)),
        "edge with 3-bit cells": replace(edge, cores=(replace(edge.core, macros=MACROS, macro=narrow),)),
        "cim128": replace(counted, cores=(replace(counted.core, macro=replace(counted.core.macro, gains=(1,))),)),
    }


def _cim_chips() -> Iterator[tuple[str, Architecture]]:
    """Yield the chips for networks of others, with a single gain: nothing is lossless."""
    for name in ("cim256", "cim128"):
        chip = read_architecture(ARCHITECTURES / f"{name}.toml")
        yield name, replace(chip, cores=(replace(chip.core, macro=replace(chip.core.macro, gains=(1,))),))


def _calibrated(
    network: Network, architecture: Architecture, samples: dict[str, IntArray]
) -> tuple[Network, GoldenMachine]:
    mapping = map_network(network, architecture)
    network, mapping = calibrate(network, mapping, architecture, samples)
    return network, GoldenMachine(core=architecture.core, mapping=mapping)


def _conversions(network: Network, machine: GoldenMachine) -> int:
    """Return planes x slices of the layer with the fewest."""
    layers = [machine.layer(network, layer) for layer in network.matrix_layers]
    return min(layer.planes.planes * layer.weights.slices for layer in layers)
