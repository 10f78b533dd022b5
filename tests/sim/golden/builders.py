"""Small cores, networks and machines, made by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nngen.arch import Core, Macro
from nngen.ir import HostInput, LayerMapping, Mapping, MatrixLayer, Network, Tensor, Tile
from nngen.numerics import Encoding, Requantization
from nngen.sim.golden import GoldenMachine

IntArray = npt.NDArray[np.int64]


def make_core(
    *,
    rows: int = 16,
    cell_bits: int = 2,
    dac_bits: int = 1,
    adc_bits: int = 5,
    encoding: Encoding = "differential",
) -> Core:
    macro = Macro(
        rows=rows,
        columns=64,
        dac_bits=dac_bits,
        cell_bits=cell_bits,
        encoding=encoding,
        columns_per_adc=4,
        gains=(1, 2, 4, 8),
        controller="sar",
        adc_bits=adc_bits,
        sample_cycles=1,
    )
    return Core(
        macros=4,
        macro=macro,
        activation_bits=8,
        accumulator_bits=32,
        multiplier_bits=25,
        queue_depth=2,
        activation_bytes=1024,
        word_bytes=4,
        output_buffer_bytes=64,
        program_instructions=64,
        constant_records=64,
    )


def make_tensor(
    name: str, shape: tuple[int, int, int], *, bits: int = 8, signed: bool = False, zero_point: int = 0
) -> Tensor:
    lowest, highest = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
    return Tensor(
        name=name, shape=shape, bits=bits, signed=signed, zero_point=zero_point, lowest=lowest, highest=highest
    )


def make_network(layers: list[MatrixLayer], tensors: list[Tensor]) -> Network:
    first = tensors[0]
    host = HostInput(
        name="x",
        tensor=first.name,
        file_shape=first.shape,
        file_type="float32",
        permutation=(0, 1, 2),
        scale=1.0,
        zero_point=first.zero_point,
    )
    return Network(
        name="test",
        dialect="test",
        tensors={tensor.name: tensor for tensor in tensors},
        layers=tuple(layers),
        inputs=(host,),
        outputs=(),
    )


def fully_connected(weights: IntArray, requantization: Requantization, name: str = "y") -> MatrixLayer:
    return MatrixLayer(
        name=name,
        input="x",
        output=name,
        weights=weights,
        strides=(1, 1),
        pads=(0, 0, 0, 0),
        requantization=requantization,
    )


def pass_through(outputs: int) -> Requantization:
    ones = np.ones(outputs, np.int64)
    return Requantization(
        multiplier=ones, offset=0 * ones, shift=0 * ones, zero_point=0, lowest=-(1 << 31), highest=(1 << 31) - 1
    )


def tile(rows: tuple[int, int], gain: int | None = 1, outputs: tuple[int, int] = (0, 1)) -> Tile:
    return Tile(macro=0, row=0, column=0, input_range=rows, output_range=outputs, gain=gain)


def one_layer_machine(*tiles: Tile, core: Core) -> GoldenMachine:
    return GoldenMachine(core=core, mapping=Mapping(layers=(LayerMapping(layer="y", tiles=tiles),)))
