"""The reference: onnxruntime on the file as it is, one sample after the other or in one batch."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import pytest

from nngen.compiler.frontend import read_network
from nngen.errors import InputError, ModelError
from nngen.flows.reference import channel_last_codes, run_reference


@pytest.fixture
def cnn(repository: Path) -> Path:
    return repository / "flows" / "networks" / "digits" / "cnn_w4a4.onnx"


@pytest.fixture
def images(repository: Path) -> np.ndarray:
    with np.load(repository / "flows" / "networks" / "digits" / "images.npz") as data:
        return data["image"][:5]


def test_samples_keep_their_order_and_the_file_its_bytes(cnn: Path, images: np.ndarray) -> None:
    before = hashlib.sha256(cnn.read_bytes()).hexdigest()
    together = run_reference(cnn, {"image": images})["logits"]
    assert together.shape == (5, 10)
    for number in range(5):
        alone = run_reference(cnn, {"image": images[number : number + 1]})["logits"]
        assert np.array_equal(alone[0], together[number])
    assert hashlib.sha256(cnn.read_bytes()).hexdigest() == before


def test_a_batch_axis_behind_the_samples_is_accepted(cnn: Path, images: np.ndarray) -> None:
    plain, batched = (run_reference(cnn, {"image": array})["logits"] for array in (images, images[:, None]))
    assert np.array_equal(plain, batched)


def test_intermediate_codes(cnn: Path, images: np.ndarray) -> None:
    network = read_network(cnn)
    names = [layer.output for layer in network.layers[:-1]]
    found = run_reference(cnn, {"image": images}, intermediate=[*names, names[0]])
    assert set(found) == {"logits", *names}
    assert [found[name].dtype for name in names] == [np.uint8] * 3
    assert found[names[2]].shape == (5, 16, 4, 4)
    codes = channel_last_codes(network, names[2], found[names[2]])
    assert codes.shape == (5, 4, 4, 16)
    assert codes[3, 1, 2, 7] == found[names[2]][3, 7, 1, 2]


def test_a_symbolic_batch_runs_in_one(shared_models: Path) -> None:
    path = shared_models / "brevitas" / "mlp_w4a4_pt_qcdq.onnx"
    with np.load(shared_models / "brevitas" / "mlp_w4a4_pt_io.npz") as data:
        np.testing.assert_allclose(run_reference(path, {"x": data["x"]})["y"], data["y"], rtol=1e-5, atol=1e-5)


def test_unknown_names(cnn: Path, images: np.ndarray) -> None:
    with pytest.raises(InputError) as wrong_input:
        run_reference(cnn, {"imag": images})
    assert str(wrong_input.value) == f"{cnn} has no input 'imag'; did you mean 'image'?"
    with pytest.raises(ModelError) as wrong_tensor:
        run_reference(cnn, {"image": images}, intermediate=["logit"])
    assert str(wrong_tensor.value) == f"{cnn} has no tensor 'logit'; did you mean 'logits'?"


def test_what_onnxruntime_refuses(cnn: Path, images: np.ndarray, shared_models: Path) -> None:
    with pytest.raises(ModelError, match=r": onnxruntime cannot run it: .*data type"):
        run_reference(cnn, {"image": images.astype(np.float64)})
    path = shared_models / "malformed" / "07_unknown_domain_op.onnx"
    with pytest.raises(ModelError, match=r"07_unknown_domain_op.onnx: onnxruntime cannot load it: "):
        run_reference(path, {"x": images})


def test_external_data_is_found_beside_the_file(cnn: Path, images: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "external.onnx"
    onnx.save_model(onnx.load(cnn), path, save_as_external_data=True, location="weights.bin", size_threshold=64)
    assert (tmp_path / "weights.bin").stat().st_size > 1000
    expected, found = (run_reference(file, {"image": images})["logits"] for file in (cnn, path))
    assert np.array_equal(expected, found)
    plain, external = (read_network(file).layers for file in (cnn, path))
    assert all(np.array_equal(a.weights, b.weights) for a, b in zip(plain, external, strict=True))
