"""A network of every dialect on a chip: golden model, instruction set simulator and Verilog agree on three inputs."""

import importlib
from pathlib import Path

import numpy as np
import pytest

from nngen.compiler.frontend import read_network
from nngen.flows.build import build
from nngen.flows.machine import Machine
from nngen.flows.verify import verify_machine

SAMPLES = 3
# Dialect, file, samples with the prefix of their arrays, chip.
NETWORKS = [
    ("QCDQ", "brevitas/cnn_w4a4_pc_qcdq.onnx", "brevitas/cnn_w4a4_pc_io.npz", "x", "cim256_lossless"),
    ("QDQ", "brevitas/cnn_ort_qdq_u8s8_pc.onnx", "brevitas/cnn_ort_qdq_u8s8_pc_io.npz", "x", "cim256_lossless"),
    ("QONNX", "qonnx_tfc_1w2a/model.onnx", "qonnx_tfc_1w2a/ref.npz", "in_", "cim256_lossless"),
    (
        *("QOperator", "derived_alibaba_kws_qoperator_u8s8_pc/model.onnx"),
        *("derived_alibaba_kws_qoperator_u8s8_pc/ref.npz", "in_", "cim256_lossless"),
    ),
    ("integers in floats", "nemo_eegnet_1xW/model.onnx", "nemo_eegnet_1xW/ref.npz", "in_", "cim256_lossless"),
]


def assert_equal_on_chip(path: Path, samples: np.ndarray, *, chip: str, dialect: str, folder: Path, root: Path) -> None:
    network = read_network(path)
    assert network.dialect == dialect
    (end,) = network.inputs
    arrays = {end.name: samples.reshape(len(samples), *end.file_shape).astype(end.file_type)}
    np.savez(folder / "samples.npz", **arrays)
    architecture = root / "flows" / "architectures" / f"{chip}.toml"
    made = build(path, architecture, folder / "build", calibration=folder / "samples.npz", only=("program", "rtl"))
    verification = verify_machine(Machine.of(made), arrays, source="samples", simulator="verilator")
    assert verification.samples == SAMPLES
    assert verification.equal


@pytest.mark.slow
@pytest.mark.parametrize(("dialect", "file", "samples", "prefix", "chip"), NETWORKS, ids=[row[0] for row in NETWORKS])
def test_a_network_of_others(  # noqa: PLR0917 - a case, and three fixtures
    dialect: str, file: str, samples: str, prefix: str, chip: str, shared_models: Path, tmp_path: Path, repository: Path
) -> None:
    with np.load(shared_models / samples) as arrays:
        found = next(arrays[name] for name in arrays.files if name.startswith(prefix))
    found = np.resize(found, (SAMPLES, *found.shape[1:]))  # repeated where there are fewer
    found[1:] = np.roll(found[1:], 1, axis=-1)
    path = shared_models / file
    assert_equal_on_chip(path, found, chip=chip, dialect=dialect, folder=tmp_path, root=repository)


@pytest.mark.slow
def test_a_network_of_requant_shift(tmp_path: Path, repository: Path) -> None:
    """No file of it is published: a script writes one."""
    script = importlib.import_module("tests.compiler.frontend.integer_networks")
    script.main(tmp_path / "made.onnx")
    samples = np.random.default_rng(6).integers(-128, 128, (SAMPLES, 2, 8, 8)).astype(np.float32)
    assert_equal_on_chip(
        tmp_path / "made.onnx",
        samples,
        chip="cim256_lossless",
        dialect="RequantShift",
        folder=tmp_path,
        root=repository,
    )
