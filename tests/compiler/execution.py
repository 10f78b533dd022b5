"""Runs compiled networks in the instruction-set simulator, and evaluates them in plain integers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture
from nngen.compiler.codegen import generate
from nngen.compiler.scheduler import schedule
from nngen.host import tensor_addresses
from nngen.ir import Mapping, MatrixLayer, Network, Program, Schedule, Tensor
from nngen.isa import Cause
from nngen.sim.iss import Run, run

IntArray = npt.NDArray[np.int64]


def compile_mapping(network: Network, mapping: Mapping, architecture: Architecture) -> tuple[Schedule, Program]:
    """Schedule a mapping and generate its program."""
    scheduled = schedule(network, mapping, architecture)
    return scheduled, generate(network, mapping, scheduled, architecture)


def run_network(
    network: Network, mapping: Mapping, architecture: Architecture, inputs: dict[str, IntArray]
) -> tuple[dict[str, IntArray], Run]:
    """Return the codes of the network's outputs as the machine leaves them in memory full of garbage, and the run."""
    scheduled, program = compile_mapping(network, mapping, architecture)
    samples = len(next(iter(inputs.values())))
    memory = np.random.default_rng(0).integers(0, 256, (samples, architecture.core.activation_bytes), dtype=np.uint8)
    image = program.cores[0].memory
    if image is not None:
        memory[:, image.address : image.address + image.content.size] = image.content
    for name, codes in inputs.items():
        tensor = network.tensors[name]
        addresses = tensor_addresses(scheduled.cores[0].region(name), tensor)
        memory[:, addresses] = codes.astype(_stored(tensor)).view(np.uint8).reshape(samples, *addresses.shape)
    done = run(architecture.core, program.cores[0], memory)
    assert done.timing.cause is Cause.NONE
    codes = {}
    for entry in network.outputs:
        tensor = network.tensors[entry.tensor]
        addresses = tensor_addresses(scheduled.cores[0].region(tensor.name), tensor)
        stored = np.ascontiguousarray(done.memory[:, addresses]).view(_stored(tensor))
        codes[tensor.name] = stored.astype(np.int64).reshape(samples, *tensor.shape)
    return codes, done


def evaluate(network: Network, inputs: dict[str, IntArray]) -> dict[str, IntArray]:
    """Return all tensors, computed as a reader of ``MatrixLayer`` would: position by position."""
    tensors = dict(inputs)
    for layer in network.layers:
        source, target = network.tensors[layer.input], network.tensors[layer.output]
        tensors[layer.output] = _evaluate_layer(layer, source, target, tensors[layer.input])
    return tensors


def _evaluate_layer(layer: MatrixLayer, source: Tensor, target: Tensor, codes: IntArray) -> IntArray:
    top, left, bottom, right = layer.pads
    padded = np.pad(codes, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=source.zero_point)
    (kernel_height, kernel_width), (down, across) = layer.kernel, layer.strides
    height, width, channels = target.shape
    sums = np.empty((len(codes), height, width, channels), np.int64)
    for y in range(height):
        for x in range(width):
            under = padded[:, y * down : y * down + kernel_height, x * across : x * across + kernel_width]
            sums[:, y, x] = np.tensordot(under, layer.weights, axes=((1, 2, 3), (1, 2, 3)))
    return layer.requantization.apply(sums)


def _stored(tensor: Tensor) -> np.dtype[np.generic]:
    return np.dtype(f"<{'i' if tensor.signed else 'u'}{tensor.element_bytes}")
