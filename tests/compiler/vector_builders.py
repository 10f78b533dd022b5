"""Vector layers made by hand, and networks of one of them, for tests of mapper, scheduler and code generator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from nngen.arch import Architecture, Vector
from nngen.ir import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    Layer,
    Network,
    PoolLayer,
    ProductLayer,
    Tensor,
)
from nngen.numerics import Requantization

from .builders import chip, make_network, make_tensor, plain_requantization

VECTOR = Vector(buffer_bytes=1024, accumulators=256, coefficient_words=1024)


def vector_chip(**changes: Any) -> Architecture:
    """Return ``tiny`` with a VEC of usual size and memories that are large enough, or with other parameters."""
    sizes = {"activation_bytes": 1 << 19, "program_instructions": 4096, "constant_records": 4096}
    return chip("tiny", **({"vector": VECTOR, "word_bytes": 8} | sizes | changes))


def signed_tensor(name: str, shape: tuple[int, int, int], **changes: Any) -> Tensor:
    """Return a tensor of signed bytes."""
    return make_tensor(name, shape, **({"signed": True} | changes))


def signed_requantization(outputs: int, *, by_channel: bool = False, **changes: Any) -> Requantization:
    """Return constants to signed bytes, the same for all channels or different ones."""
    multiplier = np.arange(1, outputs + 1) if by_channel else np.ones(outputs, np.int64)
    return plain_requantization(outputs, **({"lowest": -128, "highest": 127, "multiplier": multiplier} | changes))


def depthwise(source: Tensor, *, size: int = 3, **changes: Any) -> DepthwiseLayer:
    """Return a depthwise layer ``y`` with constants for every channel, padded so that stride 1 keeps the size."""
    channels = source.shape[2]
    fields = _window(size // 2) | {
        "requantization": signed_requantization(channels, by_channel=True),
        "weights": np.random.default_rng(0).integers(-127, 128, (channels, size, size)),
    }
    return DepthwiseLayer(name="y", input=source.name, output="y", **(fields | changes))


def pool(source: Tensor, kind: str, size: tuple[int, int], **changes: Any) -> PoolLayer:
    """Return a pool ``y`` without padding."""
    fields = _window(0) | {"kind": kind, "size": size, "requantization": signed_requantization(source.shape[2])}
    return PoolLayer(name="y", input=source.name, output="y", **(fields | changes))


def with_counts(layer: PoolLayer, source: Tensor) -> PoolLayer:
    """Return an average pool whose padding does not count."""
    counts = sorted(set(layer.covered(*source.shape[:2]).reshape(-1).tolist()) - {layer.rows})
    constants = layer.requantization
    offsets = [(count, np.full(layer.outputs, 64 * count)) for count in counts]
    return replace(layer, by_count=tuple((count, replace(constants, offset=offset)) for count, offset in offsets))


def weighted_sum(*sources: Tensor, **changes: Any) -> ElementwiseLayer:
    """Return a weighted sum ``y``."""
    fields = {
        "coefficients": tuple(range(3, 3 + len(sources))),
        "requantization": signed_requantization(sources[0].shape[2]),
    }
    return ElementwiseLayer(name="y", inputs=tuple(s.name for s in sources), output="y", **(fields | changes))


def concatenation(*sources: Tensor) -> ConcatLayer:
    """Return a concatenation ``y`` whose inputs have constants of their own."""
    channels = [source.shape[2] for source in sources]
    constants = signed_requantization(sum(channels))
    constants = replace(constants, multiplier=np.repeat(np.arange(1, 1 + len(channels)), channels))
    return ConcatLayer(name="y", inputs=tuple(s.name for s in sources), output="y", requantization=constants)


def product(*sources: Tensor, **changes: Any) -> ProductLayer:
    """Return a product ``y``."""
    fields = {"zero_points": (3, -5), "requantization": signed_requantization(sources[0].shape[2])}
    return ProductLayer(name="y", inputs=tuple(s.name for s in sources), output="y", **(fields | changes))


def picked(source: Tensor, **changes: Any) -> CopyLayer:
    """Return a copy ``y`` of the whole tensor, or of other ``rows_read``, ``columns_read`` or ``channels_read``."""
    names = ("rows_read", "columns_read", "channels_read")
    fields = {name: tuple(range(size)) for name, size in zip(names, source.shape, strict=True)} | changes
    constants = signed_requantization(len(fields["channels_read"]), shift=0)
    return CopyLayer(name="y", inputs=(source.name,), output="y", **({"requantization": constants} | fields))


def copied(layer: Layer, *sources: Tensor) -> Network:
    """Return a network that copies its inputs to ``sources``, then runs the layer: inputs may have halos."""
    network = make_network([], list(sources), [sources[0].name])
    target = signed_tensor(layer.output, network.output_shape(layer))
    hosts = [replace(source, name=f"host {source.name}") for source in sources]
    copies = [
        ElementwiseLayer(
            name=source.name,
            output=source.name,
            inputs=(host.name,),
            coefficients=(1,),
            requantization=signed_requantization(source.shape[2], shift=0),
        )
        for source, host in zip(sources, hosts, strict=True)
    ]
    return make_network([*copies, layer], [*hosts, *sources, target])


def alone(layer: Layer, *sources: Tensor, **changes: Any) -> Network:
    """Return a network of one layer; ``changes`` are of its output tensor."""
    network = make_network([], list(sources), [sources[0].name])
    return make_network([layer], [*sources, signed_tensor(layer.output, network.output_shape(layer), **changes)])


def _window(pad: int) -> dict[str, Any]:
    return {"strides": (1, 1), "pads": (pad,) * 4}
