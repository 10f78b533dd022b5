"""The host's part: float32 arithmetic as onnxruntime does it, and one sentence for each input that does not fit."""

from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from nngen.errors import InputError
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import HostInput, HostOutput, Network, Tensor

Array = npt.NDArray[Any]


def tensor(name: str, shape: tuple[int, int, int], **changes: Any) -> Tensor:
    values = {"bits": 8, "signed": False, "zero_point": 3, "lowest": 0, "highest": 255}
    return Tensor(name=name, shape=shape, **{**values, **changes})


def network(*tensors: Tensor, inputs: tuple[HostInput, ...] = (), outputs: tuple[HostOutput, ...] = ()) -> Network:
    by_name = {tensor.name: tensor for tensor in tensors}
    return Network(name="n", dialect="d", tensors=by_name, layers=(), inputs=inputs, outputs=outputs)


def image_input(**changes: Any) -> Network:
    values = {"name": "image", "tensor": "t", "file_shape": (2, 1, 3), "file_type": "float32"}
    values |= {"permutation": (1, 2, 0), "scale": 0.5, "zero_point": 3}
    return network(tensor("t", (1, 3, 2)), inputs=(HostInput(**{**values, **changes}),))


def output(**changes: Any) -> Network:
    values: dict[str, Any] = {"name": "y", "tensor": "t", "file_shape": (2, 1, 3), "permutation": (2, 0, 1)}
    values |= {"scale": np.float32([0.5]), "offset": np.float32([0]), "zero_point": 3}
    return network(tensor("t", (1, 3, 2)), outputs=(HostOutput(**{**values, **changes}),))


def test_inputs_are_quantized_and_laid_out_channel_last() -> None:
    image = np.arange(6, dtype=np.float32).reshape(1, 2, 1, 3)
    codes = quantize_inputs(image_input(), {"image": image})
    assert codes["t"].dtype == np.int64
    assert codes["t"].tolist() == [[[[3, 9], [5, 11], [7, 13]]]]


def test_ties_go_to_even_then_the_zero_point_is_added_then_it_saturates() -> None:
    image = np.float32([-0.25, 0.25, 0.75, 1.25, 1e9, -np.inf]).reshape(1, 2, 1, 3)
    codes = quantize_inputs(image_input(permutation=(0, 1, 2)), {"image": image})
    assert codes["t"].ravel().tolist() == [3, 3, 5, 5, 255, 0]


@settings(deadline=None)
@given(st.floats(2.0**-13, 10, width=32), st.lists(st.floats(-500, 500, width=32), min_size=1, max_size=20))
def test_quantization_equals_onnxruntime(scale: float, values: list[float]) -> None:
    """Also where the quotient in float32 falls on the other side of a tie than the exact one."""
    ties = (np.float32(scale) * np.float32([0.5, 1.5, 2.5, 77.5])).tolist()
    samples = np.float32([*values, *ties])
    end = HostInput(
        name="x",
        tensor="t",
        file_shape=(1,),
        file_type="float32",
        permutation=(0,),
        scale=float(np.float32(scale)),
        zero_point=3,
    )
    codes = quantize_inputs(network(tensor("t", (1, 1, 1)), inputs=(end,)), {"x": samples[:, None]})
    assert codes["t"].ravel().tolist() == quantized_by_onnxruntime(samples, scale).tolist()


def quantized_by_onnxruntime(samples: Array, scale: float) -> Array:
    constants = [numpy_helper.from_array(np.float32(scale), "s"), numpy_helper.from_array(np.uint8(3), "z")]
    node = helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"])
    ends = [helper.make_tensor_value_info(*end, None) for end in (("x", TensorProto.FLOAT), ("q", TensorProto.UINT8))]
    graph = helper.make_graph([node], "g", ends[:1], ends[1:], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (codes,) = session.run(None, {"x": samples})
    return np.asarray(codes)


def test_a_batch_axis_behind_the_samples_is_accepted() -> None:
    image = np.ones((5, 2, 1, 3), np.float32)
    plain = quantize_inputs(image_input(), {"image": image})
    batched = quantize_inputs(image_input(), {"image": image[:, None]})
    assert plain["t"].shape == (5, 1, 3, 2)
    assert np.array_equal(plain["t"], batched["t"])


def test_integer_inputs_are_only_reordered() -> None:
    codes = np.arange(6, dtype=np.uint8).reshape(1, 2, 1, 3)
    found = quantize_inputs(image_input(file_type="uint8", scale=1.0, zero_point=0), {"image": codes})
    assert found["t"].tolist() == [[[[0, 3], [1, 4], [2, 5]]]]


IMAGE = np.zeros((1, 2, 1, 3), np.float32)
REFUSED: list[tuple[dict[str, Array], str]] = [
    ({"imaeg": IMAGE}, "inputs must be named 'image', not 'imaeg'; did you mean 'image'?"),
    ({}, "input 'image' is missing; it must have shape (samples, 2, 1, 3)"),
    ({"image": IMAGE.astype(np.float64)}, "input 'image' must be of type float32, not float64"),
    ({"image": IMAGE[0]}, "input 'image' must have shape (samples, 2, 1, 3), not (2, 1, 3)"),
    ({"image": IMAGE[:0]}, "input 'image' must have shape (samples, 2, 1, 3), not (0, 2, 1, 3)"),
    ({"image": IMAGE.transpose(0, 2, 3, 1)}, "input 'image' must have shape (samples, 2, 1, 3), not (1, 1, 3, 2)"),
    ({"image": IMAGE * np.float32(np.nan)}, "input 'image' must hold numbers, and holds NaN"),
]


@pytest.mark.parametrize(("inputs", "message"), REFUSED)
def test_inputs_that_do_not_fit(inputs: dict[str, Array], message: str) -> None:
    with pytest.raises(InputError) as error:
        quantize_inputs(image_input(), inputs)
    assert str(error.value) == message


def test_all_inputs_have_as_many_samples() -> None:
    ends = tuple(
        HostInput(
            name=name,
            tensor=f"t{name}",
            file_shape=(1,),
            file_type="float32",
            permutation=(0,),
            scale=1.0,
            zero_point=0,
        )
        for name in "ab"
    )
    two = network(tensor("ta", (1, 1, 1)), tensor("tb", (1, 1, 1)), inputs=ends)
    with pytest.raises(InputError) as error:
        quantize_inputs(two, {"a": np.zeros((2, 1), np.float32), "b": np.zeros((3, 1), np.float32)})
    assert str(error.value) == "all inputs must have the same number of samples, not {'a': 2, 'b': 3}"


def test_outputs_are_scaled_and_laid_out_as_in_the_file() -> None:
    codes = {"t": np.array([[[[3, 9], [5, 11], [7, 13]]]])}
    (values,) = finish_outputs(output(), codes).values()
    assert values.dtype == np.float32
    assert values.tolist() == [[[[0, 1, 2]], [[3, 4, 5]]]]


def test_scale_and_offset_per_channel() -> None:
    codes = {"t": np.full((2, 1, 3, 2), 5)}
    ends = {"scale": np.float32([0.5, 2]), "offset": np.float32([1, -1]), "file_shape": (6,)}
    values = finish_outputs(output(**ends), codes)["y"]
    assert values.tolist() == [[2, 2, 2, 3, 3, 3]] * 2


def test_softmax_is_stable() -> None:
    ends = {"file_shape": (6,), "tail": ("softmax",), "scale": np.float32([1000])}
    codes = {"t": np.array([[[[3, 3], [2, 2], [2, 2]]]])}
    assert finish_outputs(output(**ends), codes)["y"].tolist() == [[0.5, 0, 0, 0.5, 0, 0]]


def test_a_tail_may_quantize_and_dequantize() -> None:
    """Half up of 0.5 / 0.2 = 2.5 is even 2; 0 is the zero point; what lies beyond the type saturates."""
    quantizer = {"tail_type": "int8", "tail_scale": 0.2, "tail_zero_point": -128}
    ends = {"file_shape": (6,), "scale": np.float32([1000]), **quantizer}
    codes = {"t": np.array([[[[3, 3], [2, 2], [2, 2]]]])}
    coded = finish_outputs(output(**ends, tail=("softmax", "quantize"), file_type="int8"), codes)["y"]
    assert coded.dtype == np.int8
    assert coded.tolist() == [[-126, -128, -128, -126, -128, -128]]
    real = finish_outputs(output(**ends, tail=("softmax", "quantize", "dequantize")), codes)["y"]
    assert real.tolist() == [[np.float32(0.4), 0, 0, np.float32(0.4), 0, 0]]
    fine = {**ends, "tail_scale": 0.001}
    assert finish_outputs(output(**fine, tail=("softmax", "quantize"), file_type="int8"), codes)["y"].max() == 127


def test_outputs_may_be_codes() -> None:
    ends = {"file_shape": (6,), "scale": np.float32([1]), "zero_point": 0, "file_type": "int8"}
    found = finish_outputs(output(**ends), {"t": np.array([[[[3, -7], [2, 2], [127, -128]]]])})["y"]
    assert (found.dtype, found.tolist()) == (np.dtype(np.int8), [[3, 2, 127, -7, 2, -128]])


def test_steps_of_the_head_come_before_quantization() -> None:
    """2x - 1 in float32: where x is 1/4 the tie is -1/2, which goes to 0 and not to -1."""
    ends = {"permutation": (0, 1, 2), "scale": 1.0, "zero_point": 3}
    image = np.float32([0.25, 0.75, 1.25, 0.5, 1, -1]).reshape(1, 2, 1, 3)
    doubled = image_input(**ends, head=(("multiply", 2.0), ("subtract", 1.0)))
    assert quantize_inputs(doubled, {"image": image})["t"].ravel().tolist() == [3, 3, 5, 3, 4, 0]


@pytest.mark.parametrize(
    ("operator", "due"),
    [
        ("floor", [-2, -1, 0, 0, 1, 2]),
        ("ceil", [-1, 0, 0, 1, 2, 3]),
        ("down", [-1, 0, 0, 0, 1, 2]),
        ("up", [-2, -1, 0, 1, 2, 3]),
        ("half_up", [-2, -1, 0, 1, 2, 3]),
        ("half_down", [-1, 0, 0, 0, 1, 2]),
    ],
)
def test_roundings_of_the_head(operator: str, due: list[int]) -> None:
    image = np.float32([-1.5, -0.5, 0, 0.5, 1.5, 2.5]).reshape(1, 2, 1, 3)
    rounded = image_input(permutation=(0, 1, 2), scale=1.0, head=((operator, 0.0),))
    assert (quantize_inputs(rounded, {"image": image})["t"].ravel() - 3).tolist() == due


def test_other_ends_of_the_host() -> None:
    codes = {"t": np.arange(6).reshape(1, 1, 3, 2)}
    ends = {"file_shape": (6,), "permutation": (0, 1, 2), "zero_point": 0, "scale": np.float32([1])}
    sigmoid = finish_outputs(output(**ends, tail=("sigmoid",)), codes)["y"].ravel()
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-np.arange(6.0))), rtol=1e-6)
    logarithms = finish_outputs(output(**ends, tail=("log_softmax",)), codes)["y"].ravel()
    np.testing.assert_allclose(logarithms, np.arange(6) - np.log(np.exp(np.arange(6.0)).sum()), rtol=1e-6)
