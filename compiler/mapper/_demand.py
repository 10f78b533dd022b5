"""What a layer asks of a core, and the rules by which a layer is refused before anything is placed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from nngen.arch import Core
from nngen.errors import CapacityError
from nngen.ir import MatrixLayer, Network
from nngen.numerics import PlaneFormat, slices_needed


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
        Cells side by side in which one weight is stored.
    planes
        Planes in which an input code is driven.
    positions
        Output positions of one inference.
    output_bytes
        Bytes of one output code.
    """

    name: str
    rows: int
    outputs: int
    kernel_row: int
    slices: int
    planes: int
    positions: int
    output_bytes: int

    def row_tiles(self, core: Core) -> int:
        """Return the fewest row ranges that the layer is cut into."""
        return -(-self.rows // core.macro.rows)


def layer_slices(layer: MatrixLayer, core: Core) -> int:
    """Return the slices of a layer's weights: as many as its largest magnitude needs."""
    return slices_needed(int(np.abs(layer.weights).max(initial=0)), core.macro.cell_bits)


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
        slices=layer_slices(layer, core),
        planes=layer_planes(network, layer, core).planes,
        positions=network.positions(layer),
        output_bytes=network.tensors[layer.output].element_bytes,
    )


def _input_fits_row_buffer(network: Network, layer: MatrixLayer, core: Core) -> None:
    tensor = network.tensors[layer.input]
    if tensor.bits > 8:
        raise CapacityError(
            f"layer '{layer.name}': codes of its input '{tensor.name}' must have at most 8 bits, not {tensor.bits}; "
            "quantize that tensor"
        )
    if tensor.bits > core.activation_bits:
        raise CapacityError(
            f"layer '{layer.name}': codes of its input '{tensor.name}' need {tensor.bits} bits, the row buffer has "
            f"{core.activation_bits}: set core[0].activation_bits = {tensor.bits}"
        )


def _planes_divide_signed_codes(network: Network, layer: MatrixLayer, core: Core) -> None:
    """A signed code is stored with its sign extended to a byte: a top plane that reaches beyond it would see that."""
    tensor, dac_bits = network.tensors[layer.input], core.macro.dac_bits
    if tensor.signed and tensor.bits % dac_bits:
        raise CapacityError(
            f"layer '{layer.name}': signed codes of {tensor.bits} bits cannot be driven in planes of {dac_bits} bits: "
            f"set core[0].macro.dac_bits to a divisor of {tensor.bits}"
        )


def _output_can_be_stored(network: Network, layer: MatrixLayer, _: Core) -> None:
    tensor = network.tensors[layer.output]
    if 8 < tensor.bits < 32:
        raise CapacityError(
            f"layer '{layer.name}': output codes must have at most 8 bits, or 32 for accumulators passed through, "
            f"not {tensor.bits}"
        )


def _weight_fits_adc(_: Network, layer: MatrixLayer, core: Core) -> None:
    slices, pairs = layer_slices(layer, core), core.macro.columns_per_adc
    if slices > pairs:
        largest = int(np.abs(layer.weights).max(initial=0))
        raise CapacityError(
            f"layer '{layer.name}': weights up to {largest} need {slices} pairs of {core.macro.cell_bits}-bit cells in "
            f"one ADC's group, which has {pairs}: set core[0].macro.columns_per_adc to at least {slices}"
        )


RULES: tuple[Callable[[Network, MatrixLayer, Core], None], ...] = (
    _input_fits_row_buffer,
    _planes_divide_signed_codes,
    _output_can_be_stored,
    _weight_fits_adc,
)
