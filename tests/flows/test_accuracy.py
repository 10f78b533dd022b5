"""Answers against labels, and the golden model against onnxruntime on every held-out image."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest

from nngen.compiler.frontend import read_network
from nngen.errors import InputError
from nngen.flows.accuracy import (
    Difference,
    LayerComparison,
    agreement,
    compare_codes,
    compare_with_reference,
    evaluate,
    predicted_labels,
    reference_codes,
)
from nngen.flows.networks import digits
from nngen.flows.reference import run_reference
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import Network
from nngen.numerics import Requantization
from nngen.sim.golden import run_golden
from tests.sim.golden.builders import fully_connected, make_network, make_tensor

Array = npt.NDArray[Any]
NETWORKS = ("mlp_w8a8", "cnn_w4a4", "cnn_w8a8")


@pytest.fixture(scope="module")
def images() -> dict[str, Array]:
    with np.load(digits.IMAGES) as arrays:
        return dict(arrays)


@pytest.fixture(params=NETWORKS)
def path(request: pytest.FixtureRequest) -> Path:
    return digits.FOLDER / f"{request.param}.onnx"


# ---------------------------------------------------------------- answers


def test_the_lowest_index_wins_a_tie() -> None:
    assert predicted_labels(np.array([[1, 5, 5], [7, 7, 7], [0, 1, 2]])).tolist() == [1, 0, 2]
    assert predicted_labels(np.array([1, 5, 5, 7, 7, 7]).reshape(2, 1, 1, 3)).tolist() == [1, 0]


def test_confusion_has_labels_in_rows_and_predictions_in_columns() -> None:
    found = evaluate(np.eye(3)[[0, 1, 1, 2]], np.array([0, 1, 2, 2]))
    assert (found.samples, found.correct, found.accuracy) == (4, 3, 0.75)
    assert found.confusion.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_agreement_counts_equal_labels() -> None:
    assert agreement(np.eye(3)[[0, 1, 2]], np.eye(3)[[0, 2, 2]]) == 2


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.zeros(3, int), "labels must have the shape (4,), not (3,)"),
        (np.zeros((4, 1), int), "labels must have the shape (4,), not (4, 1)"),
        (np.zeros(4), "labels must be integers, not float64"),
        (np.array([0, 1, 2, 3]), "labels must be classes 0 to 2, not 3"),
        (np.array([0, 1, 2, -1]), "labels must be classes 0 to 2, not -1"),
    ],
)
def test_labels_that_do_not_fit_are_refused(labels: Array, message: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        evaluate(np.eye(3)[[0, 1, 1, 2]], labels)


def test_nothing_to_evaluate_is_refused() -> None:
    with pytest.raises(InputError, match=r"^there must be at least one sample to evaluate, not 0$"):
        evaluate(np.zeros((0, 3)), np.zeros(0, int))


# ---------------------------------------------------------------- against onnxruntime


def test_every_layer_computes_the_reference_codes_on_its_own_inputs(path: Path, images: dict[str, Array]) -> None:
    network = read_network(path)
    comparisons = compare_with_reference(network, path, images)
    assert [comparison.layer for comparison in comparisons] == [layer.name for layer in network.layers]
    assert all(comparison.equal for comparison in comparisons)
    assert sum(comparison.codes for comparison in comparisons) == 450 * sum(
        network.tensors[layer.output].elements for layer in network.layers
    )


def test_the_whole_network_gives_the_reference_codes_and_labels(path: Path, images: dict[str, Array]) -> None:
    """These files have no near-tie on these images: all codes are equal even from end to end."""
    network = read_network(path)
    found = run_golden(network, quantize_inputs(network, images))
    wanted = reference_codes(network, path, images)
    assert found.keys() == wanted.keys()
    assert {name: int((found[name] != wanted[name]).sum()) for name in found} == dict.fromkeys(found, 0)
    labels = np.load(digits.LABELS)
    outputs, reference = finish_outputs(network, found)["logits"], run_reference(path, images)["logits"]
    assert agreement(outputs, reference) == 450
    assert np.array_equal(evaluate(outputs, labels).confusion, evaluate(reference, labels).confusion)


@pytest.mark.parametrize("field", ["multiplier", "offset", "shift", "lowest"])
def test_a_wrong_constant_is_seen(field: str, images: dict[str, Array]) -> None:
    path = digits.FOLDER / "cnn_w8a8.onnx"
    network = read_network(path)
    layers = list(network.layers)
    constants = layers[1].requantization
    changed = {
        "multiplier": constants.multiplier + (constants.multiplier >> 9),
        "offset": constants.offset + (1 << constants.shift >> 7),
        "shift": constants.shift + np.eye(8, dtype=np.int64)[2],
        "lowest": 1,
    }[field]
    layers[1] = replace(layers[1], requantization=replace(constants, **{field: changed}))
    few = {"image": images["image"][:20]}
    equal = [comparison.equal for comparison in compare_with_reference(network.with_layers(tuple(layers)), path, few)]
    assert equal == [True, False, True, True]


def test_a_softmax_is_left_to_the_host(tmp_path: Path, images: dict[str, Array]) -> None:
    model = onnx.load(digits.FOLDER / "mlp_w8a8.onnx")
    model.graph.node.append(onnx.helper.make_node("Softmax", ["logits"], ["probabilities"], axis=-1))
    model.graph.output[0].name = "probabilities"
    path = tmp_path / "softmax.onnx"
    onnx.save(model, path)
    comparisons = compare_with_reference(read_network(path), path, {"image": images["image"][:20]})
    assert [(comparison.codes, comparison.differing) for comparison in comparisons] == [(20 * 32, 0), (20 * 10, 0)]


def test_accumulators_of_a_convolution_come_back_channel_last(tmp_path: Path, images: dict[str, Array]) -> None:
    model = onnx.load(digits.FOLDER / "cnn_w8a8.onnx")
    convolution = next(node for node in model.graph.node if node.op_type == "Conv")
    del model.graph.output[:]
    model.graph.output.append(
        onnx.helper.make_tensor_value_info(convolution.output[0], onnx.TensorProto.FLOAT, [1, 8, 8, 8])
    )
    path = tmp_path / "convolution.onnx"
    onnx.save(model, path)
    (comparison,) = compare_with_reference(read_network(path), path, {"image": images["image"][:20]})
    assert (comparison.codes, comparison.differing) == (20 * 8 * 8 * 8, 0)


# ---------------------------------------------------------------- near-ties


def halving(weight: int) -> Network:
    """y = clip(round(weight * x / 2), 0, 255): every odd product is a tie."""
    constants = Requantization(
        multiplier=np.array([1]), offset=np.array([0]), shift=np.array([1]), zero_point=0, lowest=0, highest=255
    )
    layer = fully_connected(np.full((1, 1, 1, 1), weight), constants)
    return make_network([layer], [make_tensor("x", (1, 1, 1)), make_tensor("y", (1, 1, 1))])


def compare(network: Network, inputs: list[int], reference: list[int]) -> LayerComparison:
    codes, wanted = (np.array(values).reshape(-1, 1, 1, 1) for values in (inputs, reference))
    return compare_codes(network, network.layers[0], inputs=[codes], reference=wanted)


def test_a_tie_that_fell_to_the_other_side_is_a_near_tie() -> None:
    comparison = compare(halving(1), [4, 5, 6], [2, 3, 3])  # 5 / 2 rounds to 2, the even one
    assert (comparison.codes, comparison.differing, comparison.near_ties) == (3, 1, 1)
    assert comparison.equal
    (difference,) = comparison.differences
    assert (difference.index, difference.golden, difference.reference) == ((1, 0, 0, 0), 2, 3)
    assert difference.distance == 0
    assert difference.tolerance == pytest.approx(2.5 * 11 * 2**-24)


@pytest.mark.parametrize(
    ("inputs", "reference"),
    [
        ([4], [3]),  # exactly 2: half a code from the tie
        ([5], [1]),  # on the wrong side of the tie at 2.5
        ([5], [4]),  # two codes away
    ],
)
def test_other_differences_are_none(inputs: list[int], reference: list[int]) -> None:
    comparison = compare(halving(1), inputs, reference)
    assert (comparison.differing, comparison.near_ties, comparison.equal) == (1, 0, False)


def test_more_near_ties_than_one_in_a_hundred_thousand_codes_are_not_equal() -> None:
    assert not compare(halving(1), [5, 9], [3, 5]).equal
    allowed = LayerComparison(layer="y", codes=300_000, differing=3, near_ties=3, tied_means=0, differences=())
    assert allowed.near_ties_allowed == 3
    assert allowed.equal
    assert not replace(allowed, differing=4, near_ties=4).equal
    assert not replace(allowed, near_ties=2).equal


def test_what_float32_can_move_grows_with_the_sum() -> None:
    """Codes count from their zero point, as the reference's real values do."""
    near = Difference(index=(0, 0, 0, 0), golden=1, reference=2, distance=1e-6, tolerance=1e-5)
    assert near.near_tie
    assert not replace(near, distance=1e-4).near_tie
    assert not replace(near, reference=3, distance=float("inf"), tolerance=10).near_tie
    network = halving(1)
    shifted = replace(network, tensors=network.tensors | {"x": replace(network.tensors["x"], zero_point=5)})
    assert compare(shifted, [5], [3]).differences[0].tolerance == 0
