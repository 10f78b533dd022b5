"""Collects the integer network while a dialect is read: tensors, layers, host ends and their layouts.

Rules
-----
1. A tensor stores the smallest format that holds its codes after every clip, and its zero point (the padding).
2. Bounds of the real value become codes: ``round(bound / scale) + zero point``; quantization is monotonic.
3. The layout of a network input is settled by its first reader (see ``layout``).
4. A last layer without quantizer passes its accumulator through, with ``integer`` on chip; scale and offset are the
   host's. Its largest sum is proven to fit 32 bits.
5. A function of codes becomes a layer with a table; ``merging`` then moves it into the layer before, where it can.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.errors import ModelError, NngenError
from nngen.ir import ElementwiseLayer, HostInput, HostOutput, Layer, Network, PoolLayer, Tensor
from nngen.numerics import Requantization, accumulator_bits_needed

from .accumulation import Accumulation
from .functions import every_code
from .graph import Graph, Node
from .layout import ImageShape, IntArray, View, default_layout, permutation_to
from .merging import merge_layers
from .reach import largest_sum
from .requantization import ACCUMULATOR_BITS, requantization
from .values import Activation, Codes, Pointwise, Quantizer, RawInput, Tail

CODE_TYPES = ("int8", "uint8", "int16", "uint16")
LOWEST_ACCUMULATOR, HIGHEST_ACCUMULATOR = -(1 << (ACCUMULATOR_BITS - 1)), (1 << (ACCUMULATOR_BITS - 1)) - 1


class NetworkBuilder:
    """Grows a Network; ``graph`` is for names and messages."""

    def __init__(self, graph: Graph, *, name: str, dialect: str, multiplier_bits: int) -> None:
        self.graph = graph
        self._name, self._dialect = name, dialect
        self._multiplier_bits = multiplier_bits
        self._tensors: dict[str, Tensor] = {}
        self._layers: list[Layer] = []
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
            raise ModelError(f"{self.graph.file}: the network must have a layer, and has none")
        network = Network(
            name=self._name,
            dialect=self._dialect,
            tensors=self._tensors,
            layers=tuple(self._layers),
            inputs=tuple(self._inputs),
            outputs=tuple(self._outputs),
            folded=self.graph.folded + tuple(self._notes),
        )
        return merge_layers(network)

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
        elif isinstance(codes.source, Pointwise):
            self._add_table(codes.name, codes.source, codes.quantizer)
        else:
            self._add_layer(codes.name, codes.source, codes.quantizer)

    def image(self, node: Node, activation: Activation) -> tuple[str, ImageShape]:
        """Return name and shape of the tensor that a Conv or pool reads."""
        name = activation.codes.name
        if name in self._waiting:
            self._settle(node, name, activation.view.channel_last())
        shape = self._tensors[name].shape
        view = self._view(activation)
        if not np.array_equal(view.channel_last(), View.of_image(shape).channel_last()):
            raise self.graph.refusal(
                node, f"its input must keep the height, width and channels {list(shape)} it was made with"
            )
        return name, shape

    def operand(self, node: Node, activation: Activation) -> tuple[str, ImageShape, View]:
        """Return name and shape of the tensor that a node reads in any order, and how the node sees it."""
        name = activation.codes.name
        if name in self._waiting:
            self._settle(node, name)
        return name, self._tensors[name].shape, self._view(activation)

    def largest_code(self, name: str) -> int:
        """Return the largest magnitude of a tensor's codes."""
        return self._tensors[name].largest_code

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

    def _add_layer(self, name: str, made: Accumulation, quantizer: Quantizer) -> None:
        lowest = _bound_code(made.lower, quantizer)
        highest = _bound_code(made.upper, quantizer)
        narrowed = replace(quantizer, lowest=lowest, highest=highest)
        constants = self._constants(made, narrowed, 1.0)
        layer = made.layer
        if isinstance(layer, PoolLayer):
            by_count = tuple(
                (count, self._constants(made, narrowed, layer.rows / count)) for count, _ in layer.by_count
            )
            layer = replace(layer, by_count=by_count)
        vanished = np.count_nonzero((constants.multiplier == 0) & (made.scale != 0))
        if vanished:
            self.note(f"warning: layer {made.name!r}: the scale of {vanished} channels is too small to change any code")
        self._append(replace(made, layer=layer), _tensor(name, made.shape, narrowed), constants)

    def _constants(self, made: Accumulation, quantizer: Quantizer, factor: float) -> Requantization:
        """Return the constants of a layer whose accumulators count ``factor`` times."""
        step = np.float64(quantizer.scale)
        with np.errstate(over="ignore", under="ignore"):
            scale, offset = made.scale * factor / step, made.offset / step
        try:
            return requantization(
                scale=scale,
                integer=made.integer,
                offset=offset,
                slope=made.slope,
                zero_point=quantizer.zero_point,
                lowest=quantizer.lowest,
                highest=quantizer.highest,
                multiplier_bits=self._multiplier_bits,
            )
        except NngenError as error:
            raise ModelError(f"{self.graph.file}: layer {made.name!r} cannot be requantized: {error}") from None

    def _append(self, made: Accumulation, tensor: Tensor, constants: Requantization) -> None:
        self._tensors[tensor.name] = tensor
        self._layers.append(replace(made.layer, name=made.name, output=tensor.name, requantization=constants))

    def _add_table(self, name: str, made: Pointwise, quantizer: Quantizer) -> None:
        source = self._tensors[made.codes.name]
        with np.errstate(over="ignore"):
            codes = np.rint(made.values / np.float32(quantizer.scale)).astype(np.float64) + quantizer.zero_point
        table = np.clip(codes, quantizer.lowest, quantizer.highest).astype(np.int64)
        every = every_code(made.codes.quantizer)
        possible = table[(every >= source.lowest) & (every <= source.highest)]
        narrowed = replace(quantizer, lowest=int(possible.min()), highest=int(possible.max()))
        self._tensors[name] = _tensor(name, source.shape, narrowed)
        self._layers.append(
            ElementwiseLayer(
                name=made.name,
                inputs=(source.name,),
                output=name,
                coefficients=(1,),
                requantization=_unchanged(source),
                table=table,
            )
        )

    def _pass_through(self, name: str, made: Accumulation) -> None:
        codes = [self._tensors[source].largest_code for source in made.layer.inputs]
        bits = accumulator_bits_needed(int((largest_sum(made.layer, codes) + np.abs(made.integer)).max()))
        where = f"{self.graph.file}: layer {made.name!r}"
        if bits > ACCUMULATOR_BITS:
            raise ModelError(
                f"{where} without output quantizer must fit {ACCUMULATOR_BITS} bits, and needs {bits}; "
                "quantize its output"
            )
        relu = made.lower == 0 and made.upper == np.inf and not made.offset.any() and (made.scale > 0).all()
        if (made.bounded and not relu) or made.slope is not None:
            operator = "bounded by Relu or Clip" if made.bounded else "bent by LeakyRelu or PRelu"
            raise ModelError(f"{where} is {operator} without a quantizer behind it; quantize its output")
        if isinstance(made.layer, PoolLayer) and made.layer.by_count:
            raise ModelError(f"{where} averages without its padding and has no output quantizer; quantize its output")
        channels = made.channels
        constants = Requantization(
            multiplier=np.ones(channels, np.int64),
            offset=made.integer,
            shift=np.zeros(channels, np.int64),
            zero_point=0,
            lowest=0 if relu else LOWEST_ACCUMULATOR,
            highest=HIGHEST_ACCUMULATOR,
        )
        tensor = Tensor(
            name=name,
            shape=made.shape,
            bits=ACCUMULATOR_BITS,
            signed=True,
            zero_point=0,
            lowest=constants.lowest,
            highest=constants.highest,
        )
        self._append(made, tensor, constants)
        self.note(f"layer {made.name!r} has no output quantizer: its accumulators leave as 32-bit words")

    # ------------------------------------------------------------------ outputs

    def output(self, name: str, value: Activation | Accumulation | Codes | Tail) -> None:
        """Make a network output; ``name`` is that of the file."""
        source = value.source if isinstance(value, Tail) else value
        if isinstance(source, Codes):
            if source.quantizer.type not in CODE_TYPES:
                known = ", ".join(CODE_TYPES)
                what = f"{self.graph.file}: output {name!r}"
                raise ModelError(f"{what} must hold float32 or codes of {known}, not {source.quantizer.type}")
            self.add(source)
            self._append_output(name, source, Activation(codes=source, view=source.view), tail=None)
        elif isinstance(source, Activation):
            self._append_output(name, source, source, tail=value if isinstance(value, Tail) else None)
        else:
            self._pass_through(name, source)
            tail = value if isinstance(value, Tail) else None
            self._end(name, name, source.view, _shared(source.scale), _shared(source.offset), 0, tail)

    def _append_output(self, name: str, end: Activation | Codes, activation: Activation, *, tail: Tail | None) -> None:
        """Append an output that holds codes, or their real values."""
        codes = activation.codes
        if codes.name in self._waiting:
            self._settle(None, codes.name)
        view, zero = self._view(activation), np.zeros(1)
        if isinstance(end, Codes):
            self._end(name, codes.name, view, np.ones(1), zero, 0, tail, codes.quantizer.type)
        else:
            scale = np.array([codes.quantizer.scale], np.float64)
            self._end(name, codes.name, view, scale, zero, codes.quantizer.zero_point, tail)

    def _end(  # noqa: PLR0917 - the fields of HostOutput
        self,
        name: str,
        tensor: str,
        view: View,
        scale: np.ndarray,
        offset: np.ndarray,
        zero_point: int,
        tail: Tail | None,
        file_type: str = "float32",
    ) -> None:
        permutation = permutation_to(self._tensors[tensor].shape, view.positions[0])
        if permutation is None:
            raise ModelError(f"{self.graph.file}: output {name!r} must be one transpose away from channel-last")
        end = HostOutput(
            name=name,
            tensor=tensor,
            file_shape=view.shape[1:],
            permutation=permutation,
            scale=scale.astype(np.float32),
            offset=offset.astype(np.float32),
            zero_point=zero_point,
            file_type=file_type,
        )
        if tail is not None:
            end = replace(end, tail=tail.steps)
            if tail.quantizer is not None:
                coded = tail.steps[-1] == "quantize"
                end = replace(
                    end,
                    file_type=tail.quantizer.type if coded else "float32",
                    tail_type=tail.quantizer.type,
                    tail_scale=float(tail.quantizer.scale),
                    tail_zero_point=tail.quantizer.zero_point,
                )
        self._outputs.append(end)


def _tensor(name: str, shape: ImageShape, quantizer: Quantizer) -> Tensor:
    return Tensor(
        name=name,
        shape=shape,
        bits=quantizer.bits,
        signed=quantizer.signed,
        zero_point=quantizer.zero_point,
        lowest=quantizer.lowest,
        highest=quantizer.highest,
        scale=float(quantizer.scale),
    )


def _unchanged(tensor: Tensor) -> Requantization:
    """Return constants that leave the codes of a tensor as they are."""
    ones = np.ones(tensor.shape[2], np.int64)
    return Requantization(
        multiplier=ones,
        offset=0 * ones,
        shift=0 * ones,
        zero_point=0,
        lowest=tensor.lowest,
        highest=tensor.highest,
    )


def _bound_code(bound: float, quantizer: Quantizer) -> int:
    with np.errstate(over="ignore"):
        code = np.rint(np.float32(bound) / quantizer.scale) + quantizer.zero_point
    return int(np.clip(code, quantizer.lowest, quantizer.highest))


def _shared(values: np.ndarray) -> np.ndarray:
    return values[:1] if (values == values[0]).all() else values
