"""A file with one output, read and run: what tests of dialects hold against an evaluator."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.compiler.frontend import read_network
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import Network
from nngen.sim.golden import run_golden

Array = npt.NDArray[Any]


def finish(file: Any, name: str, folder: Path) -> Path:
    """Make a tensor the output ``y``; return where the file was saved."""
    file.node("Identity", name, output="y")
    file.output("y")
    return Path(file.save(folder))


def run(path: Path, samples: npt.NDArray[np.float32]) -> tuple[Network, dict[str, Array], Array]:
    """Return the network, the codes of every tensor, and the output of the host."""
    network = read_network(path)
    codes = run_golden(network, quantize_inputs(network, {network.inputs[0].name: samples}))
    (found,) = finish_outputs(network, codes).values()
    return network, codes, found
