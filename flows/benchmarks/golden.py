"""Speed of the golden model: ratios to the float reference, medians of five in one run, same threads."""

from __future__ import annotations

from collections.abc import Callable
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
from .registry import Row
from .timing import median_seconds

IntArray = npt.NDArray[np.int64]
ARCHITECTURES = Path(__file__).parents[1] / "architectures"
NETWORK = "cnn_w8a8"
LARGEST_RATIO = 5.0
MACROS = 32


def measure_golden() -> list[Row]:
    """Measure the 8-bit CNN on the 450 held-out images."""
    network = read_network(digits.FOLDER / f"{NETWORK}.onnx")
    images = _codes(network, digits.IMAGES)
    reference = FloatReference(network)
    floats = images[network.layers[0].inputs[0]].astype(np.float32)
    machines = {name: _calibrated(network, architecture) for name, architecture in _lossy_chips().items()}
    work: dict[str, Callable[[], object]] = {
        "reference": partial(reference.run, floats),
        "lossless": partial(run_golden, network, images),
    }
    work |= {name: partial(run_golden, lossy, images, machine=machine) for name, (lossy, machine) in machines.items()}
    seconds = median_seconds(work)
    samples = len(floats)
    rows = [
        Row(figure=f"float32 reference of {NETWORK}, {samples} images", measured=seconds["reference"] * 1e3, unit="ms"),
        _ratio("lossless golden", seconds["lossless"], seconds["reference"]),
    ]
    for name, (lossy, machine) in machines.items():
        conversions = _conversions(lossy, machine)
        figure = f"lossy golden on {name}, a plane and slice ({conversions} of them)"
        rows.append(_ratio(figure, seconds[name] / conversions, seconds["reference"]))
    return rows


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
        "edge": replace(edge, core=replace(edge.core, macros=MACROS)),
        "edge with 3-bit cells": replace(edge, core=replace(edge.core, macros=MACROS, macro=narrow)),
        "cim128": replace(counted, core=replace(counted.core, macro=replace(counted.core.macro, gains=(1,)))),
    }


def _calibrated(network: Network, architecture: Architecture) -> tuple[Network, GoldenMachine]:
    mapping = map_network(network, architecture)
    network, mapping = calibrate(network, mapping, architecture, _codes(network, digits.CALIBRATION))
    return network, GoldenMachine(core=architecture.core, mapping=mapping)


def _conversions(network: Network, machine: GoldenMachine) -> int:
    """Return planes x slices of the layer with the fewest."""
    layers = [machine.layer(network, layer) for layer in network.matrix_layers]
    return min(layer.planes.planes * layer.weights.slices for layer in layers)
