"""Samples for a build: from a file, from the calibration it holds, or random ones with a seed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.bundle import CALIBRATION_FILE, BuildDirectory
from nngen.errors import InputError
from nngen.host.ends import quantize_inputs
from nngen.ir import HostInput, Network

from .arrays import read_arrays

__all__ = ["RANDOM_SAMPLES", "Samples", "first_samples", "read_samples", "stored_or_random_samples"]

Samples = dict[str, npt.NDArray[Any]]

RANDOM_SAMPLES = 4


def read_samples(path: Path, network: Network, *, samples: int | None = None) -> Samples:
    """Read samples by ONNX name, and check that they fit the network.

    Parameters
    ----------
    path
        A .npz file.
    network
        Says names, types and shapes.
    samples
        Take the first so many; None takes all.

    Raises
    ------
    InputError
        Names the file, the input, what it must be and what it is.
    """
    arrays = read_arrays(path)
    try:
        quantize_inputs(network, arrays)
    except InputError as error:
        raise InputError(f"'{path}': {error}") from error
    return first_samples(arrays, samples, where=f"'{path}'")


def first_samples(arrays: Samples, samples: int | None, *, where: str) -> Samples:
    """Return the first samples of every input.

    Raises
    ------
    InputError
        There are fewer.
    """
    available = len(next(iter(arrays.values())))
    if samples is not None and samples > available:
        raise InputError(f"{where} must hold at least {samples} samples, not {available}")
    return {name: array[:samples] for name, array in arrays.items()}


def stored_or_random_samples(
    build: BuildDirectory, network: Network, *, samples: int | None = None
) -> tuple[Samples, str]:
    """Return the calibration samples of a build, else random ones from its seed; and which of the two these are."""
    if build.holds(CALIBRATION_FILE):
        return read_samples(build.file(CALIBRATION_FILE), network, samples=samples), "calibration samples of the build"
    generator = np.random.default_rng(build.manifest.seed)
    count = samples or RANDOM_SAMPLES
    return {end.name: _random(generator, end, network, count) for end in network.inputs}, "random samples"


def _random(generator: np.random.Generator, end: HostInput, network: Network, samples: int) -> npt.NDArray[Any]:
    """Return values whose codes are spread over the whole range of the input."""
    tensor = network.tensors[end.tensor]
    shape = (samples, *end.file_shape)
    codes = generator.integers(tensor.lowest, tensor.highest, size=shape, endpoint=True)
    if end.file_type == "float32":
        return ((codes - end.zero_point) * end.scale).astype(np.float32)
    return codes.astype(end.file_type)
