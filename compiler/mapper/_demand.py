"""What a layer asks of a core, and the rules by which a layer is refused before anything is placed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nngen.arch import Core
from nngen.errors import CapacityError
from nngen.ir import MatrixLayer, Network
from nngen.numerics import PlaneFormat, WeightFormat

_WIDEST_CODE = 16


@dataclass(frozen=True, kw_only=True)
class Demand:
    """A layer in the numbers that placement needs.

    Parameters
    ----------
    name
        The layer.
    rows, outputs
        Shape of the weight matrix.
    kernel_row
        Matrix rows of one kernel row: what lies side by side in activation memory.
    slices
        Conversions side by side, a cell or pair on each word line, in which one weight is stored.
    planes
        Planes in which an input code is driven.
    positions
        Output positions of one inference.
    input_bytes, output_bytes
        Bytes of one input and one output code.
    """

    name: str
    rows: int
    outputs: int
    kernel_row: int
    slices: int
    planes: int
    positions: int
    input_bytes: int
    output_bytes: int

    def row_tiles(self, core: Core) -> int:
        """Return the fewest row ranges that the layer is cut into."""
        return -(-self.rows // core.macro.rows)


def layer_weights(layer: MatrixLayer, core: Core) -> WeightFormat:
    """Return how the layer's weights are stored."""
    return core.macro.weight_format(layer.weights)


def layer_planes(network: Network, layer: MatrixLayer, core: Core) -> PlaneFormat:
    """Return how the layer's input codes are driven."""
    tensor = network.tensors[layer.input]
    return PlaneFormat(bits=tensor.bits, signed=tensor.signed, dac_bits=core.macro.dac_bits)


def layer_demand(network: Network, layer: MatrixLayer, core: Core) -> Demand:
    """Return what a layer needs.

    Raises
    ------
    CapacityError
        Where no placement could make this core compute the layer: its codes or weights are too wide.
    """
    for rule in RULES:
        rule(network, layer, core)
    _, kernel_width = layer.kernel
    return Demand(
        name=layer.name,
        rows=layer.rows,
        outputs=layer.outputs,
        kernel_row=kernel_width * int(layer.weights.shape[3]),
        slices=layer_weights(layer, core).slices,
        planes=layer_planes(network, layer, core).planes,
        positions=network.positions(layer),
        input_bytes=network.tensors[layer.input].element_bytes,
        output_bytes=network.tensors[layer.output].element_bytes,
    )


def _input_fits_row_buffer(network: Network, layer: MatrixLayer, core: Core) -> None:
    tensor = network.tensors[layer.input]
    if tensor.bits > _WIDEST_CODE:
        raise CapacityError(
            f"layer '{layer.name}': codes of its input '{tensor.name}' must have at most 16 bits, not {tensor.bits}; "
            "quantize that tensor"
        )
    if tensor.bits > core.activation_bits:
        raise CapacityError(
            f"layer '{layer.name}': codes of its input '{tensor.name}' need {tensor.bits} bits, the row buffer has "
            f"{core.activation_bits}: set {core.where}.activation_bits = {tensor.bits}"
        )


def _padding_can_be_written(network: Network, layer: MatrixLayer, _: Core) -> None:
    """FILL writes one byte over and over: codes of two bytes come out right where both are equal."""
    tensor = network.tensors[layer.input]
    high, low = divmod(tensor.zero_point & 0xFFFF, 1 << 8)
    if any(layer.pads) and tensor.element_bytes == 2 and high != low:
        raise CapacityError(
            f"layer '{layer.name}': the zero point of its padded input '{tensor.name}', of {tensor.bits} bits, must "
            f"have two equal bytes, as 0 has, not {tensor.zero_point}; quantize that tensor symmetrically"
        )


def _output_can_be_stored(network: Network, layer: MatrixLayer, _: Core) -> None:
    tensor = network.tensors[layer.output]
    if _WIDEST_CODE < tensor.bits < 32:
        raise CapacityError(
            f"layer '{layer.name}': output codes must have at most 16 bits, or 32 for accumulators passed through, "
            f"not {tensor.bits}"
        )


def _weight_fits_adc(_: Network, layer: MatrixLayer, core: Core) -> None:
    weights, macro = layer_weights(layer, core), core.macro
    if weights.slices > macro.columns_per_adc:
        raise CapacityError(
            f"layer '{layer.name}': weights from {layer.weights.min()} to {layer.weights.max()} need {weights.slices} "
            f"{macro.conversion_noun}s of {macro.cell_bits}-bit cells in one ADC's group, which has "
            f"{macro.columns_per_adc}: set {core.where}.macro.columns_per_adc to at least {weights.slices}"
        )


RULES: tuple[Callable[[Network, MatrixLayer, Core], None], ...] = (
    _input_fits_row_buffer,
    _padding_can_be_written,
    _output_can_be_stored,
    _weight_fits_adc,
)
