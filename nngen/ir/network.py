"""The integer network: what every dialect of ONNX becomes, and what the golden model computes.

All tensors are channel-last. A fully connected layer is a convolution whose kernel covers its whole input, so that
one kind of layer serves both; Flatten and Reshape are gone, folded into the order of the weight rows.

A layer is one of seven kinds. A ``MatrixLayer`` multiplies with a matrix and belongs on crossbar macros; the others are
vector layers: digital, and always exact. Every kind ends alike: accumulators, requantization, then a table where it has
one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

import numpy as np
import numpy.typing as npt

from nngen.numerics import Requantization

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float32]
TailStep = Literal["softmax", "log_softmax", "sigmoid", "quantize", "dequantize"]
HeadOperator = Literal["add", "subtract", "multiply", "divide", "floor", "ceil", "down", "up", "half_up", "half_down"]
HeadStep = tuple[HeadOperator, float]


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
    scale
        Real value of one step of the codes, a float32 number; 1 where it differs between channels (accumulators).
    channel_order
        Which channel each of the ONNX tensor's is, where a layer took another order along; else empty.
    """

    name: str
    shape: tuple[int, int, int]
    bits: int
    signed: bool
    zero_point: int
    lowest: int
    highest: int
    scale: float = 1.0
    channel_order: tuple[int, ...] = ()

    @property
    def element_bytes(self) -> int:
        """Bytes a code takes in activation memory: 1, 2 or 4."""
        return 1 if self.bits <= 8 else 2 if self.bits <= 16 else 4

    @property
    def largest_code(self) -> int:
        """Largest magnitude of a code, or of the zero point (which padding holds)."""
        return max(abs(self.lowest), abs(self.highest), abs(self.zero_point))

    @property
    def elements(self) -> int:
        """Number of codes."""
        return int(np.prod(self.shape))


@dataclass(frozen=True, kw_only=True)
class BaseLayer:
    """What every kind of layer has.

    Parameters
    ----------
    name
        ONNX output tensor: the layer's identity in ``mapping.json`` and in reports.
    output
        Name of the tensor of the network that it writes.
    requantization
        Constants from accumulators to codes, one value of each for every output channel. A layer without output
        quantizer passes its accumulator through: m = 1, s = 0, z = 0, lo and hi those of 32 bits, b the integer bias.
    table
        Codes of 8 bits are looked up after requantization: the tensor holds ``table[code & 0xFF]``, shape ``(256,)``.
    """

    name: str
    output: str
    requantization: Requantization
    table: IntArray | None = None

    @property
    def outputs(self) -> int:
        """Number of output channels."""
        return int(self.requantization.shift.size)

    def looked_up(self, codes: IntArray) -> IntArray:
        """Return what the table makes of codes; the codes where there is none."""
        return codes if self.table is None else self.table[codes & 0xFF]


@dataclass(frozen=True, kw_only=True)
class WindowLayer(BaseLayer):
    """A layer whose window moves over its one input.

    Parameters
    ----------
    input
        Name of the tensor that it reads.
    strides
        (vertical, horizontal).
    pads
        (top, left, bottom, right); ``Network.padding`` says which code they hold.
    dilations
        (vertical, horizontal) distance between the elements of a window.
    """

    input: str
    strides: tuple[int, int]
    pads: tuple[int, int, int, int]
    dilations: tuple[int, int] = (1, 1)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors that the layer reads."""
        return (self.input,)

    @property
    def kernel(self) -> tuple[int, int]:
        """(height, width) of the window, in elements that it reads."""
        raise NotImplementedError

    @property
    def extent(self) -> tuple[int, int]:
        """(height, width) that the window spans: dilation spreads its elements."""
        (height, width), (down, across) = self.kernel, self.dilations
        return (height - 1) * down + 1, (width - 1) * across + 1

    @property
    def rows(self) -> int:
        """Terms of one accumulator."""
        return self.kernel[0] * self.kernel[1]


@dataclass(frozen=True, kw_only=True)
class PointLayer(BaseLayer):
    """A layer whose outputs each read one position of all its inputs: a window of one element.

    Parameters
    ----------
    inputs
        Names of the tensors that it reads; one may come twice.
    """

    inputs: tuple[str, ...]

    kernel: ClassVar[tuple[int, int]] = (1, 1)
    extent: ClassVar[tuple[int, int]] = (1, 1)
    strides: ClassVar[tuple[int, int]] = (1, 1)
    pads: ClassVar[tuple[int, int, int, int]] = (0, 0, 0, 0)
    dilations: ClassVar[tuple[int, int]] = (1, 1)

    @property
    def rows(self) -> int:
        """Terms of one accumulator."""
        return 1

    @property
    def macs_per_position(self) -> int:
        """Multiply-accumulates for one output position."""
        return 0


@dataclass(frozen=True, kw_only=True)
class MatrixLayer(WindowLayer):
    """A convolution (or fully connected layer): the work of crossbar macros.

    ``acc[o] = sum over (ky, kx, c) of weights[o, ky, kx, c] * x[...]`` with raw codes x; padding holds the input's zero
    point. The correction of the zero point and the bias live in the requantization's offset. A grouped convolution is
    dense here: zeros beside the blocks of its groups.

    Parameters
    ----------
    weights
        int64, shape ``(outputs, kernel_height, kernel_width, input_channels)``.
    """

    weights: IntArray

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

    @property
    def macs_per_position(self) -> int:
        """Multiply-accumulates for one output position."""
        return self.rows * self.outputs


@dataclass(frozen=True, kw_only=True)
class DepthwiseLayer(WindowLayer):
    """A convolution of every channel with its own kernel.

    ``acc[c] = sum over (ky, kx) of weights[c, ky, kx] * x[..., c]`` with raw codes x; padding, zero point and bias are
    as in a ``MatrixLayer``.

    Parameters
    ----------
    weights
        int64, shape ``(channels, kernel_height, kernel_width)``.
    """

    weights: IntArray

    @property
    def kernel(self) -> tuple[int, int]:
        """(height, width)."""
        return int(self.weights.shape[1]), int(self.weights.shape[2])

    @property
    def macs_per_position(self) -> int:
        """Multiply-accumulates for one output position."""
        return self.rows * self.outputs


@dataclass(frozen=True, kw_only=True)
class PoolLayer(WindowLayer):
    """The largest code, or the sum of all codes, of every channel's window.

    Of kind ``max``, ``acc[c] = max(x[..., c])`` over the window, padding holds the tensor's lowest code, and the
    requantization is the identity unless scales differ. Of kind ``average``, ``acc[c] = sum of x[..., c]`` with raw
    codes; padding holds the zero point, so that b corrects all windows alike: - zero point x elements of a window x m.

    Parameters
    ----------
    kind
        What becomes of a window.
    size
        (height, width) of the window.
    by_count
        Constants for windows that reach into padding which does not count: for each number of covered elements that
        occurs and is below the full window's. Empty where padding counts, or where there is none. They share z, lo, hi
        and rounding with ``requantization``, which serves full windows.
    """

    kind: Literal["max", "average"]
    size: tuple[int, int]
    by_count: tuple[tuple[int, Requantization], ...] = ()

    @property
    def kernel(self) -> tuple[int, int]:
        """(height, width)."""
        return self.size

    @property
    def macs_per_position(self) -> int:
        """Multiply-accumulates for one output position: none."""
        return 0

    def requantization_of(self, count: int) -> Requantization:
        """Return the constants for windows that cover ``count`` elements of the input."""
        return next((constants for number, constants in self.by_count if number == count), self.requantization)

    def covered(self, height: int, width: int) -> IntArray:
        """Return how many elements of an input of this size each window covers, shape (rows, columns of outputs)."""
        return np.outer(self._covered_along(0, height), self._covered_along(1, width))

    def _covered_along(self, axis: int, size: int) -> IntArray:
        before, after = self.pads[axis], self.pads[axis + 2]
        first = np.arange(0, before + size + after - self.extent[axis] + 1, self.strides[axis]) - before
        places = first[:, None] + np.arange(self.size[axis]) * self.dilations[axis]
        counts: IntArray = ((places >= 0) & (places < size)).sum(axis=1)
        return counts


@dataclass(frozen=True, kw_only=True)
class ElementwiseLayer(PointLayer):
    """A weighted sum of tensors of one shape, before any rounding: ``acc = sum over k of coefficients[k] * x_k``.

    Residual additions, a lone requantization, and a lone table (coefficient 1). Raw codes; b carries
    ``-sum of coefficients[k] * zero_point_k``, times m.

    Parameters
    ----------
    coefficients
        Signed integers of at most 24 bits, one for each input; the sum of their magnitudes, each times the largest
        code of its input, fits the accumulator.
    """

    coefficients: tuple[int, ...]

    @property
    def rows(self) -> int:
        """Terms of one accumulator."""
        return len(self.inputs)

    @property
    def macs_per_position(self) -> int:
        """Multiply-accumulates for one output position."""
        return self.rows * self.outputs


@dataclass(frozen=True, kw_only=True)
class ConcatLayer(PointLayer):
    """Tensors of one height and width, their channels one after the other: ``acc = x`` with raw codes.

    The requantization has a value for every output channel, so that inputs may differ in scale and zero point:
    ``Network.channel_ranges`` says which are whose.
    """


@dataclass(frozen=True, kw_only=True)
class ProductLayer(PointLayer):
    """The product of two tensors, element by element: ``acc = (x - zero_points[0]) * (y - zero_points[1])``.

    The second has the first's shape, or is one pixel of as many channels, which then counts for every position
    (squeeze and excite).

    Parameters
    ----------
    zero_points
        What is taken away from the codes of each input before they are multiplied.
    """

    zero_points: tuple[int, int]

    @property
    def macs_per_position(self) -> int:
        """Multiply-accumulates for one output position."""
        return self.outputs


@dataclass(frozen=True, kw_only=True)
class CopyLayer(PointLayer):
    """Rows, columns and channels picked out of its one input: ``acc[y, x, c] = x[rows_read[y], columns_read[x], ...]``.

    Slices, reordered channels, repeated pixels, padding that no window can take: whatever is not free elsewhere. Raw
    codes; the requantization is the same for all channels, and keeps codes unless a range or a table moved in.

    Parameters
    ----------
    rows_read, columns_read
        Which of the input's; one that is below 0 or beyond the input's last is padding of code ``fill``.
    channels_read
        Which of the input's, all of them there.
    fill
        Code of the padding.
    """

    rows_read: tuple[int, ...]
    columns_read: tuple[int, ...]
    channels_read: tuple[int, ...]
    fill: int = 0


Layer = MatrixLayer | DepthwiseLayer | PoolLayer | ElementwiseLayer | ConcatLayer | ProductLayer | CopyLayer


@dataclass(frozen=True, kw_only=True)
class HostInput:
    """What the host does to one ONNX input before the accelerator: ``clip(round(x / scale) + zero_point)``.

    ``layout`` turns the file's own layout (without batch) into channel-last: a permutation applied after reshaping to
    ``file_shape``; the result has the tensor's shape. The steps of ``head`` come before, in float32: an operator and
    its right operand (0 for those that round).
    """

    name: str
    tensor: str
    file_shape: tuple[int, ...]
    file_type: str
    permutation: tuple[int, ...]
    scale: float
    zero_point: int
    head: tuple[HeadStep, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HostOutput:
    """What the host does to one accelerator output: ``(code - zero_point) * scale + offset``, then ``tail`` in float32.

    ``scale`` and ``offset`` have shape ``(channels,)`` or ``(1,)``. ``permutation`` takes channel-last to the file's
    layout, of shape ``file_shape`` (without batch), of element type ``file_type``. Steps of the tail that quantize
    or dequantize do so to codes of ``tail_type`` with ``tail_scale`` and ``tail_zero_point``.
    """

    name: str
    tensor: str
    file_shape: tuple[int, ...]
    permutation: tuple[int, ...]
    scale: FloatArray
    offset: FloatArray
    zero_point: int
    tail: tuple[TailStep, ...] = ()
    file_type: str = "float32"
    tail_type: str = "float32"
    tail_scale: float = 1.0
    tail_zero_point: int = 0


@dataclass(frozen=True, kw_only=True)
class Network:
    """An integer-only graph; nothing of ONNX is left but names.

    ``layers`` are in execution order; each tensor is written once (by a layer or the host) before it is read.
    """

    name: str
    dialect: str
    tensors: dict[str, Tensor]
    layers: tuple[Layer, ...]
    inputs: tuple[HostInput, ...]
    outputs: tuple[HostOutput, ...]
    folded: tuple[str, ...] = field(default=())

    @property
    def matrix_layers(self) -> tuple[MatrixLayer, ...]:
        """The layers that belong on crossbar macros."""
        return tuple(layer for layer in self.layers if isinstance(layer, MatrixLayer))

    def with_layers(self, layers: Sequence[Layer]) -> Network:
        """Return the same network with other layers (a pass changed them)."""
        return replace(self, layers=tuple(layers))

    def layer(self, name: str) -> Layer:
        """Return the layer of this name."""
        return next(layer for layer in self.layers if layer.name == name)

    def readers(self, tensor: str) -> tuple[Layer, ...]:
        """Return the layers that read a tensor, in execution order."""
        return tuple(layer for layer in self.layers if tensor in layer.inputs)

    def writer(self, tensor: str) -> Layer | None:
        """Return the layer that writes a tensor; None for an input of the network."""
        return next((layer for layer in self.layers if layer.output == tensor), None)

    def padding(self, layer: Layer) -> int:
        """Return the code that the padding of a layer's input holds: it changes no result."""
        source = self.tensors[layer.inputs[0]]
        if isinstance(layer, CopyLayer):
            return layer.fill
        return source.lowest if isinstance(layer, PoolLayer) and layer.kind == "max" else source.zero_point

    def channel_ranges(self, layer: ConcatLayer) -> tuple[tuple[int, int], ...]:
        """Return the output channels [a, b) that each input of a concatenation becomes."""
        ends = np.cumsum([self.tensors[name].shape[2] for name in layer.inputs]).tolist()
        return tuple(zip([0, *ends], ends, strict=False))

    def output_shape(self, layer: Layer) -> tuple[int, int, int]:
        """Return the (height, width, channels) that a layer makes of its inputs."""
        if isinstance(layer, CopyLayer):
            return len(layer.rows_read), len(layer.columns_read), len(layer.channels_read)
        height, width, channels = self.tensors[layer.inputs[0]].shape
        top, left, bottom, right = layer.pads
        rows = (height + top + bottom - layer.extent[0]) // layer.strides[0] + 1
        columns = (width + left + right - layer.extent[1]) // layer.strides[1] + 1
        if isinstance(layer, MatrixLayer):
            channels = layer.outputs
        elif isinstance(layer, ConcatLayer):
            channels = sum(self.tensors[name].shape[2] for name in layer.inputs)
        return rows, columns, channels

    def positions(self, layer: Layer) -> int:
        """Output positions (height x width) of a layer."""
        height, width, _ = self.tensors[layer.output].shape
        return height * width

    def macs(self, layer: Layer) -> int:
        """Multiply-accumulates of a layer for one inference."""
        return self.positions(layer) * layer.macs_per_position
