"""Well-formed files with one thing changed: read, or refused in one sentence, whatever the change."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from nngen.compiler.frontend import read_network
from tests.compiler.frontend.integer_networks import INT64, constant, residual_network
from tests.compiler.frontend.test_mutations import refusal
from tests.compiler.frontend.test_qonnx import GENERAL, quant, weights

OPERATORS = (
    *("Quant", "BipolarQuant", "Trunc", "Conv", "MatMul", "Relu", "Clip", "Floor", "Cast", "Div", "Mul", "Add", "Sub"),
    *("AveragePool", "MaxPool", "Flatten", "Pad", "RequantShift", "Concat", "Softmax", "Sigmoid", "QuantizeLinear"),
)
VALUES = (0.0, -1.0, 1.0, 0.5, 3.0, 17.0, 1e30, -1e30, 65536.0, float("nan"), float("inf"))


def qonnx(file: Any) -> str:
    name = quant(file, file.input("x", [1, 2, 4, 4]), 0.5, 4, signed=0)
    name = file.node("Relu", file.node("Conv", name, weights(file, np.ones((2, 2, 2, 2)), 0.5, 3)))
    name = quant(file, name, 1.0, 4, signed=0, rounding_mode="FLOOR")
    name = file.node("Mul", file.node("AveragePool", name, kernel_shape=[2, 2]), file.constant(4.0, np.float32))
    constants = [file.constant(value, np.float32) for value in (1.0, 0, 6, 4)]
    name = file.node("Trunc", name, *constants, domain=GENERAL, rounding_mode="FLOOR")
    name = file.node("BipolarQuant", name, file.constant(1, np.float32), domain=GENERAL)
    return str(file.node("Conv", name, weights(file, np.ones((1, 2, 1, 1)), 1, 2)))


def integers(file: Any) -> str:
    name = file.node("Pad", file.input("x", [1, 2, 4, 4]), mode="constant", value=0.0, pads=[0, 0, 1, 1, 0, 0, 1, 1])
    name = file.node("Conv", name, constant(file, np.ones((2, 2, 2, 2))), constant(file, [3, 4]))
    name = file.node("Mul", name, constant(file, [[[[3]], [[-5]]]]))
    name = file.node("Div", file.node("Cast", name, to=INT64), constant(file, 1023, np.int64))
    name = file.node("Clip", file.node("Cast", name, to=onnx.TensorProto.FLOAT), min=-128.0, max=127.0)
    terms = [file.node("Mul", name, constant(file, factor)) for factor in (3, 5)]
    name = file.node("Floor", file.node("Div", file.node("Add", *terms), constant(file, 7)))
    name = file.node("Flatten", file.node("AveragePool", name, kernel_shape=[5, 5]))
    name = file.node("Floor", file.node("Mul", name, constant(file, 2)))
    return str(file.node("LogSoftmax", file.node("MatMul", name, constant(file, np.ones((2, 3)))), axis=1))


def requant_shift(file: Any) -> str:
    return residual_network(file, np.random.default_rng(5))


NETWORKS: dict[str, Callable[[Any], str]] = {"qonnx": qonnx, "integers": integers, "requant_shift": requant_shift}


def mutate(model: onnx.ModelProto, generator: random.Random) -> None:
    """Change one thing: an operator, an input, a constant, an attribute, or the order of inputs."""
    graph = model.graph
    node = generator.choice(graph.node)
    change = generator.randrange(6)
    names = [value.name for value in graph.initializer] + [output for one in graph.node for output in one.output]
    if change == 0:
        node.op_type = generator.choice(OPERATORS)
    elif change == 1 and node.input:
        node.input[generator.randrange(len(node.input))] = generator.choice([*names, "", "x"])
    elif change == 2 and graph.initializer:
        tensor = generator.choice(graph.initializer)
        array = numpy_helper.to_array(tensor).copy()
        with np.errstate(invalid="ignore"):
            array.reshape(-1)[generator.randrange(array.size)] = np.float64(generator.choice(VALUES)).astype(
                array.dtype
            )
        tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
    elif change == 3 and graph.initializer:
        tensor = generator.choice(graph.initializer)
        array = numpy_helper.to_array(tensor)
        shape = generator.choice([(1, *array.shape), array.shape[::-1], (array.size,), (array.size, 1)])
        tensor.CopyFrom(numpy_helper.from_array(array.reshape(shape), tensor.name))
    elif change == 4 and node.attribute:
        entry = generator.choice(node.attribute)
        value = generator.choice([0, 1, -1, 7, 0.5, [1, 1], [2, 2, 2, 2], "ROUND"])
        entry.CopyFrom(helper.make_attribute(entry.name, value))
    elif change == 5 and len(node.input) > 1:
        first, second = generator.sample(range(len(node.input)), 2)
        node.input[first], node.input[second] = node.input[second], node.input[first]


@pytest.mark.parametrize("name", NETWORKS)
def test_one_thing_changed(name: str, onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file(opset=9 if name != "qonnx" else 11)
    file.node("Identity", NETWORKS[name](file), output="y")
    file.output("y")
    content, path = file.model().SerializeToString(), file.save(tmp_path)
    read_network(path)
    refused = 0
    for seed in range(250):
        model = onnx.ModelProto.FromString(content)
        mutate(model, random.Random(seed))
        path.write_bytes(model.SerializeToString())
        said = refusal(path)
        refused += bool(said)
        assert not said or (said.startswith(f"{path}: ") and "\n" not in said)
    assert 50 < refused < 250
