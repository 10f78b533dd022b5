"""Collects the integer network while a dialect is read: tensors, layers, host ends and their layouts.

Rules
-----
1. A tensor stores the smallest format that holds its codes after every clip, and its zero point (the padding).
2. Bounds of the real value become codes: ``round(bound / scale) + zero point``; quantization is monotonic.
3. The layout of a network input is settled by its first reader (see ``layout``).
4. A last layer without quantizer passes its accumulator through, with ``integer`` on chip; scale and offset are the
   host's. Its largest sum is proven to fit 32 bits.
5. Where a quantizer rounds after adding its zero point, b carries it and z is 0.
6. A function of codes becomes a layer with a table; ``merging`` then moves it into the layer before, where it can.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nngen.errors import ModelError, NngenError
from nngen.ir import ElementwiseLayer, HostInput, HostOutput, Network, PoolLayer, Tensor
from nngen.numerics import Requantization, accumulator_bits_needed

from .accumulation import Accumulation
from .copies import TensorBuilder, tensor_of, unchanged
from .functions import every_code
from .graph import Graph, Node
from .layout import ImageShape, IntArray, View, default_layout, permutation_to
from .merging import merge_layers
from .reach import largest_sum
from .requantization import ACCUMULATOR_BITS, requantization
from .roundings import codes_of, quantized_by_host, with_rounding
from .selection import Selection
from .separating import separate_halos
from .values import Activation, Codes, Pointwise, Quantizer, RawInput, Tail

CODE_TYPES = ("int8", "uint8", "int16", "uint16")
LOWEST_ACCUMULATOR, HIGHEST_ACCUMULATOR = -(1 << (ACCUMULATOR_BITS - 1)), (1 << (ACCUMULATOR_BITS - 1)) - 1


class NetworkBuilder(TensorBuilder):
    """Grows a Network; ``graph`` is for names and messages."""

    def __init__(self, graph: Graph, *, name: str, dialect: str, multiplier_bits: int) -> None:
        super().__init__(graph)
        self._name, self._dialect = name, dialect
        self._multiplier_bits = multiplier_bits
        self._inputs: list[HostInput] = []
        self._outputs: list[HostOutput] = []

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
        return separate_halos(merge_layers(network))

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

    def lowest_code(self, codes: Codes) -> int:
        """Return the lowest code of a tensor."""
        tensor = self._tensors.get(codes.name)
        return codes.quantizer.lowest if tensor is None else tensor.lowest

    def largest_code(self, name: str) -> int:
        """Return the largest magnitude of a tensor's codes."""
        return self._tensors[name].largest_code

    def code_range(self, name: str) -> tuple[int, int]:
        """Return the lowest and highest code of a tensor."""
        return self._tensors[name].lowest, self._tensors[name].highest

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
        self._tensors[name] = tensor_of(name, (height, width, channels), quantizer)
        integral = value.type != "float32"
        self._inputs.append(
            HostInput(
                name=value.name,
                tensor=name,
                file_shape=file_shape,
                file_type=value.type,
                permutation=permutation,
                **({"scale": 1.0, "zero_point": 0} if integral else quantized_by_host(quantizer, codes.source.head)),
            )
        )

    # ------------------------------------------------------------------ layers

    def _add_layer(self, name: str, made: Accumulation, quantizer: Quantizer) -> None:
        lowest = _bound_code(made.lower, quantizer)
        highest = _bound_code(made.upper, quantizer)
        narrowed = replace(quantizer, lowest=lowest, highest=highest)
        constants = made.settled or self._constants(made, narrowed, 1.0)
        layer = made.layer
        if isinstance(layer, PoolLayer):
            by_count = tuple(
                (count, self._constants(made, narrowed, layer.rows / count)) for count, _ in layer.by_count
            )
            layer = replace(layer, by_count=by_count)
        vanished = np.count_nonzero((constants.multiplier == 0) & (made.scale != 0))
        if vanished:
            self.note(f"warning: layer {made.name!r}: the scale of {vanished} channels is too small to change any code")
        self._append(replace(made, layer=layer), tensor_of(name, made.shape, narrowed), constants)

    def _constants(self, made: Accumulation, quantizer: Quantizer, factor: float) -> Requantization:
        """Return the constants of a layer whose accumulators count ``factor`` times."""
        step = np.float64(quantizer.scale)
        with np.errstate(over="ignore", under="ignore"):
            scale, offset = made.scale * factor / step, made.offset / step
        try:
            constants = requantization(
                scale=scale,
                integer=made.integer,
                offset=offset,
                slope=made.slope,
                zero_point=quantizer.zero_point,
                lowest=quantizer.lowest,
                highest=quantizer.highest,
                multiplier_bits=self._multiplier_bits - (made.parts - 1),
            )
            if made.parts > 1:
                multipliers = constants.multiplier, constants.negative_multiplier
                m, m2 = (made.parts * multiplier for multiplier in multipliers)
                constants = replace(constants, multiplier=m, negative_multiplier=m2)
            return with_rounding(constants, quantizer.rounding, after_zero_point=quantizer.after_zero_point)
        except NngenError as error:
            raise ModelError(f"{self.graph.file}: layer {made.name!r} cannot be requantized: {error}") from None

    def _append(self, made: Accumulation, tensor: Tensor, constants: Requantization) -> None:
        self._tensors[tensor.name] = replace(tensor, channel_order=_channel_order(made.view, made.shape))
        self._layers.append(replace(made.layer, name=made.name, output=tensor.name, requantization=constants))

    def _add_table(self, name: str, made: Pointwise, quantizer: Quantizer) -> None:
        source = self._tensors[made.codes.name]
        with np.errstate(over="ignore"):
            codes = codes_of(made.values, quantizer)
        table = np.clip(codes, quantizer.lowest, quantizer.highest).astype(np.int64)
        every = every_code(made.codes.quantizer)
        possible = table[(every >= source.lowest) & (every <= source.highest)]
        narrowed = replace(quantizer, lowest=int(possible.min()), highest=int(possible.max()))
        order = _channel_order(made.view, source.shape)
        self._tensors[name] = replace(tensor_of(name, source.shape, narrowed), channel_order=order)
        self._layers.append(
            ElementwiseLayer(
                name=made.name,
                inputs=(source.name,),
                output=name,
                coefficients=(1,),
                requantization=unchanged(source),
                table=table,
            )
        )

    def _pass_through(self, name: str, made: Accumulation) -> None:
        codes = [self._tensors[source].largest_code for source in made.layer.inputs]
        largest = largest_sum(made.layer, codes) * made.parts + np.abs(made.integer)
        bits = accumulator_bits_needed(int(largest.max()))
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
            multiplier=np.full(channels, made.parts, np.int64),
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
            kind = self._kind(name, source)
            self._end(name, name, source.view, _shared(source.scale), _shared(source.offset), 0, tail, kind)

    def _kind(self, name: str, made: Accumulation) -> str:
        """Return the type of an output that holds accumulators or their real values."""
        if name not in self.graph.integral:
            return "float32"
        if (made.scale != 1).any() or made.offset.any():
            what = f"{self.graph.file}: output {name!r}"
            raise ModelError(f"{what} must be the integers of a layer, or float32; end the network with a Cast")
        return "int32"

    def _append_output(self, name: str, end: Activation | Codes, activation: Activation, *, tail: Tail | None) -> None:
        """Append an output that holds codes, or their real values."""
        codes = activation.codes
        if codes.name in self._waiting:
            self._settle(None, codes.name)
        activation = self.whole(None, activation)
        shape, view = self._tensors[activation.codes.name].shape, self._view(activation)
        if permutation_to(shape, view.positions[0]) is None and self._way_to_copy(view, shape) is not None:
            activation = self.reordered(None, activation)
        codes, view, zero = activation.codes, self._view(activation), np.zeros(1)
        if isinstance(end, Codes):
            self._end(name, codes.name, view, np.ones(1), zero, 0, tail, codes.quantizer.type)
        else:
            how = codes.quantizer
            scale = np.array([how.scale], np.float64) * how.parts
            offset = scale * (how.parts * how.padding - how.zero_point) / how.parts
            self._end(name, codes.name, view, scale, offset, how.padding, tail)

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


def _channel_order(view: View, shape: ImageShape) -> tuple[int, ...]:
    """Return which channel of a tensor each of the file's is, where that is another."""
    if len(view.shape) not in (3, 4):
        return ()
    picked = Selection.of(view.channel_last(), shape)
    if (
        picked is None
        or picked.pads is None
        or picked.order is None
        or np.array_equal(picked.order, np.arange(shape[2]))
    ):
        return ()
    return tuple(picked.order.tolist())


def _bound_code(bound: float, quantizer: Quantizer) -> int:
    with np.errstate(over="ignore"):
        code = codes_of(np.array([bound], np.float32), quantizer)[0]
    return int(np.clip(code, quantizer.lowest, quantizer.highest))


def _shared(values: np.ndarray) -> np.ndarray:
    return values[:1] if (values == values[0]).all() else values
