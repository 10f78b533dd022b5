"""Collects the integer network while a dialect is read: tensors, layers, host ends and their layouts.

Rules
-----
1. A tensor stores the smallest format that holds its codes after every clip, and its zero point (the padding).
2. Bounds of the real value become codes: ``round(bound / scale) + zero point``; quantization is monotonic.
3. The layout of a network input is settled by its first reader (see ``layout``).
4. A last layer without quantizer passes its accumulator through, with ``integer`` on chip; scale and offset are the
   host's. Its largest sum is proven to fit 32 bits.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.errors import ModelError, NngenError
from nngen.ir import HostInput, HostOutput, MatrixLayer, Network, Tensor
from nngen.numerics import Requantization, accumulator_bits_needed, signed_bits

from .accumulation import Accumulation
from .graph import Graph, Node
from .layout import ImageShape, IntArray, View, default_layout, permutation_to
from .requantization import ACCUMULATOR_BITS, requantization
from .values import Activation, Codes, Quantizer, RawInput, Tail

LOWEST_ACCUMULATOR, HIGHEST_ACCUMULATOR = -(1 << (ACCUMULATOR_BITS - 1)), (1 << (ACCUMULATOR_BITS - 1)) - 1


class NetworkBuilder:
    """Grows a Network; ``graph`` is for names and messages."""

    def __init__(self, graph: Graph, *, name: str, dialect: str, multiplier_bits: int) -> None:
        self.graph = graph
        self._name, self._dialect = name, dialect
        self._multiplier_bits = multiplier_bits
        self._tensors: dict[str, Tensor] = {}
        self._layers: list[MatrixLayer] = []
        self._waiting: dict[str, Codes] = {}
        self._layouts: dict[str, IntArray] = {}
        self._inputs: list[HostInput] = []
        self._outputs: list[HostOutput] = []
        self._notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Record what was folded, or a warning."""
        self._notes.append(sentence)

    def finish(self) -> Network:
        """Return the network."""
        if not self._layers:
            raise ModelError(f"{self.graph.file}: the network must have a Conv, Gemm or MatMul, and has none")
        return Network(
            name=self._name,
            dialect=self._dialect,
            tensors=self._tensors,
            layers=tuple(self._layers),
            inputs=tuple(self._inputs),
            outputs=tuple(self._outputs),
            folded=self.graph.folded + tuple(self._notes),
        )

    # ------------------------------------------------------------------ tensors

    def known(self, codes: Codes) -> bool:
        """Return whether the codes' tensor exists already."""
        return codes.name in self._tensors or codes.name in self._waiting

    def add(self, codes: Codes) -> None:
        """Make the tensor of final codes, and the layer behind it; a network input waits for its layout."""
        if self.known(codes):
            return
        if isinstance(codes.source, RawInput):
            self._waiting[codes.name] = codes
        else:
            self._add_layer(codes.name, codes.source, codes.quantizer)

    def image(self, node: Node, activation: Activation) -> tuple[str, ImageShape]:
        """Return name and shape of the tensor that a Conv reads."""
        name = activation.codes.name
        if name in self._waiting:
            self._settle(node, name, activation.view.channel_last())
        shape = self._tensors[name].shape
        if not np.array_equal(self._view(activation).positions, View.of_image(shape).positions):
            raise self.graph.refusal(
                node, f"its input must keep the height, width and channels {list(shape)} it was made with"
            )
        return name, shape

    def vector(self, node: Node, activation: Activation) -> tuple[str, ImageShape, IntArray]:
        """Return name and shape of the tensor that a Gemm reads, and the position of each of its features."""
        name = activation.codes.name
        if name in self._waiting:
            self._settle(node, name)
        return name, self._tensors[name].shape, self._view(activation).positions.ravel()

    def _view(self, activation: Activation) -> View:
        layout = self._layouts.get(activation.codes.name)
        return activation.view if layout is None else activation.view.relative_to(layout)

    def _settle(self, node: Node | None, name: str, layout: IntArray | None = None) -> None:
        codes = self._waiting.pop(name)
        assert isinstance(codes.source, RawInput)
        value = codes.source.input
        file_shape = tuple(int(size) for size in value.shape[1:])
        layout = default_layout(file_shape) if layout is None else layout
        permutation = permutation_to(file_shape, layout)
        if permutation is None:
            reason = f"input {value.name!r} must reach it by one transpose of its dimensions {list(file_shape)}"
            raise self.graph.refusal(node, reason) if node else ModelError(f"{self.graph.file}: {reason}")
        self._layouts[name] = layout
        quantizer = codes.quantizer
        height, width, channels = layout.shape
        self._tensors[name] = _tensor(name, (height, width, channels), quantizer)
        integral = value.type != "float32"
        self._inputs.append(
            HostInput(
                name=value.name,
                tensor=name,
                file_shape=file_shape,
                file_type=value.type,
                permutation=permutation,
                scale=1.0 if integral else float(quantizer.scale),
                zero_point=0 if integral else quantizer.zero_point,
            )
        )

    # ------------------------------------------------------------------ layers

    def _add_layer(self, name: str, layer: Accumulation, quantizer: Quantizer) -> None:
        lowest = _bound_code(layer.lower, quantizer)
        highest = _bound_code(layer.upper, quantizer)
        step = np.float64(quantizer.scale)
        with np.errstate(over="ignore", under="ignore"):
            scale, offset = layer.scale / step, layer.offset / step
        try:
            constants = requantization(
                scale=scale,
                integer=layer.integer,
                offset=offset,
                zero_point=quantizer.zero_point,
                lowest=lowest,
                highest=highest,
                multiplier_bits=self._multiplier_bits,
            )
        except NngenError as error:
            raise ModelError(f"{self.graph.file}: layer {layer.name!r} cannot be requantized: {error}") from None
        vanished = np.count_nonzero((constants.multiplier == 0) & (layer.scale != 0))
        if vanished:
            self.note(
                f"warning: layer {layer.name!r}: the scale of {vanished} channels is too small to change any code"
            )
        narrowed = replace(quantizer, lowest=lowest, highest=highest)
        self._append(layer, _tensor(name, layer.shape, narrowed), constants)

    def _append(self, layer: Accumulation, tensor: Tensor, constants: Requantization) -> None:
        self._tensors[tensor.name] = tensor
        self._layers.append(
            MatrixLayer(
                name=layer.name,
                input=layer.input,
                output=tensor.name,
                weights=layer.weights,
                strides=layer.strides,
                pads=layer.pads,
                requantization=constants,
            )
        )

    def _pass_through(self, name: str, layer: Accumulation) -> None:
        source = self._tensors[layer.input]
        largest_code = max(abs(source.lowest), abs(source.highest), abs(source.zero_point))
        sums = np.abs(layer.weights).reshape(len(layer.weights), -1).sum(axis=1) * largest_code + np.abs(layer.integer)
        bits = accumulator_bits_needed(int(sums.max()))
        if bits > ACCUMULATOR_BITS:
            raise ModelError(
                f"{self.graph.file}: layer {layer.name!r} without output quantizer must fit {ACCUMULATOR_BITS} bits, "
                f"and needs {bits}; quantize its output"
            )
        relu = layer.lower == 0 and layer.upper == np.inf and not layer.offset.any() and (layer.scale > 0).all()
        if layer.bounded and not relu:
            raise ModelError(
                f"{self.graph.file}: layer {layer.name!r} is bounded by Relu or Clip without a quantizer behind it; "
                "quantize its output"
            )
        channels = len(layer.weights)
        constants = Requantization(
            multiplier=np.ones(channels, np.int64),
            offset=layer.integer,
            shift=np.zeros(channels, np.int64),
            zero_point=0,
            lowest=0 if relu else LOWEST_ACCUMULATOR,
            highest=HIGHEST_ACCUMULATOR,
        )
        tensor = Tensor(
            name=name,
            shape=layer.shape,
            bits=ACCUMULATOR_BITS,
            signed=True,
            zero_point=0,
            lowest=constants.lowest,
            highest=constants.highest,
        )
        self._append(layer, tensor, constants)
        self.note(f"layer {layer.name!r} has no output quantizer: its accumulators leave as 32-bit words")

    # ------------------------------------------------------------------ outputs

    def output(self, name: str, value: Activation | Accumulation | Tail) -> None:
        """Make a network output; ``name`` is that of the file."""
        source = value.source if isinstance(value, Tail) else value
        scale, offset, zero_point = np.ones(1), np.zeros(1), 0
        if isinstance(source, Activation):
            codes = source.codes
            tensor, zero_point = codes.name, codes.quantizer.zero_point
            if tensor in self._waiting:
                self._settle(None, tensor)
            scale = np.array([codes.quantizer.scale], np.float64)
            view = self._view(source)
        else:
            tensor = name
            self._pass_through(name, source)
            scale, offset, view = _shared(source.scale), _shared(source.offset), source.view
        permutation = permutation_to(self._tensors[tensor].shape, view.positions[0])
        if permutation is None:
            raise ModelError(f"{self.graph.file}: output {name!r} must be one transpose away from channel-last")
        self._outputs.append(
            HostOutput(
                name=name,
                tensor=tensor,
                file_shape=view.shape[1:],
                permutation=permutation,
                scale=scale.astype(np.float32),
                offset=offset.astype(np.float32),
                zero_point=zero_point,
                tail=("softmax",) if isinstance(value, Tail) else (),
            )
        )


def _tensor(name: str, shape: ImageShape, quantizer: Quantizer) -> Tensor:
    lowest = min(quantizer.lowest, quantizer.zero_point)
    highest = max(quantizer.highest, quantizer.zero_point)
    return Tensor(
        name=name,
        shape=shape,
        bits=signed_bits(lowest, highest) if lowest < 0 else max(1, highest.bit_length()),
        signed=lowest < 0,
        zero_point=quantizer.zero_point,
        lowest=quantizer.lowest,
        highest=quantizer.highest,
    )


def _bound_code(bound: float, quantizer: Quantizer) -> int:
    with np.errstate(over="ignore"):
        code = np.rint(np.float32(bound) / quantizer.scale) + quantizer.zero_point
    return int(np.clip(code, quantizer.lowest, quantizer.highest))


def _shared(values: np.ndarray) -> np.ndarray:
    return values[:1] if (values == values[0]).all() else values
