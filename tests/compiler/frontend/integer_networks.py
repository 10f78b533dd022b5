"""Networks of whole numbers, made node by node: no file of RequantShift is published.

``python -m tests.compiler.frontend.integer_networks FILE`` writes the residual network.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, numpy_helper

INT64 = int(TensorProto.INT64)


def constant(file: Any, values: Any, kind: npt.DTypeLike = np.float32) -> str:
    return str(file.constant(values, kind))


def requant_shift(
    file: Any, name: str, factor: Any, addend: Any, *, divisor: int, levels: int, signed: int, tensors: bool = True
) -> str:
    """One RequantShift; Deeploy keeps its numbers as tensors in attributes."""
    numbers = {"div": divisor, "n_levels": levels, "signed": signed}
    attributes: dict[str, Any] = dict(numbers)
    if tensors:
        attributes = {key: numpy_helper.from_array(np.array([number], np.float32)) for key, number in numbers.items()}
    inputs = (name, constant(file, factor), constant(file, addend))
    return str(file.node("RequantShift", *inputs, name="rescale", **attributes))


def residual_network(file: Any, random: np.random.Generator) -> str:
    """Two convolutions with a residual connection, a pool and a fully connected layer; returns the last tensor."""

    def rescaled(name: str, channels: int, *, shift: int, image: bool = True) -> str:
        factor = random.integers(50, 200, (1, channels, 1, 1) if image else (channels,))
        addend = random.integers(-2000, 2000, factor.shape)
        return requant_shift(file, name, factor, addend, divisor=1 << shift, levels=256, signed=1)

    def convolution(name: str, channels: int, outputs: int) -> str:
        weights = constant(file, random.integers(-8, 8, (outputs, channels, 3, 3)))
        return str(file.node("Conv", name, weights, pads=[1, 1, 1, 1]))

    first = rescaled(convolution(file.input("x", [1, 2, 8, 8]), 2, 4), 4, shift=11)
    second = rescaled(convolution(first, 4, 4), 4, shift=12)
    name = requant_shift(file, file.node("Add", first, second), 1, 0, divisor=2, levels=256, signed=1)
    name = file.node("MaxPool", name, kernel_shape=[2, 2], strides=[2, 2])
    weights = constant(file, random.integers(-8, 8, (64, 10)))
    return str(file.node("MatMul", file.node("Flatten", name), weights))


def main(path: Path) -> None:
    """Write the residual network."""
    from tests.compiler.frontend.conftest import OnnxFile  # noqa: PLC0415 - pytest's own way in does not need it

    file = OnnxFile(opset=9)
    file.node("Identity", residual_network(file, np.random.default_rng(5)), output="y")
    file.output("y")
    path.write_bytes(file.model().SerializeToString())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
