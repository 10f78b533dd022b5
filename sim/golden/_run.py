"""Runs a network, or one layer of it, on the golden model; samples in groups, so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError, suggestion
from nngen.ir import MatrixLayer, Network, Tensor
from nngen.numerics import Requantization

from ._conversions import Conversions
from ._machine import GoldenMachine
from ._patches import pad, patches
from ._products import exact_type, largest_sum, product

IntArray = npt.NDArray[np.int64]

# Elements of the im2col matrix that are in work at once: 2 MiB of float32, which a second-level cache holds.
# Measured: a matrix of 64 channels takes 2.8 times as long when 450 samples are unfolded at once.
ELEMENTS_AT_ONCE = 1 << 19


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
        tensors[layer.output] = run_layer(network, layer, tensors[layer.input], machine=machine).codes
    return tensors


def run_layer(
    network: Network, layer: MatrixLayer, codes: IntArray, *, machine: GoldenMachine | None = None
) -> LayerRun:
    """Run one layer on the codes of its input, of shape ``(samples, height, width, channels)``."""
    check_codes(network.tensors[layer.input], codes)
    accumulate = _accumulate(network, layer, machine)
    shape = (len(codes), *network.tensors[layer.output].shape)
    run = LayerRun(accumulators=np.empty(shape, np.int64), codes=np.empty(shape, np.int64))
    requantization = _over_positions(layer.requantization, network.positions(layer))
    for group in _groups(network, layer, len(codes)):
        accumulators = accumulate(codes[group]).reshape(-1, requantization.shift.size)
        requantized = requantization.apply(accumulators, corrected=machine is not None)
        run.accumulators[group] = accumulators.reshape(-1, *shape[1:])
        run.codes[group] = requantized.reshape(-1, *shape[1:])
    return run


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


def _groups(network: Network, layer: MatrixLayer, samples: int) -> Iterator[slice]:
    at_once = max(1, ELEMENTS_AT_ONCE // (network.positions(layer) * max(layer.rows, layer.outputs)))
    return (slice(first, min(first + at_once, samples)) for first in range(0, samples, at_once))


def _accumulate(network: Network, layer: MatrixLayer, machine: GoldenMachine | None) -> Callable[[IntArray], IntArray]:
    """Return what turns the codes of a group into its sums, of shape ``(samples x positions, outputs)``."""
    tensor = network.tensors[layer.input]
    mapped = machine.layer(network, layer) if machine else None
    if mapped is None or mapped.is_lossless():
        dtype = exact_type(largest_sum(layer.matrix, _largest_code(tensor)))
        matrix = layer.matrix.astype(dtype)
        return lambda codes: product(patches(pad(codes, layer, tensor.zero_point, dtype), layer), matrix)
    conversions = Conversions(mapped, zero_point=tensor.zero_point)
    return lambda codes: conversions.accumulators(codes)[0]


def _largest_code(tensor: Tensor) -> int:
    return max(abs(tensor.lowest), abs(tensor.highest), abs(tensor.zero_point))


def _over_positions(requantization: Requantization, positions: int) -> Requantization:
    """Return constants that requantize all positions of a sample as one row: NumPy is fast on long rows only."""
    return replace(
        requantization,
        multiplier=np.tile(requantization.multiplier, positions),
        offset=np.tile(requantization.offset, positions),
        shift=np.tile(requantization.shift, positions),
        correction=np.tile(requantization.correction, positions),
    )
