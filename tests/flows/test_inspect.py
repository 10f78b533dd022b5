"""What `nngen inspect` shows of a network."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from nngen.compiler.frontend import read_network
from nngen.flows.inspect import describe, render
from nngen.ir import Network


@pytest.fixture(scope="module")
def digits(request: pytest.FixtureRequest) -> Network:
    root: Path = request.getfixturevalue("repository")
    return read_network(root / "flows" / "networks" / "digits" / "cnn_w4a4.onnx")


def text_of(network: Network) -> str:
    console = Console(width=300)
    with console.capture() as capture:
        console.print(render(network))
    return capture.get()


def test_the_description_is_json(digits: Network) -> None:
    facts = describe(digits)
    assert json.loads(json.dumps(facts)) == facts


def test_the_description_counts(digits: Network) -> None:
    facts = describe(digits)
    assert (facts["dialect"], facts["weights"], facts["macs"]) == ("QCDQ", 4360, 62464)
    assert [layer["macs"] for layer in facts["layers"]] == [4608, 36864, 18432, 2560]
    assert [layer["operator"] for layer in facts["layers"]] == ["convolution"] * 3 + ["fully connected"]
    assert [layer["output"]["bits"] for layer in facts["layers"]] == [4, 4, 4, 32]
    assert [layer["quantized_output"] for layer in facts["layers"]] == [True, True, True, False]
    assert facts["layers"][2]["strides"] == [2, 2]
    assert facts["layers"][2]["matrix"] == [72, 16]


def test_the_description_says_what_the_host_does(digits: Network) -> None:
    facts = describe(digits)
    assert facts["inputs"][0]["host"] == ["quantize", "transpose"]
    assert facts["outputs"][0]["host"] == ["scale"]
    tail = replace(digits, outputs=(replace(digits.outputs[0], tail=("softmax",)),))
    assert describe(tail)["outputs"][0]["host"] == ["scale", "softmax"]


def test_warnings_stand_apart(digits: Network) -> None:
    network = replace(digits, folded=("warning: batch 'N' bound to 1", "Relu folded"))
    assert describe(network)["warnings"] == ["batch 'N' bound to 1"]
    assert describe(network)["folded"] == ["Relu folded"]


def test_the_table(digits: Network) -> None:
    lines = [" ".join(line.split()) for line in text_of(digits).splitlines()]
    assert lines[:3] == [
        "cnn_w4a4 QCDQ, 4 layers, 4,360 weights, 62,464 MACs",
        "layer operator input kernel stride output weights codes MACs",
        "/layers/layers.1/Conv_output_0 convolution 8×8×1 3×3 1×1 8×8×8 72 in -7..7 uint4 4,608",
    ]
    assert lines[5] == "logits fully connected 4×4×16 4×4 1×1 1×1×10 2,560 in -7..4 int32 2,560"
    assert lines[6] == "input image: 1×8×8 → uint4 8×8×1; on the host: quantize, transpose"
    assert lines[7] == "output logits: int32 1×1×10 → 10; on the host: scale"
    assert lines[8] == "folded 4 nodes with constant inputs computed at build time"


def test_names_reach_the_terminal_without_control_characters_or_markup(digits: Network) -> None:
    layer = replace(digits.layers[0], name="[red]\x1b[2J\n")
    text = text_of(replace(digits, name="\x07", layers=(layer,)))
    assert "\x1b" not in text
    assert r"[red]\x1b[2J\n" in text
    assert text.startswith(r"\x07  QCDQ")


def test_layers_of_other_kinds(request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue("repository")
    network = read_network(root / "flows" / "networks" / "digits" / "cnn_residual_w8a8.onnx")
    layers = describe(network)["layers"]
    assert [layer["operator"] for layer in layers] == [
        *("convolution", "convolution", "sum", "max pool", "convolution", "fully connected"),
    ]
    assert len(layers[2]["inputs"]) == 2
    assert (layers[2]["weights"], layers[2]["matrix"], layers[2]["macs"]) == (0, None, 2 * 8 * 8 * 8)
    lines = [" ".join(line.split()) for line in text_of(network).splitlines()]
    assert lines[4].startswith("/Add_output_0 sum 8×8×8 1×1 1×1 8×8×8 uint8 1,024")
    bent = replace(network.layers[0], table=np.arange(256))
    assert describe(network.with_layers((bent, *network.layers[1:])))["layers"][0]["table"]


def test_outputs_that_are_codes(digits: Network) -> None:
    end = replace(digits.outputs[0], file_type="int8")
    assert describe(replace(digits, outputs=(end,)))["outputs"][0]["host"] == []
