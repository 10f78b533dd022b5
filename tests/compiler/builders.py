"""Chips and networks made by hand or by a seed, for the tests of mapper, scheduler and code generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from nngen.arch import Architecture, read_architecture
from nngen.ir import HostInput, HostOutput, Layer, MatrixLayer, Network, Tensor
from nngen.numerics import Requantization

ARCHITECTURES = Path(__file__).resolve().parents[2] / "flows" / "architectures"
WORD = {"bits": 32, "signed": True, "lowest": -(1 << 31), "highest": (1 << 31) - 1}


@cache
def architecture(name: str) -> Architecture:
    """Return one of the architectures that nngen comes with."""
    return read_architecture(ARCHITECTURES / f"{name}.toml")


def chip(base: str = "tiny", **changes: Any) -> Architecture:
    """Return an architecture with other parameters of the core, or, by the names of its fields, of the macro."""
    known = architecture(base)
    of_macro = {key: value for key, value in changes.items() if hasattr(known.core.macro, key)}
    of_core = {key: value for key, value in changes.items() if key not in of_macro}
    macro = replace(known.core.macro, **of_macro)
    return replace(known, cores=(replace(known.core, macro=macro, **of_core),))


def make_tensor(name: str, shape: tuple[int, int, int], **changes: Any) -> Tensor:
    """Return a tensor of unsigned bytes, or of what ``changes`` says."""
    fields = {"bits": 8, "signed": False, "zero_point": 0} | changes
    bits, signed = fields["bits"], fields["signed"]
    limits = {"lowest": -(1 << (bits - 1)) if signed else 0, "highest": (1 << (bits - signed)) - 1}
    return Tensor(name=name, shape=shape, **(limits | fields))


def plain_requantization(outputs: int, *, shift: int = 6, **changes: Any) -> Requantization:
    """Return one that halves ``shift`` times and adds nothing."""
    fields = {
        "multiplier": np.ones(outputs, np.int64),
        "offset": np.zeros(outputs, np.int64),
        "shift": np.full(outputs, shift, np.int64),
        "zero_point": 0,
        "lowest": 0,
        "highest": 255,
    }
    return Requantization(**(fields | changes))


def pass_through(outputs: int) -> Requantization:
    """Return the requantization of a layer without output quantizer."""
    return plain_requantization(outputs, shift=0, lowest=WORD["lowest"], highest=WORD["highest"])


def make_network(layers: Sequence[Layer], tensors: list[Tensor], outputs: list[str] | None = None) -> Network:
    """Return a network whose first tensor is its input and whose last is its output."""
    by_name = {tensor.name: tensor for tensor in tensors}
    written = {layer.output for layer in layers}
    return Network(
        name="test",
        dialect="test",
        tensors=by_name,
        layers=tuple(layers),
        inputs=tuple(_host_input(tensor) for tensor in tensors if tensor.name not in written),
        outputs=tuple(_host_output(by_name[name]) for name in outputs or [layers[-1].output]),
    )


def convolution(source: Tensor, name: str, weights: np.ndarray[Any, Any], **changes: Any) -> MatrixLayer:
    """Return a layer whose output tensor has its name; strides 1 and no padding unless ``changes`` says else."""
    fields: dict[str, Any] = {"strides": (1, 1), "pads": (0, 0, 0, 0)}
    fields |= {"requantization": plain_requantization(len(weights))} | changes
    return MatrixLayer(name=name, input=source.name, output=name, weights=weights.astype(np.int64), **fields)


def output_shape(source: Tensor, layer: MatrixLayer) -> tuple[int, int, int]:
    """Return the shape that a layer gives."""
    (height, width, _), (top, left, bottom, right) = source.shape, layer.pads
    (kernel_height, kernel_width), (down, across) = layer.kernel, layer.strides
    return (
        (height + top + bottom - kernel_height) // down + 1,
        (width + left + right - kernel_width) // across + 1,
        layer.outputs,
    )


def perceptron(*sizes: int, largest: int = 7, seed: int = 0) -> Network:
    """Return fully connected layers of these sizes, the last one passed through; weights from -largest to largest."""
    rng = np.random.default_rng(seed)
    tensors = [make_tensor("x", (1, 1, sizes[0]), bits=4)]
    layers = []
    for i, outputs in enumerate(sizes[1:], start=1):
        last = i == len(sizes) - 1
        weights = rng.integers(-largest, largest, (outputs, 1, 1, sizes[i - 1]), endpoint=True)
        weights.flat[0] = largest
        constants = pass_through(outputs) if last else plain_requantization(outputs, highest=15)
        layers.append(convolution(tensors[-1], f"fc{i}", weights, requantization=constants))
        tensors.append(make_tensor(f"fc{i}", (1, 1, outputs), **(WORD if last else {"bits": 4})))
    return make_network(layers, tensors)


def pointwise(rows: int, outputs: int, *, side: int = 2) -> Network:
    """Return a 1x1 convolution ``y`` of several positions, with ``rows`` input channels."""
    source = make_tensor("x", (side, side, rows), bits=4)
    layer = convolution(source, "y", perceptron(rows, outputs).layers[0].weights)
    return make_network([layer], [source, make_tensor("y", (side, side, outputs))])


def image_network(*, side: int = 8, channels: int = 4, pads: tuple[int, int, int, int] = (1, 1, 1, 1)) -> Network:
    """Return two 3x3 convolutions on a ``side`` x ``side`` image."""
    rng = np.random.default_rng(1)
    tensors = [make_tensor("x", (side, side, 1), bits=4)]
    layers = []
    for i in (1, 2):
        weights = rng.integers(-7, 8, (channels, 3, 3, tensors[-1].shape[2]))
        weights.flat[0] = 7
        layer = convolution(
            tensors[-1], f"conv{i}", weights, pads=pads, requantization=plain_requantization(channels, highest=15)
        )
        layers.append(layer)
        tensors.append(make_tensor(f"conv{i}", output_shape(tensors[-1], layer), bits=4))
    return make_network(layers, tensors)


def _host_input(tensor: Tensor) -> HostInput:
    return HostInput(
        name=tensor.name,
        tensor=tensor.name,
        file_shape=tensor.shape,
        file_type="float32",
        permutation=(0, 1, 2),
        scale=1.0,
        zero_point=tensor.zero_point,
    )


def _host_output(tensor: Tensor) -> HostOutput:
    return HostOutput(
        name=tensor.name,
        tensor=tensor.name,
        file_shape=tensor.shape,
        permutation=(0, 1, 2),
        scale=np.ones(1, np.float32),
        offset=np.zeros(1, np.float32),
        zero_point=tensor.zero_point,
    )
