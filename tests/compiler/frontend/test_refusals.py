"""Every sentence that refuses a graph: one file each, made to break one rule."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError

Make = Callable[[Any], None]

WAY_OUT = "quantize every layer's input, weights and output before export"
IMAGE = [1, 2, 4, 4]


def codes(*shape: int, value: int = 1) -> Any:
    return np.full(shape, value)


def image(file: Any, shape: list[Any] = IMAGE) -> str:
    return str(file.activation(file.input("x", shape), 0.5))


def vector(file: Any, features: int = 2) -> str:
    return image(file, [1, features])


def finish(file: Any, name: str) -> None:
    file.node("Identity", name, output="y")
    file.output("y")


def conv(file: Any, source: str = "", weights: str = "", **attributes: Any) -> str:
    weights = weights or file.dequantized(codes(3, 2, 2, 2), 0.25)
    return str(file.node("Conv", source or image(file), weights, name="conv", **attributes))


def gemm(file: Any, *more: str, weights: str = "", **attributes: Any) -> str:
    weights = weights or file.dequantized(codes(2, 3), 0.25)
    return str(file.node("Gemm", vector(file), weights, *more, name="gemm", output="hidden", **attributes))


def conv_with(**attributes: Any) -> Make:
    return lambda file: finish(file, file.activation(conv(file, **attributes), 1.0))


def gemm_with(**attributes: Any) -> Make:
    return lambda file: finish(file, file.activation(gemm(file, **attributes), 1.0))


def gemm_on(make_weights: Callable[[Any], str]) -> Make:
    return lambda file: finish(file, file.activation(gemm(file, weights=make_weights(file)), 1.0))


def behind_gemm(operator: str, *constants: Any, **attributes: Any) -> Make:
    """The operator between a Gemm of three outputs and its quantizer."""

    def make(file: Any) -> None:
        inputs = [file.constant(values, np.float32) for values in constants]
        name = file.node(operator, gemm(file), *inputs, name="node", **attributes)
        finish(file, file.activation(name, 1.0))

    return make


def with_input(shape: list[Any]) -> Make:
    return lambda file: finish(file, file.activation(conv(file, source=image(file, shape)), 1.0))


def quantizer(**changes: Any) -> Make:
    """A quantizer of the input with other constants."""

    def make(file: Any) -> None:
        how = [file.constant(changes.get("scale", np.float32(0.5))), file.constant(changes.get("zero", np.uint8(0)))]
        name = file.node("QuantizeLinear", file.input("x", [1, 2]), *how, name="quantize", **changes.get("more", {}))
        name = file.node("DequantizeLinear", name, *how)
        finish(file, file.node("MatMul", name, file.dequantized(codes(2, 3), 0.25)))

    return make


# ---------------------------------------------------------------- graphs


def cycle(file: Any) -> None:
    file.node("Add", file.input("x", [1, 2]), "b", output="a", name="add")
    file.node("Relu", "a", output="b", name="relu")
    finish(file, "b")


def twice_made(file: Any) -> None:
    file.node("Relu", file.input("x", [1, 2]), output="y", name="first")
    file.node("Relu", "x", output="y", name="second")
    file.output("y")


def unmade_input(file: Any) -> None:
    file.node("Add", file.input("x", [1, 2]), "nothing", output="y", name="add")
    file.output("y")


def unmade_output(file: Any) -> None:
    finish(file, gemm(file))
    file.output("z")


def input_twice(file: Any) -> None:
    file.input("x", [1, 2])
    finish(file, gemm(file))


def unsupported_operator(file: Any) -> None:
    finish(file, file.node("Sin", gemm(file), name="wave"))


def only_foldable(file: Any) -> None:
    finish(file, file.node("Cast", gemm(file), name="cast", to=TensorProto.FLOAT))


# ---------------------------------------------------------------- values


def branch_before_quantizer(file: Any) -> None:
    name = gemm(file)
    file.node("Identity", file.activation(name, 1.0), output="z")
    file.output("z")
    finish(file, file.activation(name, 2.0))


def no_input_quantizer(file: Any) -> None:
    file.activation(file.input("unused", [1, 2]), 1.0)
    name = file.node("MatMul", file.input("x", [1, 2]), file.dequantized(codes(2, 3), 0.25), name="multiply")
    finish(file, file.activation(name, 1.0))


def no_output_quantizer(file: Any) -> None:
    finish(file, file.node("MatMul", gemm(file), file.dequantized(codes(3, 3), 0.25), name="multiply"))


def float_weights(values: Any) -> Make:
    return gemm_on(lambda file: file.constant(values, np.float32))


def computed_weights(file: Any) -> None:
    weights = file.activation(file.input("w", [1, 3]), 1.0)
    finish(file, file.node("MatMul", vector(file, 1), weights, name="multiply"))


def constants_that_do_not_fit(file: Any) -> None:
    weights = file.node("Concat", file.constant(codes(2, 3)), file.constant(codes(3, 2)), axis=0, name="join")
    finish(file, gemm(file, weights=weights))


def constant_output(file: Any) -> None:
    finish(file, gemm(file))
    file.node("Identity", file.constant(1.0, np.float32), output="z")
    file.output("z")


def computed_square_weights(file: Any) -> None:
    name = file.node("Reshape", image(file, [1, 4]), file.constant([1, 4]))
    weights = file.node("Transpose", name, perm=[1, 0], name="turn")
    finish(file, file.node("MatMul", name, weights, name="multiply"))


def residual_of_a_layer(file: Any) -> None:
    name = vector(file, 3)
    other = file.node("Gemm", name, file.dequantized(codes(3, 3), 0.25))
    finish(file, file.activation(file.node("Add", name, other, name="add"), 1.0))


def product_with_a_layer(file: Any) -> None:
    name = vector(file, 3)
    other = file.node("Gemm", name, file.dequantized(codes(3, 3), 0.25))
    finish(file, file.activation(file.node("Mul", name, other, name="multiply"), 1.0))


def quotient_of_activations(file: Any) -> None:
    name = vector(file)
    finish(file, file.activation(file.node("Div", name, name, name="divide"), 1.0))


def sum_of_two_orders(file: Any) -> None:
    name = image(file)
    turned = file.node("Transpose", name, perm=[0, 1, 3, 2])
    finish(file, file.activation(file.node("Add", name, turned, name="add"), 1.0))


def sum_of_two_shapes(file: Any) -> None:
    name = image(file)
    mean = file.activation(file.node("GlobalAveragePool", name), 1.0)
    finish(file, file.activation(file.node("Add", name, mean, name="add"), 1.0))


def bounded_then_subtracted(file: Any) -> None:
    name = file.node("Relu", gemm(file))
    constant = file.constant([1, 2, 3], np.float32)
    finish(file, file.activation(file.node("Sub", name, constant, name="subtract"), 1.0))


def bounded_then_normalized(file: Any) -> None:
    constants = [file.constant([1, 1, 1], np.float32) for _ in range(4)]
    name = file.node("BatchNormalization", file.node("Relu", gemm(file)), *constants, name="norm")
    finish(file, file.activation(name, 1.0))


def relu_on_input(file: Any) -> None:
    finish(file, file.activation(file.node("Relu", file.input("x", [1, 2]), name="relu"), 0.5))


# ---------------------------------------------------------------- pools, joins, functions


def pool(operator: str = "MaxPool", **attributes: Any) -> Make:
    attributes = {"kernel_shape": [2, 2]} | attributes

    def make(file: Any) -> None:
        finish(file, file.activation(file.node(operator, image(file), name="pool", **attributes), 1.0))

    return make


def mean_without_quantizer(file: Any) -> None:
    pooled = file.node("AveragePool", image(file), kernel_shape=[2, 2], name="pool")
    finish(file, conv(file, source=pooled))


def mean_of_borders_as_output(file: Any) -> None:
    mean = file.node("AveragePool", image(file), kernel_shape=[2, 2], pads=[1, 1, 0, 0], name="pool", output="mean")
    finish(file, mean)


def pool_of_vector(file: Any) -> None:
    finish(file, file.activation(file.node("MaxPool", vector(file), kernel_shape=[1], name="pool"), 1.0))


def mean_over(axes: list[int], **attributes: Any) -> Make:
    def make(file: Any) -> None:
        mean = file.node("ReduceMean", image(file), axes=axes, name="mean", **attributes)
        finish(file, file.activation(mean, 1.0))

    return make


def joined(axis: int, *, transposed: bool = False) -> Make:
    def make(file: Any) -> None:
        name = image(file)
        other = file.node("Transpose", name, perm=[0, 2, 1, 3]) if transposed else name
        finish(file, file.activation(file.node("Concat", name, other, axis=axis, name="join"), 1.0))

    return make


def joined_images_of_two_sizes(file: Any) -> None:
    name = file.node("Flatten", image(file))
    small = file.node("Flatten", file.activation(file.input("z", [1, 2, 2, 2]), 0.5))
    finish(file, file.activation(file.node("Concat", name, small, axis=1, name="join"), 1.0))


def function_of_wide_codes(file: Any) -> None:
    wide = file.activation(file.input("x", [1, 2]), 0.5, kind="int16")
    finish(file, file.activation(file.node("Sigmoid", wide, name="bend"), 1.0))


def function_of_layer(file: Any) -> None:
    finish(file, file.activation(file.node("Tanh", gemm(file), name="bend"), 1.0))


def function_as_output(file: Any) -> None:
    finish(file, file.node("Tanh", vector(file), name="bend"))


def function_without_value(file: Any) -> None:
    finish(
        file,
        file.activation(
            file.node("Elu", file.activation(file.input("x", [1, 2]), 1.0, kind="int8"), name="bend", alpha=np.nan), 1.0
        ),
    )


def sloped_then_biased(file: Any) -> None:
    name = file.node("LeakyRelu", gemm(file))
    finish(file, file.activation(file.node("Add", name, file.constant([1, 2, 3], np.float32), name="add"), 1.0))


def sloped_as_output(file: Any) -> None:
    finish(file, file.node("LeakyRelu", gemm(file)))


def slope_of_input(file: Any) -> None:
    slope = file.constant([0.5], np.float32)
    finish(file, file.activation(file.node("PRelu", file.input("x", [1, 2]), slope, name="bend"), 1.0))


def batch_norm(**changes: Any) -> Make:
    constants = {"gamma": [1, 1, 1], "beta": [0, 0, 0], "mean": [0, 0, 0], "variance": [1, 1, 1]}
    attributes = {key: value for key, value in changes.items() if key not in constants}
    return behind_gemm("BatchNormalization", *({**constants, **changes}[key] for key in constants), **attributes)


def bounded_then_biased(file: Any) -> None:
    name = file.node("Relu", gemm(file))
    finish(file, file.activation(file.node("Add", name, file.constant([1, 2, 3], np.float32), name="add"), 1.0))


def bounded_without_quantizer(file: Any) -> None:
    bound = file.constant(1.0, np.float32)
    finish(file, file.node("Clip", gemm(file), "", bound))


def other_scale_behind(file: Any) -> None:
    name = file.node("QuantizeLinear", gemm(file), file.constant(1.0, np.float32), file.constant(0, np.int8))
    how = (file.constant(2.0, np.float32), file.constant(0, np.int8))
    finish(file, file.node("DequantizeLinear", name, *how, name="dequantize"))


def codes_with_two_readers(file: Any) -> None:
    how = (file.constant(1.0, np.float32), file.constant(0, np.int8))
    name = file.node("QuantizeLinear", gemm(file), *how, name="quantize")
    clipped = file.node("Clip", name, file.constant(0, np.int8), file.constant(7, np.int8))
    file.node("DequantizeLinear", name, *how, output="z")
    file.output("z")
    finish(file, file.node("DequantizeLinear", clipped, *how))


def clip_of_codes(low: int, high: int) -> Make:
    def make(file: Any) -> None:
        how = (file.constant(1.0, np.float32), file.constant(0, np.int8))
        name = file.node("QuantizeLinear", gemm(file), *how)
        name = file.node("Clip", name, file.constant(low, np.int8), file.constant(high, np.int8), name="clip")
        finish(file, file.node("DequantizeLinear", name, *how))

    return make


def clip_with_computed_bound(file: Any) -> None:
    bound = file.input("bound", [1, 1])
    finish(file, file.activation(file.node("Clip", gemm(file), bound, name="clip"), 1.0))


def word_output(file: Any) -> None:
    file.opset = 21
    zero = helper.make_tensor("zero", TensorProto.INT4, [], [0])
    file.constants.append(zero)
    file.node("QuantizeLinear", gemm(file), file.constant(1.0, np.float32), "zero", output="y")
    file.output("y", TensorProto.INT4)


def nothing_but_host(file: Any) -> None:
    finish(file, vector(file))


def behind_softmax(file: Any) -> None:
    finish(file, file.activation(file.activation(file.node("Softmax", gemm(file)), 1.0), 1.0))


def reshaped_softmax(file: Any) -> None:
    finish(file, file.node("Reshape", file.node("Softmax", gemm(file)), file.constant([1, 3, 1]), name="reshape"))


def softmax_of_image(file: Any) -> None:
    finish(file, file.node("Softmax", file.activation(conv(file), 1.0), name="soft", axis=1))


def softmax_axis(file: Any) -> None:
    finish(file, file.node("Softmax", gemm(file), axis=0, name="soft"))


def batch_lost(file: Any) -> None:
    finish(file, file.activation(file.node("Reshape", gemm(file), file.constant([3, 1]), name="reshape"), 1.0))


def image_from_vector(file: Any) -> None:
    name = file.activation(file.node("Gemm", vector(file), file.dequantized(codes(2, 32), 0.25)), 1.0)
    name = file.node("Reshape", name, file.constant(IMAGE))
    finish(file, file.activation(conv(file, source=name), 1.0))


def reshaped_channel_weights(file: Any) -> None:
    weights = file.dequantized(codes(6, 1), [0.25] * 6)
    weights = file.node("Reshape", weights, file.constant([2, 3]), name="reshape")
    finish(file, file.activation(gemm(file, weights=weights), 1.0))


def dropout_in_training(file: Any) -> None:
    inputs = (gemm(file), file.constant(0.5, np.float32), file.constant(True))
    finish(file, file.activation(file.node("Dropout", *inputs, name="drop"), 1.0))


def side_output(file: Any) -> None:
    name = gemm(file)
    file.node("Dropout", name, name="drop")
    file.nodes[-1].output.append("mask")
    finish(file, file.node("Add", "mask", file.constant([1.0], np.float32), name="add"))


def tangled_input(file: Any) -> None:
    name = file.node("Reshape", image(file, [1, 4, 3, 1]), file.constant([1, 3, 4, 1]))
    name = file.node("Reshape", file.node("Transpose", name, perm=[0, 2, 1, 3]), file.constant([1, 2, 3, 2]))
    finish(file, file.activation(conv(file, source=name), 1.0))


def double_scale(file: Any) -> None:
    quantizer(scale=np.float64(0.5))(file)


def too_wide_sum(file: Any) -> None:
    bias = file.dequantized([2**31 - 1] * 3, 0.125, kind="int32")
    finish(file, gemm(file, bias))


def huge_scale(file: Any) -> None:
    weights = file.dequantized(codes(2, 3), 1e30)
    finish(file, file.activation(gemm(file, weights=weights), 1e-3))


def huge_bias(file: Any) -> None:
    weights = file.dequantized(codes(2, 3), 1e-6)
    bias = file.constant([1e30] * 3, np.float32)
    finish(file, file.activation(gemm(file, bias, weights=weights), 1.0))


SUPPORTED = (
    "this operator is not supported; "
    "supported are Conv, Gemm, MatMul, Add, Sub, Mul, Div, BatchNormalization, Concat, MaxPool, AveragePool, "
    "GlobalMaxPool, GlobalAveragePool, ReduceMean, QuantizeLinear, DequantizeLinear, Relu, Clip, PRelu, Abs, Elu, Erf, "
    "Exp, Gelu, HardSigmoid, HardSwish, LeakyRelu, Mish, Selu, Sigmoid, Softplus, Softsign, Tanh, Flatten, Reshape, "
    "Transpose, Squeeze, Unsqueeze, Slice, Split, Gather, Pad, Resize, Identity, Dropout, Softmax"
)
ADDITION = "it must add constants to a layer's result, or dequantized activations; quantize what it adds"
PRODUCT = "it must multiply a layer's result with constants, or dequantized activations; quantize what it multiplies"
QUOTIENT = "it must divide a layer's result or an activation by constants; quotients of activations are not supported"
SCALE = "QuantizeLinear node 'quantize': its scale 'c0' must be"
CASES: list[tuple[Make, str]] = [
    # graph
    (cycle, "Add node 'add': the graph must have no cycle, and this node waits for its own result"),
    (twice_made, "Relu node 'second': tensor 'y' must be made once, not twice"),
    (input_twice, "tensor 'x' must be made once, not twice"),
    (unmade_input, "Add node 'add': its input 'nothing' must be made by a node, and is by none"),
    (unmade_output, "output 'z' must be made by a node, and is by none"),
    (unsupported_operator, f"Sin node 'wave': {SUPPORTED}"),
    (only_foldable, "Cast node 'cast': its inputs must be constant, so that it can be computed at build time"),
    # input shapes
    (with_input([4]), "input 'x' must have a batch and a feature dimension, not shape [4]"),
    (with_input([2, 2, 4, 4]), "input 'x' must have batch 1 or a symbolic batch, not 2; export with batch 1"),
    (
        with_input([1, 2, "H", 4]),
        "input 'x': dimension 2 ('H') is symbolic and no weights settle it; export with a fixed size",
    ),
    (with_input([1, 2, 0, 4]), "input 'x' must have sizes of at least 1, not shape [1, 2, 0, 4]"),
    (with_input([1, 2, 1 << 20, 1 << 20]), "input 'x' must have at most 16777216 elements, not 2199023255552"),
    # shapes
    (
        with_input([1, 2, 4]),
        "Conv node 'conv': it must be a convolution in one or two dimensions, not one of shapes [1, 2, 4] and "
        "[3, 2, 2, 2]",
    ),
    (with_input([1, 5, 4, 4]), "Conv node 'conv': its weights must have 5 input channels like its input, not 2"),
    (with_input([1, 2, 1, 4]), "Conv node 'conv': its padded input must be at least [2, 2], not [1, 4]"),
    (conv_with(group=2), "Conv node 'conv': group must divide its 2 input and 3 output channels, not 2"),
    (conv_with(dilations=[0, 1]), "Conv node 'conv': dilations must be two numbers of at least 1, not [0, 1]"),
    (conv_with(kernel_shape=[3, 3]), "Conv node 'conv': kernel_shape must be [2, 2] like its weights, not [3, 3]"),
    (conv_with(strides=[0, 1]), "Conv node 'conv': strides must be two numbers of at least 1, not [0, 1]"),
    (conv_with(pads=[0, 0, -1, 0]), "Conv node 'conv': pads must be four numbers of at least 0, not [0, 0, -1, 0]"),
    (conv_with(pads=[0, 2, 0, 0]), "Conv node 'conv': pads must be smaller than the kernel [2, 2], not [0, 2, 0, 0]"),
    (
        conv_with(auto_pad="SAME"),
        "Conv node 'conv': auto_pad must be NOTSET, VALID, SAME_UPPER or SAME_LOWER, not 'SAME'",
    ),
    (
        gemm_on(lambda file: file.dequantized(codes(4, 3), 0.25)),
        "Gemm node 'gemm': its weights must have 2 rows like its input has features, not 4",
    ),
    (
        gemm_on(lambda file: file.dequantized(codes(2, 3, 1), 0.25)),
        "Gemm node 'gemm': it must multiply two matrices, not shapes [1, 2] and [2, 3, 1]",
    ),
    (
        behind_gemm("Reshape", [7, 7]),
        "Reshape node 'node': its shapes [[1, 3], [2]] do not fit: 3 elements cannot take shape [7, 7]",
    ),
    (
        behind_gemm("Transpose", perm=[0, 0]),
        "Transpose node 'node': its shapes [[1, 3]] do not fit: [0, 0] is no order of 2 dimensions",
    ),
    # layers
    (gemm_with(transA=1), "Gemm node 'gemm': transA must be 0, not 1"),
    (gemm_with(alpha=0.5), "Gemm node 'gemm': alpha must be 1, not 0.5"),
    (gemm_with(beta=2.0), "Gemm node 'gemm': beta must be 1, not 2"),
    (float_weights(codes(2, 3)), f"Gemm node 'gemm': its weights 'c0' are not quantized; {WAY_OUT}"),
    (float_weights(np.full((2, 3), np.nan)), f"Gemm node 'gemm': its weights 'c0' hold NaN; {WAY_OUT}"),
    (
        computed_square_weights,
        "Transpose node 'turn': it must keep the batch as first dimension, not give shape [4, 1]",
    ),
    (
        gemm_on(lambda file: file.dequantized(codes(2, 3, value=-256), 0.25, kind="int16")),
        "Gemm node 'gemm': its weights 't0' must lie in -255..255, not reach 256",
    ),
    (
        gemm_on(lambda file: file.dequantized(codes(2, 3), [0.25, 0.5], axis=0)),
        "Gemm node 'gemm': its weights 't0' must have one scale, or one for each of its 3 output channels",
    ),
    (no_input_quantizer, f"MatMul node 'multiply': the network input 'x' it reads has no quantizer; {WAY_OUT}"),
    (no_output_quantizer, f"MatMul node 'multiply': the layer 'hidden' it reads has no output quantizer; {WAY_OUT}"),
    (
        image_from_vector,
        "Conv node 'conv': its input must keep the height, width and channels [1, 1, 32] it was made with",
    ),
    (tangled_input, "Conv node 'conv': input 'x' must reach it by one transpose of its dimensions [4, 3, 1]"),
    (
        computed_weights,
        "MatMul node 'multiply': its weights 't1' must be constant; weights computed from data are not supported",
    ),
    # accumulations
    (
        branch_before_quantizer,
        f"Gemm node 'gemm': its result must be quantized before several nodes read it; {WAY_OUT}",
    ),
    (residual_of_a_layer, f"Add node 'add': {ADDITION}"),
    (bounded_then_biased, f"Add node 'add': {ADDITION}"),
    (bounded_then_subtracted, f"Sub node 'subtract': {ADDITION}"),
    (product_with_a_layer, f"Mul node 'multiply': {PRODUCT}"),
    (quotient_of_activations, f"Div node 'divide': {QUOTIENT}"),
    (behind_gemm("Div", [1, 0, 1]), "Div node 'node': its divisor 'c0' must not be 0"),
    (
        sum_of_two_orders,
        "Add node 'add': its activations must have one shape and order, not [1, 2, 4, 4] and [1, 2, 4, 4]",
    ),
    (
        sum_of_two_shapes,
        "Add node 'add': its activations must have one shape and order, not [1, 2, 4, 4] and [1, 2, 1, 1]",
    ),
    (behind_gemm("Add", [[1], [2]]), "Add node 'node': its constants of shape [2, 1] must hold one value a channel"),
    (behind_gemm("Add", [np.nan] * 3), "Add node 'node': its input 'c0' must be constant and finite"),
    (
        bounded_then_normalized,
        "BatchNormalization node 'norm': it must follow a layer directly, or read a dequantized activation",
    ),
    (
        batch_norm(training_mode=1),
        "BatchNormalization node 'node': training_mode must be 0, not 1; export the network in evaluation mode",
    ),
    (
        batch_norm(variance=[1, -1, 1]),
        "BatchNormalization node 'node': variance + epsilon must be above 0 in every channel",
    ),
    (
        batch_norm(gamma=[1, 1]),
        "BatchNormalization node 'node': its constants of shape [2] must hold one value a channel",
    ),
    (relu_on_input, "Relu node 'relu': it must stand between a layer and its output quantizer"),
    (
        bounded_without_quantizer,
        "layer 'hidden' is bounded by Relu or Clip without a quantizer behind it; quantize its output",
    ),
    (too_wide_sum, "layer 'hidden' without output quantizer must fit 32 bits, and needs 33; quantize its output"),
    (huge_scale, "layer 'hidden' cannot be requantized: scale must be below 2^24, not 5e+32"),
    (
        huge_bias,
        "layer 'hidden' cannot be requantized: its offset must be below 36028797018963968 output codes, not 1e+30",
    ),
    # pools, joins, functions
    (pool(storage_order=1), "MaxPool node 'pool': storage_order must be 0, not 1"),
    (pool(strides=[1]), "MaxPool node 'pool': strides must be two numbers of at least 1, not [1]"),
    (pool(pads=[2, 0, 0, 0]), "MaxPool node 'pool': pads must be smaller than the kernel [2, 2], not [2, 0, 0, 0]"),
    (pool(kernel_shape=[5, 1]), "MaxPool node 'pool': its padded input must be at least [5, 1], not [4, 4]"),
    (pool(kernel_shape=[2]), "MaxPool node 'pool': kernel_shape must be [2] like its weights, not [2]"),
    (
        pool("AveragePool", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1, count_include_pad=1),
        "AveragePool node 'pool': ceil_mode must be 0 where padding counts in the mean and windows reach beyond it",
    ),
    (
        pool_of_vector,
        "MaxPool node 'pool': it must pool in one or two dimensions, not an input of shape [1, 2]",
    ),
    (mean_without_quantizer, f"Conv node 'conv': the layer 't2' it reads has no output quantizer; {WAY_OUT}"),
    (
        mean_of_borders_as_output,
        "layer 'mean' averages without its padding and has no output quantizer; quantize its output",
    ),
    (mean_over([2]), "ReduceMean node 'mean': it must reduce all of height and width, and nothing else"),
    (mean_over([0, 2, 3]), "ReduceMean node 'mean': it must reduce all of height and width, and nothing else"),
    (
        mean_over([4]),
        "ReduceMean node 'mean': its shapes [[1, 2, 4, 4]] do not fit: axes [4] must be those of 4 dimensions",
    ),
    (
        joined(2, transposed=True),
        "Concat node 'join': its shapes [[1, 2, 4, 4], [1, 4, 2, 4]] do not fit: they may differ along axis 2 only",
    ),
    (
        joined(5),
        "Concat node 'join': its shapes [[1, 2, 4, 4], [1, 2, 4, 4]] do not fit: axis 5 must be one of all inputs",
    ),
    (joined(2), "output 'y' must be one transpose away from channel-last"),
    (joined_images_of_two_sizes, "Concat node 'join': its inputs must be joined along their channels"),
    (function_of_wide_codes, "Sigmoid node 'bend': its input must have at most 8 bits, not 16"),
    (function_of_layer, f"Tanh node 'bend': the layer 'hidden' it reads has no output quantizer; {WAY_OUT}"),
    (function_as_output, "output 'y' must be the result of a layer"),
    (
        function_without_value,
        "Elu node 'bend': it must give a number for every code of its input, and gives NaN",
    ),
    (sloped_then_biased, f"Add node 'add': {ADDITION}"),
    (
        sloped_as_output,
        "layer 'hidden' is bent by LeakyRelu or PRelu without a quantizer behind it; quantize its output",
    ),
    (
        slope_of_input,
        f"PRelu node 'bend': it must follow a layer or read a dequantized activation; {WAY_OUT}",
    ),
    # quantizers
    (quantizer(scale=np.float32(np.nan)), f"{SCALE} finite and above 0, not nan"),
    (double_scale, f"{SCALE} float32, not float64"),
    (
        quantizer(scale=np.float32([0.5, 0.5]), zero=np.uint8([0, 0])),
        "QuantizeLinear node 'quantize': an activation must have one scale, not one per channel",
    ),
    (
        quantizer(scale=np.float32([0.5] * 3), zero=np.uint8([0] * 3)),
        "QuantizeLinear node 'quantize': its scale must be one number or one for each of axis 1 of [1, 2], "
        "not of shape [3]",
    ),
    (
        quantizer(zero=np.uint8([0, 0])),
        "QuantizeLinear node 'quantize': its zero point must have 1 values like its scale, not 2",
    ),
    (
        quantizer(zero=np.float32(0)),
        "QuantizeLinear node 'quantize': its codes must be integers of up to 16 bits (32 for a bias), not float32",
    ),
    (
        quantizer(zero=np.int32(0)),
        "QuantizeLinear node 'quantize': an activation must have at most 16 bits, not 32",
    ),
    (
        quantizer(more={"block_size": 2}),
        "QuantizeLinear node 'quantize': block-wise scales are not supported; quantize per tensor or per channel",
    ),
    (
        other_scale_behind,
        "DequantizeLinear node 'dequantize': its scale and zero point must be those of the QuantizeLinear before it",
    ),
    (
        codes_with_two_readers,
        "QuantizeLinear node 'quantize': its codes must have one reader where a Clip narrows them",
    ),
    (clip_of_codes(7, -7), "Clip node 'clip': its bounds must enclose a code, not 7..-7"),
    (clip_with_computed_bound, "Clip node 'clip': its bound 'bound' must be one constant number"),
    (
        constants_that_do_not_fit,
        "Concat node 'join': its constants of shapes [[2, 3], [3, 2]] do not fit each other or its attributes",
    ),
    # ends
    (constant_output, "output 'z' must be the result of a layer"),
    (word_output, "output 'y' must hold float32 or codes of int8, uint8, int16, uint16, not int4"),
    (nothing_but_host, "the network must have a layer, and has none"),
    (
        behind_softmax,
        "QuantizeLinear node 'n7': nothing may follow a Softmax, which the host computes; end the network with it",
    ),
    (
        reshaped_softmax,
        "Reshape node 'reshape': nothing may follow a Softmax, which the host computes; end the network with it",
    ),
    (softmax_of_image, "Softmax node 'soft': it must normalize the features of an output vector"),
    (softmax_axis, "Softmax node 'soft': axis must be 1 or -1, not 0"),
    (batch_lost, "Reshape node 'reshape': it must keep the batch as first dimension, not give shape [3, 1]"),
    (reshaped_channel_weights, "Reshape node 'reshape': it must not reshape constants that are scaled per channel"),
    (dropout_in_training, "Dropout node 'drop': training mode must be off; export the network in evaluation mode"),
    (side_output, "Add node 'add': its input 0 must be given by a first output, not by 'mask'"),
]


@pytest.mark.parametrize(("make", "text"), CASES, ids=[f"{n:02} {text[:50]}" for n, (_, text) in enumerate(CASES)])
def test_refused(make: Make, text: str, onnx_file: Any, tmp_path: Path) -> None:
    file = onnx_file()
    make(file)
    path = file.save(tmp_path)
    with pytest.raises(ModelError) as error:
        read_network(path)
    assert str(error.value) == f"{path}: {text}"
