"""The integer network: what every dialect of ONNX becomes, and what the golden model computes.

All tensors are channel-last. A fully connected layer is a convolution whose kernel covers its whole input, so that
one kind of layer serves both; Flatten and Reshape are gone, folded into the order of the weight rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from nngen.numerics import Requantization

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """Integer codes of one activation.

    Parameters
    ----------
    name
        Name of the ONNX tensor that carries these codes.
    shape
        (height, width, channels) without batch; vectors are (1, 1, channels).
    bits, signed
        Storage format of a code; accumulators passed through are signed with 32 bits.
    zero_point
        Code of the real number 0.
    lowest, highest
        Range the codes are clipped to.
    """

    name: str
    shape: tuple[int, int, int]
    bits: int
    signed: bool
    zero_point: int
    lowest: int
    highest: int

    @property
    def element_bytes(self) -> int:
        """Bytes a code takes in activation memory: 1, 2 or 4."""
        return 1 if self.bits <= 8 else 2 if self.bits <= 16 else 4

    @property
    def elements(self) -> int:
        """Number of codes."""
        return int(np.prod(self.shape))


@dataclass(frozen=True, kw_only=True)
class MatrixLayer:
    """A convolution (or fully connected layer) with its requantization.

    ``acc[o] = sum over (ky, kx, c) of weights[o, ky, kx, c] * x[...]`` with raw codes x; padding holds the input's zero
    point. The correction of the zero point and the bias live in the requantization's offset.

    Parameters
    ----------
    name
        ONNX output tensor: the layer's identity in ``mapping.json`` and in reports.
    input, output
        Names of tensors of the network.
    weights
        int64, shape ``(outputs, kernel_height, kernel_width, input_channels)``.
    strides
        (vertical, horizontal).
    pads
        (top, left, bottom, right).
    requantization
        Constants to output codes. A layer without output quantizer passes its accumulator through: m = 1, s = 0,
        z = 0, lo and hi those of 32 bits, b the integer bias.
    """

    name: str
    input: str
    output: str
    weights: IntArray
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    requantization: Requantization

    @property
    def outputs(self) -> int:
        """Number of output channels."""
        return int(self.weights.shape[0])

    @property
    def kernel(self) -> tuple[int, int]:
        """(height, width)."""
        return int(self.weights.shape[1]), int(self.weights.shape[2])

    @property
    def rows(self) -> int:
        """Rows of the weight matrix, ordered (kernel y, kernel x, channel)."""
        return int(np.prod(self.weights.shape[1:]))

    @property
    def matrix(self) -> IntArray:
        """Weights as a matrix of shape ``(rows, outputs)``."""
        return self.weights.reshape(self.outputs, -1).T


@dataclass(frozen=True, kw_only=True)
class HostInput:
    """What the host does to one ONNX input before the accelerator: ``clip(round(x / scale) + zero_point)``.

    ``layout`` turns the file's own layout (without batch) into channel-last: a permutation applied after reshaping to
    ``file_shape``; the result has the tensor's shape.
    """

    name: str
    tensor: str
    file_shape: tuple[int, ...]
    file_type: str
    permutation: tuple[int, ...]
    scale: float
    zero_point: int


@dataclass(frozen=True, kw_only=True)
class HostOutput:
    """What the host does to one accelerator output: ``(code - zero_point) * scale + offset``, then ``tail`` in float32.

    ``scale`` and ``offset`` have shape ``(channels,)`` or ``(1,)``. ``permutation`` takes channel-last to the file's
    layout, of shape ``file_shape`` (without batch).
    """

    name: str
    tensor: str
    file_shape: tuple[int, ...]
    permutation: tuple[int, ...]
    scale: FloatArray
    offset: FloatArray
    zero_point: int
    tail: tuple[Literal["softmax"], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Network:
    """An integer-only graph; nothing of ONNX is left but names.

    ``layers`` are in execution order; each tensor is written once (by a layer or the host) before it is read.
    """

    name: str
    dialect: str
    tensors: dict[str, Tensor]
    layers: tuple[MatrixLayer, ...]
    inputs: tuple[HostInput, ...]
    outputs: tuple[HostOutput, ...]
    folded: tuple[str, ...] = field(default=())

    def with_layers(self, layers: tuple[MatrixLayer, ...]) -> Network:
        """Return the same network with other layers (a pass changed them)."""
        return replace(self, layers=layers)

    def layer(self, name: str) -> MatrixLayer:
        """Return the layer of this name."""
        return next(layer for layer in self.layers if layer.name == name)

    def positions(self, layer: MatrixLayer) -> int:
        """Output positions (height x width) of a layer."""
        height, width, _ = self.tensors[layer.output].shape
        return height * width

    def macs(self, layer: MatrixLayer) -> int:
        """Multiply-accumulates of a layer for one inference."""
        return self.positions(layer) * layer.rows * layer.outputs
