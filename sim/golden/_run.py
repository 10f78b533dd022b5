"""Runs a network, or one layer of it, on the golden model; samples in groups, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError, suggestion
from nngen.ir import Layer, MatrixLayer, Network, PoolLayer, Tensor
from nngen.numerics import Requantization, concatenated

from ._conversions import Conversions
from ._machine import GoldenMachine
from ._patches import pad, patches
from ._products import exact_type, largest_sum
from ._vector import Accumulate, vector_accumulate

IntArray = npt.NDArray[np.int64]

# Elements of the im2col matrix that are in work at once: 2 MiB of float32, which a second-level cache holds.
# Measured: a matrix of 64 channels takes 2.8 times as long when 450 samples are unfolded at once.
ELEMENTS_AT_ONCE = 1 << 19
VECTOR_COPIES = 8  # arrays of a vector layer's size that are in work at once, some of them 8 bytes an element


@dataclass(frozen=True, kw_only=True)
class LayerRun:
    """What a layer computed; both of shape ``(samples, height, width, outputs)``.

    Parameters
    ----------
    accumulators
        Sums of weights times raw codes, before requantization.
    codes
        The output tensor.
    """

    accumulators: IntArray
    codes: IntArray


def run_golden(
    network: Network, inputs: Mapping[str, IntArray], *, machine: GoldenMachine | None = None
) -> dict[str, IntArray]:
    """Return the codes of every tensor of a network.

    Parameters
    ----------
    network
        The integer network.
    inputs
        Codes of each input tensor, by its name: integers of shape ``(samples, height, width, channels)``.
    machine
        None computes the network exactly; a machine converts its partial sums as its macros do.

    Raises
    ------
    InputError
        Where an input is missing, unknown, or of another shape, type or range.
    MappingError
        Where a layer is not mapped, or has no gain of the macro.
    """
    tensors = check_inputs(network, inputs)
    for layer in network.layers:
        sources = [tensors[name] for name in layer.inputs]
        codes = np.empty((len(sources[0]), *network.tensors[layer.output].shape), np.int64)
        for group, _, found in _run_groups(network, layer, sources, machine):
            codes[group] = found
        tensors[layer.output] = codes
    return tensors


def run_layer(network: Network, layer: Layer, *codes: IntArray, machine: GoldenMachine | None = None) -> LayerRun:
    """Run one layer on the codes of its inputs, each of shape ``(samples, height, width, channels)``.

    Vector layers are exact on any machine.
    """
    for name, array in zip(layer.inputs, codes, strict=True):
        check_codes(network.tensors[name], array)
    shape = (len(codes[0]), *network.tensors[layer.output].shape)
    run = LayerRun(accumulators=np.empty(shape, np.int64), codes=np.empty(shape, np.int64))
    for group, accumulators, found in _run_groups(network, layer, codes, machine):
        run.accumulators[group] = accumulators
        run.codes[group] = found
    return run


def _run_groups(
    network: Network, layer: Layer, codes: Sequence[IntArray], machine: GoldenMachine | None
) -> Iterator[tuple[slice, npt.NDArray[Any], IntArray]]:
    """Yield groups of samples with their accumulators, in any type that holds them, and codes."""
    accumulate = _accumulate(network, layer, machine)
    shape = network.tensors[layer.output].shape
    requantization = _over_positions(network, layer)
    for group in _groups(network, layer, len(codes[0])):
        accumulators = accumulate([array[group] for array in codes]).reshape(-1, requantization.shift.size)
        requantized = requantization.apply(accumulators, corrected=machine is not None)
        yield group, accumulators.reshape(-1, *shape), layer.looked_up(requantized).reshape(-1, *shape)


def run_gains(
    network: Network, layer: MatrixLayer, codes: IntArray, *, machine: GoldenMachine, gains: Sequence[int]
) -> IntArray:
    """Return a layer's accumulators at several gains, shape ``(gains, samples, height, width, outputs)``.

    Tiles that have a gain in the mapping keep it.
    """
    tensor = network.tensors[layer.input]
    check_codes(tensor, codes)
    conversions = Conversions(machine.layer(network, layer), zero_point=tensor.zero_point, gains=gains)
    shape = network.tensors[layer.output].shape
    result = np.empty((len(gains), len(codes), *shape), np.int64)
    for group in _groups(network, layer, len(codes)):
        result[:, group] = conversions.accumulators(codes[group]).reshape(len(gains), -1, *shape)
    return result


def check_codes(tensor: Tensor, codes: IntArray) -> None:
    """Refuse codes that are not what a tensor holds.

    Raises
    ------
    InputError
        Names the tensor, and what its shape, type or range must be.
    """
    what = f"tensor '{tensor.name}' must"
    if codes.shape[1:] != tensor.shape or codes.ndim != 4:
        wanted = ", ".join(map(str, tensor.shape))
        raise InputError(f"{what} have the shape (samples, {wanted}), not {codes.shape}")
    if codes.dtype.kind not in "iu":
        raise InputError(f"{what} hold integers, not {codes.dtype}")
    for code in (codes.min(), codes.max()) if codes.size else ():
        if not tensor.lowest <= code <= tensor.highest:
            raise InputError(f"{what} hold codes {tensor.lowest} to {tensor.highest}, not {code}")


def check_inputs(network: Network, inputs: Mapping[str, IntArray]) -> dict[str, IntArray]:
    """Return the codes of the network's inputs as int64.

    Raises
    ------
    InputError
        Where an input is missing, unknown, or of another shape, type, range or number of samples.
    """
    needed = [entry.tensor for entry in network.inputs]
    for name in inputs:
        if name not in needed:
            raise InputError(f"inputs must be tensors of the network, not '{name}'{suggestion(name, needed)}")
    for name in needed:
        if name not in inputs:
            raise InputError(f"inputs must hold tensor '{name}', and do not")
        check_codes(network.tensors[name], inputs[name])
    if len({len(inputs[name]) for name in needed}) > 1:
        counts = ", ".join(str(len(inputs[name])) for name in needed)
        raise InputError(f"inputs must have equally many samples, not {counts}")
    return {name: inputs[name].astype(np.int64, copy=False) for name in needed}


def _groups(network: Network, layer: Layer, samples: int) -> Iterator[slice]:
    width = max(layer.rows, layer.outputs) if isinstance(layer, MatrixLayer) else VECTOR_COPIES * layer.outputs
    at_once = max(1, ELEMENTS_AT_ONCE // (network.positions(layer) * width))
    return (slice(first, min(first + at_once, samples)) for first in range(0, samples, at_once))


def _accumulate(network: Network, layer: Layer, machine: GoldenMachine | None) -> Accumulate:
    """Return what turns the codes of a group into its sums, of shape ``(samples x positions, outputs)``."""
    if not isinstance(layer, MatrixLayer):
        return vector_accumulate(network, layer)
    tensor = network.tensors[layer.input]
    mapped = machine.layer(network, layer) if machine else None
    if mapped is None or mapped.is_lossless():
        dtype = exact_type(largest_sum(layer.matrix, tensor.largest_code))
        matrix = layer.matrix.astype(dtype)
        return lambda codes: np.matmul(patches(pad(codes[0], layer, tensor.zero_point, dtype), layer), matrix)
    conversions = Conversions(mapped, zero_point=tensor.zero_point)
    return lambda codes: conversions.accumulators(codes[0])[0]


def _over_positions(network: Network, layer: Layer) -> Requantization:
    """Return constants that requantize all positions of a sample as one row: NumPy is fast on long rows only."""
    if isinstance(layer, PoolLayer) and layer.by_count:
        height, width, _ = network.tensors[layer.input].shape
        counts = layer.covered(height, width).ravel().tolist()
        return concatenated([layer.requantization_of(count) for count in counts])
    return layer.requantization.repeated(network.positions(layer))
