"""Damaged files: whatever bytes change, reading ends in a network or in one sentence, never in a crash."""

import random
from pathlib import Path

import pytest

from nngen.compiler.frontend import read_network
from nngen.errors import ModelError


def mutated(content: bytes, generator: random.Random) -> bytes:
    data = bytearray(content)
    for _ in range(generator.randint(1, 6)):
        place = generator.randrange(len(data))
        change = generator.randrange(4)
        if change == 0:
            data[place] ^= 1 << generator.randrange(8)
        elif change == 1:
            data[place] = generator.randrange(256)
        elif change == 2:
            del data[place : place + generator.randint(1, 8)]
        else:
            start = generator.randrange(len(data))
            data[place:place] = data[start : start + generator.randint(1, 16)]
    return bytes(data)


def read_mutations(source: Path, folder: Path, *, seeds: range) -> int:
    """Return how many of the mutated files were refused."""
    content, path, refused = source.read_bytes(), folder / "mutated.onnx", 0
    for seed in seeds:
        path.write_bytes(mutated(content, random.Random(seed)))
        message = refusal(path)
        assert message == "" or (message.startswith(f"{path}: ") and "\n" not in message)
        refused += message != ""
    return refused


def refusal(path: Path) -> str:
    try:
        read_network(path)
    except ModelError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["mlp_w8a8", "cnn_w4a4"])
def test_mutations_of_a_valid_file(name: str, repository: Path, tmp_path: Path) -> None:
    source = repository / "flows" / "networks" / "digits" / f"{name}.onnx"
    assert 20 < read_mutations(source, tmp_path, seeds=range(150)) <= 150


def test_mutations_of_a_small_file(shared_models: Path, tmp_path: Path) -> None:
    """Few weights, so that most mutations hit the structure."""
    source = shared_models / "malformed" / "00_good_qdq_fc.onnx"
    assert read_mutations(source, tmp_path, seeds=range(400)) > 200


@pytest.mark.slow
def test_many_mutations_of_a_valid_file(repository: Path, tmp_path: Path) -> None:
    source = repository / "flows" / "networks" / "digits" / "cnn_w4a4.onnx"
    assert read_mutations(source, tmp_path, seeds=range(1000, 6000)) > 1000
