"""Random networks with layers of every kind, and random chips that run them: every choice from one seeded generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.random import Generator

from nngen.arch import Architecture, Core, Vector
from nngen.compiler.mapper import largest_vector_sum
from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
    Tensor,
)
from nngen.numerics import ROUNDINGS, Requantization

from .builders import convolution, make_network, make_tensor, plain_requantization
from .randoms import largest_weight, random_chip, random_codes_requantization, random_shape, random_tensor

__all__ = ["random_layer", "random_vector_chip", "random_vector_network"]


def random_vector_chip(rng: Generator, *, lossless: bool) -> Architecture:
    """Return a small chip with a small VEC, with or without the other options."""
    made = random_chip(rng, lossless=lossless)
    core = made.core
    vector = Vector(
        buffer_bytes=max(core.word_bytes, 1 << int(rng.integers(4, 9))),
        accumulators=max(16, core.word_bytes * int(rng.integers(1, 9))),
        coefficient_words=1 << int(rng.integers(6, 10)),
    )
    options = {
        "vector": vector,
        "strided_access": bool(rng.random() < 0.7),
        "tables": int(rng.choice([0, 4])),
        "negative_slope": bool(rng.random() < 0.5),
        "activation_bytes": 1 << 15,
    }
    return replace(made, cores=(replace(core, **options),))


def random_vector_network(rng: Generator, core: Core) -> Network:
    """Return one to five layers of any kind; now and then a second input is one pixel of as many channels."""
    tensors = [random_tensor(rng, "x", random_shape(rng), core)]
    if rng.random() < 0.2:
        gate = random_tensor(rng, "gate", (1, 1, tensors[0].shape[2]), core)
        if rng.random() < 0.7:
            gate = replace(tensors[0], name="gate", shape=gate.shape)
        tensors.insert(0, gate)
    layers: list[Layer] = []
    for i in range(int(rng.integers(1, 6))):
        layer, target = random_layer(rng, tensors, f"layer{i}", core)
        layers.append(layer)
        tensors.append(target)
    consumed = {name for layer in layers for name in layer.inputs}
    return make_network(layers, tensors, [t.name for t in tensors if t.name not in consumed])


def random_layer(rng: Generator, tensors: list[Tensor], name: str, core: Core) -> tuple[Layer, Tensor]:
    """Return a layer of a random kind on some of the tensors, and what it writes."""
    kinds: list[Callable[..., Layer]] = [
        *(_matrix, _depthwise, _max_pool, _average_pool),
        *(_elementwise, _concat, _product, _copy),
    ]
    source = tensors[-1] if rng.random() < 0.7 else tensors[int(rng.integers(len(tensors)))]
    layer = kinds[int(rng.integers(len(kinds)))](rng, source, tensors, name, core)
    network = make_network([], tensors, [source.name])
    shape = network.output_shape(layer)
    target = random_tensor(rng, name, shape, core)
    if rng.random() < 0.15 and not isinstance(layer, MatrixLayer):
        target = _sixteen_bits(rng, target)
    return _finished(rng, network, layer, target, core), target


def _sixteen_bits(rng: Generator, tensor: Tensor) -> Tensor:
    signed = bool(rng.random() < 0.5)
    return make_tensor(tensor.name, tensor.shape, bits=int(rng.integers(9, 17)), signed=signed)


def _finished(rng: Generator, network: Network, layer: Layer, target: Tensor, core: Core) -> Layer:
    """Return a layer with constants for its output, now and then with a table or a negative slope."""
    outputs = target.shape[2]
    constants = _constants(rng, network, layer, target, outputs)
    changes: dict[str, object] = {}
    if core.negative_slope and not isinstance(layer, CopyLayer) and rng.random() < 0.3:
        constants = replace(
            constants,
            negative_multiplier=rng.integers(-1 << 10, 1 << 10, outputs),
            negative_offset=rng.integers(-1 << 12, 1 << 12, outputs),
        )
    if core.tables and target.element_bytes == 1 and rng.random() < 0.25:
        changes["table"] = rng.integers(target.lowest, target.highest, 256, endpoint=True)
        if rng.random() < 0.5:
            changes["table"] = np.clip(np.arange(256), target.lowest, target.highest)
    if isinstance(layer, PoolLayer) and layer.kind == "average" and rng.random() < 0.6:
        changes["by_count"] = _by_count(rng, network, layer, constants)
    return replace(layer, requantization=constants, **changes)  # type: ignore[arg-type]  # fields of any layer


def _constants(rng: Generator, network: Network, layer: Layer, target: Tensor, outputs: int) -> Requantization:
    if isinstance(layer, MatrixLayer):
        return random_codes_requantization(rng, layer, network.tensors[layer.input], target)
    largest = largest_vector_sum(network, layer) or 1
    shift = rng.integers(3, 8, outputs) + max(0, largest.bit_length() - 8)
    multiplier, offset = rng.integers(-1 << 8, 1 << 8, outputs), rng.integers(-1 << 12, 1 << 12, outputs)
    if rng.random() < 0.5 or isinstance(layer, CopyLayer):
        multiplier, offset, shift = (np.full(outputs, values[0]) for values in (multiplier, offset, shift))
    return Requantization(
        multiplier=multiplier,
        offset=offset,
        shift=shift,
        zero_point=target.zero_point,
        lowest=target.lowest,
        highest=target.highest,
        rounding=ROUNDINGS[int(rng.integers(3))],
    )


def _by_count(
    rng: Generator, network: Network, layer: PoolLayer, constants: Requantization
) -> tuple[tuple[int, Requantization], ...]:
    height, width, _ = network.tensors[layer.input].shape
    counts = sorted(set(layer.covered(height, width).reshape(-1).tolist()) - {layer.rows})
    return tuple(
        (count, replace(constants, offset=constants.offset + int(rng.integers(-999, 999)))) for count in counts
    )


def _window(rng: Generator, source: Tensor) -> dict[str, tuple[int, ...]]:
    """Return kernel, strides, pads and dilations that leave an output, every window of which covers an element."""
    height, width, _ = source.shape
    if rng.random() < 0.2:
        return {"kernel": (height, width), "strides": (1, 1), "pads": (0, 0, 0, 0), "dilations": (1, 1)}
    dilations = tuple(int(rng.choice([1, 1, 1, 2])) for _ in range(2))
    kernel = tuple(
        int(rng.integers(1, min(4, (size - 1) // d + 1) + 1))
        for size, d in zip((height, width), dilations, strict=True)
    )
    pads = tuple(
        int(rng.integers(0, k)) if d == 1 else 0
        for k, d in zip((*kernel, *kernel), (*dilations, *dilations), strict=True)
    )
    return {
        "kernel": kernel,
        "strides": tuple(int(rng.integers(1, 4)) for _ in range(2)),
        "pads": pads,
        "dilations": dilations,
    }


def _matrix(rng: Generator, source: Tensor, _: list[Tensor], name: str, core: Core) -> Layer:
    if source.bits > core.activation_bits:
        return _elementwise(rng, source, [source], name, core)
    window = _window(rng, source)
    largest = largest_weight(core.macro)
    weights = rng.integers(
        -largest, largest, (int(rng.integers(1, 7)), *window.pop("kernel"), source.shape[2]), endpoint=True
    )
    return convolution(source, name, weights, **window)


def _depthwise(rng: Generator, source: Tensor, _: list[Tensor], name: str, __: Core) -> Layer:
    window, channels = _window(rng, source), source.shape[2]
    weights = rng.integers(-300, 300, (channels, *window.pop("kernel")))
    return DepthwiseLayer(
        name=name,
        input=source.name,
        output=name,
        weights=weights,
        requantization=plain_requantization(channels),
        **window,  # type: ignore[arg-type]  # tuples of the right lengths
    )


def _max_pool(rng: Generator, source: Tensor, _: list[Tensor], name: str, __: Core) -> Layer:
    return _pool(rng, source, name, kind="max")


def _average_pool(rng: Generator, source: Tensor, _: list[Tensor], name: str, __: Core) -> Layer:
    return _pool(rng, source, name, kind="average")


def _pool(rng: Generator, source: Tensor, name: str, **changes: object) -> PoolLayer:
    window = _window(rng, source)
    fields = {
        "name": name,
        "input": source.name,
        "output": name,
        "size": window.pop("kernel"),
        "requantization": plain_requantization(source.shape[2]),
    }
    return PoolLayer(**fields, **window, **changes)  # type: ignore[arg-type]  # of every field's type


def _elementwise(rng: Generator, source: Tensor, tensors: list[Tensor], name: str, _: Core) -> Layer:
    alike = [tensor.name for tensor in tensors if tensor.shape == source.shape]
    inputs = tuple(str(rng.choice(alike)) for _ in range(int(rng.integers(1, 11 if rng.random() < 0.1 else 4))))
    coefficients = (1,) * len(inputs)
    if rng.random() < 0.7:
        coefficients = tuple(int(c) for c in rng.integers(-1 << 9, 1 << 9, len(inputs)))
    return ElementwiseLayer(
        name=name,
        inputs=inputs,
        output=name,
        coefficients=coefficients,
        requantization=plain_requantization(source.shape[2]),
    )


def _concat(rng: Generator, source: Tensor, tensors: list[Tensor], name: str, _: Core) -> Layer:
    alike = [tensor for tensor in tensors if tensor.shape[:2] == source.shape[:2]]
    inputs = [alike[int(rng.integers(len(alike)))] for _ in range(int(rng.integers(1, 4)))]
    channels = sum(tensor.shape[2] for tensor in inputs)
    return ConcatLayer(
        name=name,
        inputs=tuple(tensor.name for tensor in inputs),
        output=name,
        requantization=plain_requantization(channels),
    )


def _product(rng: Generator, source: Tensor, tensors: list[Tensor], name: str, core: Core) -> Layer:
    """Return a product with a tensor of one look, or with one pixel of as many channels; else another layer."""
    look = source.element_bytes, source.signed
    alike = [
        tensor
        for tensor in tensors
        if tensor.shape in (source.shape, (1, 1, source.shape[2])) and (tensor.element_bytes, tensor.signed) == look
    ]
    if source.bits > 16:
        return _elementwise(rng, source, tensors, name, core)
    larger = [t for t in tensors if t.shape[2] == source.shape[2] and (t.element_bytes, t.signed) == look]
    alike = [t for t in alike if t.shape != source.shape and rng.random() < 0.8] or alike
    factors = source, alike[int(rng.integers(len(alike)))]
    if source.shape[:2] == (1, 1):
        factors = larger[int(rng.integers(len(larger)))], source
    return ProductLayer(
        name=name,
        inputs=tuple(factor.name for factor in factors),
        output=name,
        zero_points=(factors[0].zero_point, factors[1].zero_point),
        requantization=plain_requantization(source.shape[2]),
    )


def _copy(rng: Generator, source: Tensor, tensors: list[Tensor], name: str, _: Core) -> Layer:
    height, width, channels = source.shape
    rows, columns = (_picked(rng, size) for size in (height, width))
    fill = tensors[[tensor.name for tensor in tensors].index(source.name)].zero_point
    ways = (
        np.arange(channels),
        np.arange(int(rng.integers(channels)), channels),
        np.arange(channels).reshape(-1, 2).T.ravel() if channels % 2 == 0 else np.arange(channels)[::-1],
        rng.integers(0, channels, int(rng.integers(1, channels + 3))),
    )
    picked = ways[int(rng.integers(len(ways)))].tolist()
    return CopyLayer(
        name=name,
        inputs=(source.name,),
        output=name,
        rows_read=rows,
        columns_read=columns,
        channels_read=tuple(picked),
        fill=fill,
        requantization=plain_requantization(len(picked)),
    )


def _picked(rng: Generator, size: int) -> tuple[int, ...]:
    """Return places of a row or column: all, a stretch, repeated, with padding, at a distance, or any."""
    ways = (
        range(size),
        range(int(rng.integers(size)), size),
        np.repeat(np.arange(size), int(rng.integers(1, 4))),
        range(-int(rng.integers(3)), size + int(rng.integers(3))),
        range(0, size, int(rng.integers(1, 4))),
        range(size - 1, -1, -1),
        rng.integers(-1, size + 1, int(rng.integers(1, size + 2))),
    )
    return tuple(int(place) for place in ways[int(rng.integers(len(ways)))])
