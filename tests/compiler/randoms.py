"""Random chips, networks and mappings made elsewhere: every choice from one seeded generator."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from nngen.arch import Architecture, Core, Macro
from nngen.compiler.mapper import check_overflow, layer_weights
from nngen.errors import CapacityError
from nngen.ir import LayerMapping, Mapping, MatrixLayer, Network, Tensor, Tile
from nngen.numerics import ENCODINGS, ROUNDINGS, Requantization, lines_of

from .builders import WORD, chip, convolution, make_network, make_tensor, output_shape


def random_chip(rng: Generator, *, lossless: bool) -> Architecture:
    """Return a small chip; a lossless one has converters whose step is 1."""
    word_bytes = int(rng.choice([4, 8, 16]))
    rows = word_bytes * int(rng.integers(1, 1 + 48 // word_bytes))
    encoding = ENCODINGS[int(rng.integers(3))]
    lines = lines_of(encoding)
    columns_per_adc = int(rng.integers(1 if lines == 2 else 2, 10))  # a weight of -1..1 in 1-bit cells needs them
    dac_bits, cell_bits = int(rng.choice([1, 1, 1, 2, 3, 4, 5, 6, 7, 8])), int(rng.integers(1, 9))
    full_scale = rows * ((1 << dac_bits) - 1) * ((1 << cell_bits) - 1)
    adc_bits = full_scale.bit_length() + lines - 1 if lossless else int(rng.integers(3, 9))
    controller = "sar" if lossless else str(rng.choice(["sar", "sar", "ramp", "flash"]))
    made = chip(
        "micro",
        macros=int(rng.choice([1, 2, 3, 5, 8, 12])),
        rows=rows,
        encoding=encoding,
        columns=lines * columns_per_adc * int(rng.integers(1, 6)),
        columns_per_adc=columns_per_adc,
        dac_bits=dac_bits,
        cell_bits=cell_bits,
        adc_bits=adc_bits,
        controller=controller,
        sample_cycles=int(rng.integers(0 if controller == "flash" else 1, 3)),
        gains=(1,) if lossless else (1, 2, 4),
        activation_bits=int(rng.choice([8, 16])),
        accumulator_bits=32,
        multiplier_bits=25,
        queue_depth=int(rng.integers(2, 6)),
        activation_bytes=8192,
        word_bytes=word_bytes,
        output_buffer_bytes=word_bytes * int(rng.integers(1, 9)),
        program_instructions=8192,
        constant_records=8192,
    )
    usable = made.core.macro.usable_gains
    return replace(made, cores=(replace(made.core, macro=replace(made.core.macro, gains=usable)),))


def random_network(rng: Generator, core: Core) -> Network:
    """Return one to three layers that this core could compute if it had room for them."""
    tensors = [random_tensor(rng, "x", random_shape(rng), core)]
    layers: list[MatrixLayer] = []
    count = int(rng.integers(1, 4))
    for i in range(count):
        # Now and then a layer reads an older tensor, so that two consumers share it.
        source = tensors[int(rng.integers(len(tensors)))] if rng.random() < 0.2 else tensors[-1]
        layer = _random_layer(rng, source, f"layer{i}", core)
        shape = output_shape(source, layer)
        if i == count - 1 and rng.random() < 0.5:
            layer = replace(layer, requantization=_words(layer.outputs, rng))
            tensors.append(make_tensor(layer.output, shape, **WORD))
        else:
            tensors.append(random_tensor(rng, layer.output, shape, core))
            layer = replace(layer, requantization=random_codes_requantization(rng, layer, source, tensors[-1]))
        layers.append(layer)
    consumed = {layer.input for layer in layers}
    return make_network(layers, tensors, [t.name for t in tensors if t.name not in consumed])


def overflows(network: Network, mapping: Mapping, architecture: Architecture) -> bool:
    """Return whether sums of a network could be wider than any accumulators; all else about them must be good."""
    try:
        check_overflow(network, mapping, architecture)
    except CapacityError as error:
        if not re.search(r"needs (accumulators of )?(3[3-9]|[4-9]\d) bits", str(error)):
            raise
        return True
    return False


def random_codes(rng: Generator, tensor: Tensor, samples: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Return codes of any value that a tensor can hold, shape ``(samples, height, width, channels)``."""
    return rng.integers(tensor.lowest, tensor.highest, (samples, *tensor.shape), endpoint=True)


def random_mapping(rng: Generator, network: Network, core: Core) -> Mapping | None:
    """Return tiles of random size in random places, or None where they met no room."""
    taken = np.zeros((core.macros, core.macro.rows, core.macro.conversions), np.bool_)
    layers = []
    for layer in network.matrix_layers:
        tiles: list[Tile] = []
        for inputs in random_cuts(rng, layer.rows, core.macro.rows):
            for outputs in random_cuts(rng, layer.outputs, layer.outputs):
                slices = layer_weights(layer, core).slices
                found = random_tiles(rng, inputs, outputs, slices=slices, core=core, taken=taken)
                if found is None:
                    return None
                tiles += found
        rng.shuffle(tiles)  # type: ignore[arg-type]  # a list works as well as an array
        layers.append(LayerMapping(layer=layer.name, tiles=tuple(tiles)))
    vector_layers = [layer.name for layer in network.layers if not isinstance(layer, MatrixLayer)]
    layers += [LayerMapping(layer=name) for name in vector_layers]
    rng.shuffle(layers)  # type: ignore[arg-type]  # the same
    return Mapping(layers=tuple(layers))


def random_shape(rng: Generator) -> tuple[int, int, int]:
    if rng.random() < 0.3:
        return 1, 1, int(rng.integers(1, 40))
    height, width, channels = rng.integers(1, [8, 8, 7])
    return int(height), int(width), int(channels)


def random_tensor(rng: Generator, name: str, shape: tuple[int, int, int], core: Core) -> Tensor:
    signed = bool(rng.random() < 0.5)
    wide = core.activation_bits > 8 and rng.random() < 0.4
    bits = int(rng.integers(9, 17) if wide else rng.integers(1 + signed, 9))
    tensor = make_tensor(name, shape, bits=bits, signed=signed)
    # Padding of two-byte codes must be of two equal bytes.
    zero_points = [0, -1] if signed else [0, 0x101]
    zero_point = rng.choice(zero_points) if wide else rng.integers(tensor.lowest, tensor.highest + 1)
    return replace(tensor, zero_point=int(zero_point))


def _random_layer(rng: Generator, source: Tensor, name: str, core: Core) -> MatrixLayer:
    height, width, channels = source.shape
    kernel = int(rng.integers(1, min(height, 3) + 1)), int(rng.integers(1, min(width, 3) + 1))
    if rng.random() < 0.3:
        kernel = height, width
    largest = int(rng.integers(1, largest_weight(core.macro), endpoint=True))
    weights = rng.integers(-largest, largest, (int(rng.integers(1, 13)), *kernel, channels), endpoint=True)
    pads = tuple(int(rng.integers(0, size)) for size in (*kernel, *kernel))
    strides = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    return convolution(source, name, weights, pads=pads, strides=strides)


def largest_weight(macro: Macro) -> int:
    """Return the largest magnitude of weights whose slices are not too many for an ADC."""
    return next(w for w in (255, 127, 63, 31, 15, 7, 3, 1) if _slices(w, macro) <= macro.columns_per_adc)


def _slices(largest: int, macro: Macro) -> int:
    return macro.weight_format(np.array([-largest, largest])).slices


def random_codes_requantization(rng: Generator, layer: MatrixLayer, source: Tensor, target: Tensor) -> Requantization:
    outputs = layer.outputs
    largest = int(np.abs(layer.matrix).sum(axis=0).max() * max(abs(source.lowest), abs(source.highest))) or 1
    return Requantization(
        multiplier=rng.integers(-1 << 10, 1 << 10, outputs),
        offset=rng.integers(-1 << 12, 1 << 12, outputs),
        shift=rng.integers(3, 10, outputs) + largest.bit_length() // 2,
        zero_point=target.zero_point,
        lowest=target.lowest,
        highest=target.highest,
        rounding=ROUNDINGS[int(rng.integers(3))],
    )


def _words(outputs: int, rng: Generator) -> Requantization:
    return Requantization(
        multiplier=np.ones(outputs, np.int64),
        offset=rng.integers(-1000, 1000, outputs),
        shift=np.zeros(outputs, np.int64),
        zero_point=0,
        lowest=WORD["lowest"],
        highest=WORD["highest"],
    )


def random_cuts(rng: Generator, length: int, limit: int) -> list[tuple[int, int]]:
    cuts, first = [], 0
    while first < length:
        end = first + int(rng.integers(1, min(limit, length - first), endpoint=True))
        cuts.append((first, end))
        first = end
    return cuts


def random_tiles(
    rng: Generator,
    inputs: tuple[int, int],
    outputs: tuple[int, int],
    *,
    slices: int,
    core: Core,
    taken: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
) -> list[Tile] | None:
    """Return the tile where it found room, else two halves of it, or None for a single output without room."""
    rows, width, macro = inputs[1] - inputs[0], (outputs[1] - outputs[0]) * slices, core.macro
    for _ in range(60 if width == slices else 6):
        if rows > macro.rows or width > macro.conversions:
            break
        m, row = int(rng.integers(core.macros)), int(rng.integers(macro.rows - rows + 1))
        first = int(rng.integers(macro.conversions - width + 1))
        starts = np.arange(first, first + width, slices)
        cells = taken[m, row : row + rows, first : first + width]
        one_adc = starts // macro.columns_per_adc == (starts + slices - 1) // macro.columns_per_adc
        if not cells.any() and one_adc.all():
            cells[:] = True
            gain = int(rng.choice(macro.usable_gains))
            return [
                Tile(macro=m, row=row, column=macro.lines * first, input_range=inputs, output_range=outputs, gain=gain)
            ]
    middle = (outputs[0] + outputs[1]) // 2
    if middle == outputs[0]:
        return None
    halves = [
        random_tiles(rng, inputs, half, slices=slices, core=core, taken=taken)
        for half in ((outputs[0], middle), (middle, outputs[1]))
    ]
    return None if None in halves else [tile for half in halves for tile in half or []]
