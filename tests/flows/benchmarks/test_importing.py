"""The file of the size of ResNet-18: the same every time, and a network that can be read."""

from pathlib import Path

from nngen.compiler.frontend import read_network
from nngen.flows.benchmarks.resnet18 import write_resnet18
from nngen.ir import MatrixLayer


def test_the_file_is_the_same_every_time_and_reads(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_resnet18(tmp_path / name, size=32)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    network = read_network(tmp_path / "one")
    weights = sum(layer.weights.size for layer in network.layers if isinstance(layer, MatrixLayer))
    assert (len(network.layers), weights) == (31, 11_678_912)
    assert network.tensors[network.inputs[0].tensor].shape == (32, 32, 3)
