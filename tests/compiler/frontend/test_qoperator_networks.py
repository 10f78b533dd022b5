"""Random networks of quantized operators compute what onnxruntime computes, layer by layer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nngen.compiler.frontend import read_network
from tests.compiler.frontend.fuzzing import FUZZ

from .qoperators import Coded, QOperatorFile

Compare = Callable[[Path, dict[str, npt.NDArray[Any]]], dict[str, tuple[int, int]]]
EXACT = st.sampled_from([2.0**-k for k in range(1, 7)])
ANY = st.floats(0.01, 0.5)


class Random:
    """Draws scales, zero points and sizes; with powers of two as scales onnxruntime is exact, and ties abound."""

    def __init__(self, draw: st.DrawFn, made: QOperatorFile, random: np.random.Generator) -> None:
        self.draw, self.made, self.random = draw, made, random
        self.exact = draw(st.booleans())
        self.kind = draw(st.sampled_from(["uint8", "int8"]))

    def scale(self, shape: tuple[int, ...] = ()) -> npt.NDArray[np.float32]:
        base = self.draw(EXACT if self.exact else ANY)
        spread = np.exp2(self.random.integers(-1, 2, shape)) if self.exact else self.random.uniform(0.5, 2, shape)
        return np.asarray(base * spread if shape else base, np.float32)

    def like(self, shape: tuple[int, ...]) -> Coded:
        low, high = (0, 255) if self.kind == "uint8" else (-128, 127)
        zero = self.draw(st.sampled_from([low, high, 0, 3, 7, 100]))
        return Coded("", np.float32(self.scale()), zero, self.kind, shape)

    def weights(self, shape: tuple[int, ...], channels: int, *, zeros: bool) -> dict[str, Any]:
        unsigned = self.kind == "uint8" and self.draw(st.booleans())
        kind, zero = ("uint8", self.draw(st.sampled_from([0, 128, 121]))) if unsigned else ("int8", 0)
        codes = np.clip(self.random.integers(-9, 10, shape) + zero, 0 if unsigned else -128, 255 if unsigned else 127)
        scale = self.scale((channels,)) if self.draw(st.booleans()) else self.scale()
        zero_points: Any = np.full(scale.shape, zero)
        if unsigned and zeros and scale.shape:
            zero_points = zero_points + self.random.integers(0, 5, scale.shape)
        return {"weights": codes, "kind": kind, "scale": scale, "zero": zero_points}

    def bias(self, channels: int) -> Any:
        return self.random.integers(-300, 300, channels) if self.draw(st.booleans()) else None

    # ------------------------------------------------------------------ steps

    def convolution(self, x: Coded) -> Coded:
        channels, depthwise = self.draw(st.integers(2, 4)), self.draw(st.booleans())
        kernel = tuple(self.draw(st.integers(1, min(3, size))) for size in x.shape[2:])
        channels, width, group = (x.shape[1], 1, x.shape[1]) if depthwise else (channels, x.shape[1], 1)
        pads = [self.draw(st.integers(0, kernel[axis % 2] - 1)) for axis in range(4)]
        sizes = [x.shape[2 + axis] + pads[axis] + pads[axis + 2] - kernel[axis] + 1 for axis in range(2)]
        how = self.weights((channels, width, *kernel), channels, zeros=False)
        y = self.like((1, channels, *sizes))
        weights = how.pop("weights")
        bias = self.bias(channels)
        return self.made.layer("QLinearConv", x, weights, y, **how, bias=bias, pads=pads, group=group)

    def sum(self, x: Coded) -> Coded:
        operator = self.draw(st.sampled_from(["QLinearAdd", "QLinearMul"]))
        y = self.like(x.shape)
        if operator == "QLinearMul" or self.draw(st.booleans()):
            constant = self.like(x.shape)
            codes = self.random.integers(0, 100, (1, x.shape[1], 1, 1))
            return self.made.binary(operator, x, self.made.constant(codes, constant), y)
        if min(x.shape[2:]) > 1 and x.name != "x" and self.draw(st.booleans()):
            return self.made.max_pool(x)
        return self.made.binary(operator, x, self.unary(x), y)

    def unary(self, x: Coded) -> Coded:
        if self.draw(st.booleans()):
            alpha = self.draw(st.sampled_from([0.25, 0.1]))
            return self.made.unary("QLinearLeakyRelu", x, self.like(x.shape), alpha=alpha)
        low = 0 if self.kind == "uint8" else -128
        return self.made.unary("QLinearSigmoid", x, Coded("", np.float32(1 / 256), low, self.kind, x.shape))

    def average(self, x: Coded) -> Coded:
        if self.draw(st.booleans()):
            y = self.like((*x.shape[:2], 1, 1))
            self.exact = False  # a mean of a number of codes that is no power of two
            return self.made.unary("QLinearGlobalAveragePool", x, y, channels_last=0)
        y = self.like((*x.shape[:2], x.shape[2] - 1, x.shape[3] - 1))
        return self.made.unary("QLinearAveragePool", x, y, kernel_shape=[2, 2])

    def concat(self, x: Coded) -> Coded:
        other = self.unary(x)
        y = self.like((1, 2 * x.shape[1], *x.shape[2:]))
        return self.made.concat([x, other], y)

    def fully_connected(self, x: Coded) -> Coded:
        operator, outputs = (
            self.draw(st.sampled_from(["QGemm", "transB", "QLinearMatMul"])),
            self.draw(st.integers(1, 4)),
        )
        features = x.shape[1]
        shape = (outputs, features) if operator == "transB" else (features, outputs)
        how = self.weights(shape, outputs, zeros=operator == "QLinearMatMul")
        y, weights = self.like((1, outputs)), how.pop("weights")
        if operator == "QLinearMatMul":
            return self.made.layer("QLinearMatMul", x, weights, y, **how)
        bias, transposed = self.bias(outputs), int(operator == "transB")
        return self.made.layer("QGemm", x, weights, y, **how, bias=bias, transB=transposed)


STEPS = ("convolution", "sum", "unary", "average", "concat")


@settings(max_examples=50 * FUZZ, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_random_networks(
    data: st.DataObject, seed: int, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    check(data.draw, seed, QOperatorFile(onnx_file()), tmp_path, compare_with_reference)


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_many_random_networks(
    data: st.DataObject, seed: int, onnx_file: Any, tmp_path: Path, compare_with_reference: Compare
) -> None:
    check(data.draw, seed, QOperatorFile(onnx_file()), tmp_path, compare_with_reference)


def check(draw: Any, seed: int, made: QOperatorFile, folder: Path, compare: Compare) -> None:
    generator = np.random.default_rng(seed)
    grown = Random(draw, made, generator)
    shape = (1, draw(st.integers(1, 3)), draw(st.integers(5, 7)), draw(st.integers(5, 7)))
    integral = draw(st.booleans())
    x = (made.input if integral else made.quantized)("x", grown.like(shape))
    for _ in range(draw(st.integers(1, 3))):
        step = draw(st.sampled_from(STEPS))
        if step != "average" or min(x.shape[2:]) > 1:
            x = getattr(grown, step)(x)
    if draw(st.booleans()) or not any(node.op_type.startswith("QLinear") for node in made.file.nodes):
        x = grown.fully_connected(made.flat(x))
    made.finish(x, real=draw(st.booleans()))
    if integral:
        low, high = (0, 256) if grown.kind == "uint8" else (-128, 128)
        samples = generator.integers(low, high, (3, *shape[1:])).astype(grown.kind)
    else:
        samples = (generator.normal(size=(3, *shape[1:])) * generator.choice([1.0, 30.0])).astype(np.float32)
    path = made.file.save(folder)
    found = compare(path, {"x": samples})  # fails where a difference is no near-tie
    assert read_network(path).dialect == "QOperator"
    if grown.exact:
        assert all(differing == 0 for differing, _ in found.values()), found
