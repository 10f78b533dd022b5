"""The conformance flow: on networks made here, and on the collected ones."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from typer.testing import CliRunner

from nngen.flows import accuracy, conformance
from nngen.flows.conformance import app, check, check_pair
from nngen.flows.conformance_networks import networks_below
from nngen.flows.reference import run_reference


def saturating_network(folder: Path, *, weight: int = 127, name: str = "wide") -> Path:
    """A QLinearMatMul whose pairs of products do not fit 16 bits, with samples beside it."""
    rng = np.random.default_rng(3)
    constants: dict[str, Any] = {
        "xs": np.float32(0.5),
        "xz": np.uint8(0),
        "w": rng.integers(weight - 9, weight + 1, (64, 4)).astype(np.int8),
        "ws": np.float32(0.25),
        "wz": np.int8(0),
        "ys": np.float32(4096),
        "yz": np.uint8(7),
    }
    node = helper.make_node("QLinearMatMul", ["x", *constants], ["y"])
    graph = helper.make_graph(
        [node],
        name,
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [1, 64])],
        [helper.make_tensor_value_info("y", TensorProto.UINT8, [1, 4])],
        [numpy_helper.from_array(np.asarray(values), key) for key, values in constants.items()],
    )
    path = folder / f"{name}_qop.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    samples = rng.integers(200, 256, (5, 64)).astype(np.uint8)
    np.savez(folder / f"{name}_io.npz", x=samples, y=run_reference(path, {"x": samples})["y"])
    return path


def test_products_of_the_reference_do_not_saturate(tmp_path: Path) -> None:
    """On processors without VNNI the kernel for uint8 and int8 adds two products in 16 bits."""
    path = saturating_network(tmp_path)
    (file,) = networks_below(tmp_path)
    result = check(file)
    assert (result.outcome, result.dialect, result.samples, result.codes) == ("equal", "QOperator", 5, 20)
    model = onnx.load(path)
    assert model.graph.initializer[2].data_type == TensorProto.INT8  # the file is as it was


def test_a_wrong_code_is_a_miss(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saturating_network(tmp_path)
    (file,) = networks_below(tmp_path)
    right = accuracy.reference_codes

    def wrong(*arguments: Any) -> Any:
        codes = right(*arguments)
        codes["y"][0, 0, 0, 0] += 1
        return codes

    monkeypatch.setattr(accuracy, "reference_codes", wrong)
    result = check(file)
    assert (result.outcome, result.differing, result.largest) == ("MISS", 1, 1)
    assert result.reason == "codes differ beyond near-ties"
    assert result.listed[0][0] == "y"


def test_refusals(tmp_path: Path) -> None:
    saturating_network(tmp_path)
    (file,) = networks_below(tmp_path)
    result = check(file, refused="because")
    assert (result.outcome, result.reason) == ("MISS", "must be refused: because")
    file.path.write_bytes(b"")
    assert check(file).outcome == "MISS"
    assert check(file, refused="another reason").outcome == "MISS"
    result = check(file, refused="is empty")
    assert (result.outcome, result.reason) == ("refused", "refused: is empty; it must be an ONNX file")


def test_a_network_without_samples(tmp_path: Path) -> None:
    saturating_network(tmp_path)
    (tmp_path / "wide_io.npz").unlink()
    (file,) = networks_below(tmp_path)
    assert check(file).reason == "has no samples beside it"


def test_two_files_of_one_network(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder, weight in ((first, 127), (second, 126)):
        folder.mkdir()
        saturating_network(folder, weight=weight)
    files = [networks_below(folder)[0] for folder in (first, second)]
    assert check_pair(files[0], files[0], conformance._mappings_differ).outcome == "equal"
    assert check_pair(*files, conformance._mappings_differ).reason == "their integer weights differ"


def test_the_command(tmp_path: Path) -> None:
    saturating_network(tmp_path)
    report = tmp_path / "report.json"
    result = CliRunner().invoke(app, [str(tmp_path), "--json", str(report)])
    assert result.exit_code == 0
    assert "1 checks, 0 missed" in result.stdout
    (entry,) = json.loads(report.read_text())
    assert (entry["name"], entry["outcome"]) == ("wide_qop.onnx", "equal")
    (tmp_path / "wide_io.npz").unlink()
    assert CliRunner().invoke(app, [str(tmp_path)]).exit_code == 1
    missing = CliRunner().invoke(app, [str(tmp_path / "no")])
    assert missing.exit_code == 2
    assert "must exist" in missing.stderr


def test_the_collected_networks(shared_models: Path) -> None:
    """All of them; the table of docs/conformance.md is this one."""
    results = list(conformance.conformance(shared_models))
    assert [one for one in results if one.outcome == "MISS"] == []
    by_name = {one.name: one for one in results}
    assert sum(one.outcome == "refused" for one in results) == len(conformance.REFUSED)
    assert all(one.differing == 0 for one in results if one.dialect in ("QOperator", "QONNX", "integers in floats"))
    assert by_name["derived_zigzag_resnet8_qoperator_s8s8_pc/model.onnx"].codes == 459_048
    assert by_name["mlonmcu_micro_kws_qdq/model.onnx = mlonmcu_micro_kws_qoperator/model.onnx"].outcome == "equal"
