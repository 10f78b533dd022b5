"""The networks and chips that nngen comes with."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import check_overflow, map_network, mapping_json, read_mapping, validate_mapping
from nngen.errors import CapacityError
from nngen.ir import Mapping, Network
from tests.compiler.builders import architecture
from tests.compiler.execution import compile_mapping

ROOT = Path(__file__).resolve().parents[3]
NETWORKS = ROOT / "flows" / "networks" / "digits"
FITTING = [
    ("mlp_w8a8", "digits"),
    ("mlp_w8a8", "tiny"),
    ("mlp_w8a8", "lossless"),
    ("mlp_w8a8", "edge"),
    ("cnn_w4a4", "tiny"),
    ("cnn_w4a4", "lossless"),
    ("cnn_w4a4", "edge"),
    ("cnn_w8a8", "lossless"),
    ("cnn_w8a8", "edge"),
]
REFUSED = [
    ("cnn_w4a4", "digits", "network 'cnn_w4a4' needs 3 macros of 96x64, the chip has 1: set core[0].macros = 3"),
    ("cnn_w8a8", "tiny", "network 'cnn_w8a8' needs 18 macros of 64x32, the chip has 12: set core[0].macros = 18"),
    (
        "cnn_w4a4",
        "micro",
        "layer 'logits' alone needs 80 macros of 16x8, the chip has 2: set core[0].macros = 80",
    ),
    (
        "mlp_w8a8",
        "micro",
        "layer '/layers/layers.2/Gemm_output_0': weights from -127 to 90 need 4 pairs of 2-bit cells in one ADC's "
        "group, which has 2: set core[0].macro.columns_per_adc to at least 4",
    ),
]


def digits(name: str) -> Network:
    return read_network(NETWORKS / f"{name}.onnx")


@pytest.mark.parametrize(("name", "chip"), FITTING)
def test_a_digits_network_fits(name: str, chip: str) -> None:
    network = digits(name)
    mapping = map_network(network, architecture(chip))
    assert validate_mapping(mapping, network, architecture(chip)) == mapping
    check_overflow(network, mapping, architecture(chip))
    compile_mapping(network, mapping, architecture(chip))


@pytest.mark.parametrize(("name", "chip", "sentence"), REFUSED)
def test_a_digits_network_that_is_too_large_is_told_what_would_do(name: str, chip: str, sentence: str) -> None:
    with pytest.raises(CapacityError) as caught:
        map_network(digits(name), architecture(chip))
    assert str(caught.value) == sentence


def test_both_layers_of_the_perceptron_share_the_columns_of_one_macro() -> None:
    first, second = map_network(digits("mlp_w8a8"), architecture("digits")).layers
    assert {tile.row for tile in first.tiles} == {0}
    assert {tile.row for tile in second.tiles} == {64}
    assert {tile.column for tile in second.tiles} <= {tile.column for tile in first.tiles}


def test_the_mapping_made_by_hand_is_accepted() -> None:
    network, chip = digits("mlp_w8a8"), architecture("digits")
    by_hand = read_mapping(ROOT / "docs" / "examples" / "mlp_digits_mapping.json")
    mapping = validate_mapping(by_hand, network, chip)
    assert mapping.architecture_sha256 == chip.sha256
    assert {tile.encoding for layer in mapping.layers for tile in layer.tiles} == {"differential"}
    check_overflow(network, mapping, chip)
    compile_mapping(network, mapping, chip)


def test_a_mapping_is_the_same_text_in_every_process() -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from nngen.arch import read_architecture\n"
        "from nngen.compiler.frontend import read_network\n"
        "from nngen.compiler.mapper import map_network, mapping_json\n"
        "network, chip = read_network(Path(sys.argv[1])), read_architecture(Path(sys.argv[2]))\n"
        "print(mapping_json(map_network(network, chip)), end='')"
    )
    network, chip = NETWORKS / "cnn_w4a4.onnx", ROOT / "flows" / "architectures" / "tiny.toml"
    texts = {
        subprocess.run(
            [sys.executable, "-c", script, network, chip],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(texts) == 1
    assert Mapping.model_validate(json.loads(texts.pop())) == map_network(digits("cnn_w4a4"), architecture("tiny"))


def test_gains_are_written_into_the_tiles_of_their_layer() -> None:
    mapping = map_network(digits("cnn_w4a4"), architecture("tiny"), gains={"logits": 4})
    assert {tile.gain for tile in mapping.layer("logits").tiles} == {4}
    assert {tile.gain for tile in mapping.layers[0].tiles} == {None}
    assert '"gain": 4' in mapping_json(mapping)
