"""``--explain`` on the command line."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from typer.testing import Result

Run = Callable[..., Result]


def float_network(folder: Path) -> Path:
    weights = numpy_helper.from_array(np.ones((2, 2), np.float32), "w")
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"], name="first"),
        helper.make_node("MatMul", ["h", "w"], ["y"], name="second\x1b[2J"),
    ]
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in ("x", "y")]
    model = helper.make_model(helper.make_graph(nodes, "made", ends[:1], ends[1:], [weights]))
    path = folder / "float.onnx"
    onnx.save(model, path)
    return path


def test_a_table_of_all(nngen: Run, tmp_path: Path) -> None:
    path = float_network(tmp_path)
    result = nngen("inspect", path, "--explain")
    assert result.exit_code == 2
    assert f"{path}: 2 nodes are not supported" in result.stdout
    assert "export as QCDQ" in result.stdout
    assert "second\\x1b[2J" in result.stdout


def test_as_json(nngen: Run, tmp_path: Path) -> None:
    path = float_network(tmp_path)
    result = nngen("inspect", path, "--explain", "--json")
    found = json.loads(result.stdout)["unsupported"]
    assert [one["operator"] for one in found] == ["MatMul", "MatMul"]
    assert found[0]["file"] == str(path)
    assert set(found[0]) == {"file", "node", "operator", "reason", "nearest"}


def test_a_network_that_can_be_read(nngen: Run, repository: Path) -> None:
    path = repository / "flows" / "networks" / "digits" / "mlp_w8a8.onnx"
    result = nngen("inspect", path, "--explain")
    assert result.exit_code == 0
    assert result.stdout.replace("\n", "") == f"{path}: every node is supported"


def test_a_build_explains_instead_of_stopping_at_the_first(nngen: Run, tmp_path: Path) -> None:
    path = float_network(tmp_path)
    result = nngen("build", path, "--arch", tmp_path / "no.toml", "-o", tmp_path / "out", "--explain")
    assert result.exit_code == 2
    assert "2 nodes are not supported" in result.stdout
    assert not (tmp_path / "out").exists()
