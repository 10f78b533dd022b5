"""From a file to the integer network: load, prepare, recognize, read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from nngen.ir import Network

from .binding import bind_dimensions
from .graph import Graph
from .loader import load_graph
from .operators import refuse_unsupported
from .ordering import order_nodes
from .qcdq import is_qcdq, read_qcdq
from .qdq import read_qdq
from .shapes import infer_shapes

Pass = Callable[[Graph], Graph]
PREPARATION: tuple[Pass, ...] = (order_nodes, refuse_unsupported, bind_dimensions, infer_shapes, order_nodes)


def read_network(path: Path, *, name: str | None = None, multiplier_bits: int = 25) -> Network:
    """Read a quantized ONNX file into the integer network.

    Parameters
    ----------
    path
        The file; external data must lie in its folder.
    name
        Name of the network; the file's stem unless given.
    multiplier_bits
        Width of the signed multipliers of requantization.

    Raises
    ------
    ModelError
        Where the file cannot be read or holds what is not supported: it names file, node, operator and reason.
    """
    graph = load_graph(Path(path))
    read = read_qcdq if is_qcdq(graph) else read_qdq
    for prepare in PREPARATION:
        graph = prepare(graph)
    return read(graph, name=name or Path(path).stem, multiplier_bits=multiplier_bits)
