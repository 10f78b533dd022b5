"""Every unsupported node at once."""

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper

from nngen.compiler.frontend import Unsupported, explain_network, read_network

WAY_OUT = "quantize every layer's input, weights and output before export"


def quantized_image(file: Any) -> str:
    return str(file.activation(file.input("x", [1, 2, 4, 4]), 0.5))


def test_nodes_of_every_kind_in_one_file(onnx_file: Any, tmp_path: Path) -> None:
    """Two operators, float weights, and a rule that only reading finds; what depends on them is no finding."""
    file = onnx_file()
    image = quantized_image(file)
    first = file.node("GridSample", image, image, name="grid")
    second = file.node("LayerNormalization", first, file.constant(np.ones(4), np.float32), name="norm")
    third = file.node("Conv", second, file.constant(np.ones((2, 2, 1, 1)), np.float32), name="conv")
    other = file.activation(file.input("x1", [1, 2, 4, 1]), 0.5)
    product = file.node("Mul", image, other, name="product")
    file.node("Concat", file.activation(product, 0.5), file.activation(third, 0.5), axis=1, output="y")
    file.output("y")
    path = file.save(tmp_path)
    found = {one.node: one for one in explain_network(path)}
    assert list(found) == ["grid", "norm", "conv", "product"]
    assert found["norm"] == Unsupported(
        file=str(path),
        node="norm",
        operator="LayerNormalization",
        reason="this operator is not supported",
        nearest="BatchNormalization",
    )
    assert found["grid"].nearest == ""
    weights = next(name for node in file.nodes if node.name == "conv" for name in node.input[1:])
    assert (found["conv"].reason, found["conv"].nearest) == (f"its weights {weights!r} are not quantized", WAY_OUT)
    assert found["product"].reason.startswith(
        "the activations it multiplies must have one shape, or one of them one value a channel"
    )


def test_two_nodes_that_only_reading_finds(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    image = quantized_image(file)
    other = file.activation(file.input("x1", [1, 2, 4, 1]), 0.5)
    for number in range(2):
        product = file.node("Mul", image, other, name=f"product{number}")
        file.node("Identity", file.activation(product, 0.5), output=f"y{number}")
        file.output(f"y{number}")
    assert [one.node for one in explain_network(file.save(tmp_path))] == ["product0", "product1"]


def test_a_name_near_a_supported_operator(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    file.node("Swish", quantized_image(file), name="swish", output="y")
    file.output("y")
    (found,) = explain_network(file.save(tmp_path))
    assert found.nearest == "HardSwish"


def test_all_control_flow(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    inner = helper.make_graph([helper.make_node("Identity", ["x"], ["z"])], "inner", [], [])
    for name in ("a", "b"):
        file.node("If", file.input(f"c{name}", [1]), name=name, then_branch=inner, else_branch=inner)
    file.node("DynamicQuantizeLinear", file.input("x", [1, 2]), name="dynamic", output="y")
    file.output("y", TensorProto.UINT8)
    found = explain_network(file.save(tmp_path))
    assert [(one.node, one.nearest) for one in found] == [
        ("a", "export with dynamo=False"),
        ("b", "export with dynamo=False"),
        ("dynamic", "quantize statically: activation scales from calibration data"),
    ]


def test_a_rewritten_operator_is_named_as_in_the_file(onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    how = (file.constant(0.5, np.float32), file.constant(3, np.uint8))
    codes = file.input("x", [1, 2, 4, 4], TensorProto.UINT8)
    other = file.input("x1", [1, 2, 4, 1], TensorProto.UINT8)
    file.node("QLinearMul", codes, *how, other, *how, *how, domain="com.microsoft", name="product", output="y")
    file.output("y", TensorProto.UINT8)
    (found,) = explain_network(file.save(tmp_path))
    assert (found.operator, found.node) == ("com.microsoft::QLinearMul", "product")


def test_a_file_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "empty.onnx"
    path.touch()
    (found,) = explain_network(path)
    assert found == Unsupported(
        file=str(path), node="", operator="", reason="is empty", nearest="it must be an ONNX file"
    )


def test_nothing_where_a_network_can_be_read(repository: Path) -> None:
    for path in sorted((repository / "flows" / "networks" / "digits").glob("*.onnx")):
        assert read_network(path).layers
        assert explain_network(path) == []
