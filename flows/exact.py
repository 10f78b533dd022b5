"""The integer network itself on samples: what every machine without loss computes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt

from nngen.compiler.frontend import read_network
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import Network
from nngen.sim.golden import run_golden

from .arrays import check_writable, write_arrays
from .samples import read_samples

__all__ = ["Inspected", "inspect"]


@dataclass(frozen=True, kw_only=True)
class Inspected:
    """An integer network, and what it computes where samples were given: outputs by ONNX name."""

    network: Network
    outputs: dict[str, npt.NDArray[Any]]


def inspect(path: Path, *, inputs: Path | None = None, output: Path | None = None) -> Inspected:
    """Read an ONNX file into the integer network; with samples, run it.

    Parameters
    ----------
    path
        The ONNX file.
    inputs
        Samples (.npz) by ONNX name.
    output
        File (.npz) for the results.

    Raises
    ------
    NngenError
        Whatever the user can mend.
    """
    check_writable(output)
    network = read_network(path)
    if inputs is None:
        return Inspected(network=network, outputs={})
    codes = run_golden(network, quantize_inputs(network, read_samples(inputs, network)))
    outputs = dict(finish_outputs(network, codes))
    if output is not None:
        write_arrays(output, outputs)
    return Inspected(network=network, outputs=outputs)
