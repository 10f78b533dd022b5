"""Damaged files of quantized operators: a network or one sentence, and ``--explain`` agrees with the reader."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import helper

from nngen.compiler.frontend import explain_network

from .qoperators import Coded, QOperatorFile
from .test_mutations import mutated, refusal
from .test_structural_mutations import mutate

LIKE = Coded("", np.float32(0.5), 3, "uint8", (1, 2, 4, 4))


@pytest.fixture
def source(onnx_file: Any, tmp_path: Path) -> Path:
    """A small file with most quantized operators: few weights, so that mutations hit the structure."""
    made = QOperatorFile(onnx_file())
    x = made.quantized("x", LIKE)
    zeros: dict[str, Any] = {"kind": "uint8", "scale": [0.25, 0.5], "zero": [1, 1], "bias": [1, 2]}
    convolved = made.layer("QLinearConv", x, np.ones((2, 2, 1, 1)), LIKE, **zeros)
    bent = made.unary("QLinearLeakyRelu", convolved, LIKE, alpha=0.5)
    added = made.binary("QLinearAdd", convolved, bent, LIKE)
    joined = made.concat([added, bent], Coded("", np.float32(0.5), 3, "uint8", (1, 4, 4, 4)))
    half = Coded("", np.float32(0.5), 3, "uint8", (1, 4, 2, 2))
    pooled = made.unary("QLinearAveragePool", joined, half, kernel_shape=[2, 2], strides=[2, 2])
    last = Coded("", np.float32(0.5), 3, "uint8", (1, 3))
    how: dict[str, Any] = {"kind": "int8", "scale": 0.5, "zero": 0, "bias": [1, 2, 3]}
    made.finish(made.layer("QGemm", made.flat(pooled), np.ones((16, 3)), last, **how))
    return Path(made.file.save(tmp_path))


def check_mutations(source: Path, *, seeds: range) -> int:
    content, path, refused = source.read_bytes(), source.with_name("mutated.onnx"), 0
    assert refusal(source) == ""
    for seed in seeds:
        path.write_bytes(mutated(content, random.Random(seed)))
        message = refusal(path)
        assert message == "" or (message.startswith(f"{path}: ") and "\n" not in message), seed
        assert bool(explain_network(path)) == bool(message), seed
        refused += message != ""
    return refused


def test_mutations(source: Path) -> None:
    assert 300 < check_mutations(source, seeds=range(400)) <= 400


@pytest.mark.parametrize("seed", [8951, 9584])
def test_an_operator_that_is_no_text(seed: int, source: Path) -> None:
    """Protobuf hands out bytes where a name is no UTF-8; such mutations once crashed."""
    check_mutations(source, seeds=range(seed, seed + 1))


def test_a_name_that_is_no_text(source: Path) -> None:
    content = source.read_bytes()
    assert b"QLinearConv" in content
    path = source.with_name("mutated.onnx")
    path.write_bytes(content.replace(b"QLinearConv", b"QLinear\xffonv"))
    assert refusal(path).startswith(f"{path}: QLinear\\xffonv node 'n1': ")


def check_changes(source: Path, *, seeds: range) -> int:
    """Well-formed files with one thing changed."""
    content, path, refused = source.read_bytes(), source.with_name("changed.onnx"), 0
    for seed in seeds:
        model = onnx.ModelProto.FromString(content)
        mutate(model, random.Random(seed))
        path.write_bytes(model.SerializeToString())
        message = refusal(path)
        assert message == "" or (message.startswith(f"{path}: ") and "\n" not in message), seed
        assert bool(explain_network(path)) == bool(message), seed
        refused += message != ""
    return refused


def test_one_thing_changed(source: Path) -> None:
    assert 100 < check_changes(source, seeds=range(250)) < 250


@pytest.mark.parametrize(
    ("operator", "key", "value", "message"),
    [
        ("QLinearLeakyRelu", "alpha", "steep", "its attribute 'alpha' must be of type float, not str"),
        ("QGemm", "alpha", "steep", "its inputs and attributes must be those of its operator"),
        ("QLinearConcat", "axis", 0.5, "its attribute 'axis' must be of type int, not float"),
    ],
)
def test_attributes_of_other_types(operator: str, key: str, value: Any, message: str, source: Path) -> None:
    model = onnx.ModelProto.FromString(source.read_bytes())
    node = next(node for node in model.graph.node if node.op_type == operator)
    for entry in [entry for entry in node.attribute if entry.name == key]:
        node.attribute.remove(entry)
    node.attribute.append(helper.make_attribute(key, value))
    path = source.with_name("changed.onnx")
    path.write_bytes(model.SerializeToString())
    assert refusal(path) == f"{path}: com.microsoft::{operator} node {node.name!r}: {message}"


@pytest.mark.slow
def test_many_changes(source: Path) -> None:
    check_changes(source, seeds=range(10_000, 20_000))


@pytest.mark.slow
def test_many_mutations(source: Path) -> None:
    check_mutations(source, seeds=range(10_000, 30_000))
