"""A build directory is checked when it is opened; what is damaged is named."""

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from nngen.bundle import BuildDirectory, Manifest
from nngen.errors import BuildError

Writer = Callable[..., None]


@pytest.fixture
def build(tmp_path: Path, write_build: Writer) -> Path:
    write_build(tmp_path, data="one", other="two")
    return tmp_path


def change(build: Path, **entries: object) -> None:
    path = build / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | entries))


def refuses(path: Path, sentence: str) -> None:
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        BuildDirectory.open(path)


def test_a_whole_build_opens(build: Path) -> None:
    opened = BuildDirectory.open(build)
    assert opened.file("data") == build / "data"
    assert opened.holds("other")
    assert not opened.holds("rtl")


def test_what_was_not_built_is_named(build: Path) -> None:
    sentence = f"build '{build}' holds no 'rtl'; build again with it"
    with pytest.raises(BuildError, match=f"^{re.escape(sentence)}$"):
        BuildDirectory.open(build).file("rtl")


def test_a_folder_that_does_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "no"
    refuses(path, f"build directory '{path}' does not exist; make it with 'nngen build'")


def test_a_folder_without_a_manifest(tmp_path: Path) -> None:
    refuses(tmp_path, f"'{tmp_path}' is not a build directory: it must hold manifest.json; make one with 'nngen build'")


def test_a_missing_file(build: Path) -> None:
    (build / "data").unlink()
    refuses(build, f"'{build}/data' is missing, though manifest.json names it; build again")


def test_a_damaged_file(build: Path) -> None:
    (build / "data").write_text("oen")
    expected, actual = hashlib.sha256(b"one").hexdigest(), hashlib.sha256(b"oen").hexdigest()
    refuses(build, f"'{build}/data' is damaged: its SHA-256 must be {expected}, not {actual}; build again")


@pytest.mark.parametrize("text", ["", "{", "\xff", "[" * 100_000])
def test_a_manifest_that_is_not_json(text: str, build: Path) -> None:
    (build / "manifest.json").write_text(text, encoding="latin-1")
    refuses(build, f"'{build}/manifest.json' is damaged: it is not JSON; build again")


@pytest.mark.parametrize("text", ["[]", "null", "{}"])
def test_a_manifest_without_a_schema(text: str, build: Path) -> None:
    (build / "manifest.json").write_text(text)
    refuses(build, f"'{build}/manifest.json': schema must be 'nngen/manifest/1', not None; build again")


def test_a_manifest_of_another_version(build: Path) -> None:
    change(build, schema="nngen/manifest/2")
    refuses(build, f"'{build}/manifest.json': schema must be 'nngen/manifest/1', not 'nngen/manifest/2'; build again")


def test_an_unknown_key(build: Path) -> None:
    change(build, sed=1)
    refuses(
        build,
        f"'{build}/manifest.json' is damaged: sed is not a known key; did you mean 'seed'?; build again",
    )


@pytest.mark.parametrize("name", ["../data", "/etc/passwd", "a/../../b", "", ".", "a//b", "./data", "a\0b"])
def test_names_that_lead_out_of_the_build_are_refused(name: str, build: Path) -> None:
    change(build, outputs={name: "0" * 64})
    sentence = r"is damaged: .*must be names of files inside the build, not .*; build again$"
    with pytest.raises(BuildError, match=sentence):
        BuildDirectory.open(build)


def test_a_hash_that_is_none_is_refused(build: Path) -> None:
    change(build, outputs={"data": "0"})
    with pytest.raises(BuildError, match=r"manifest\.json' is damaged: outputs\.data.*; build again$"):
        BuildDirectory.open(build)


def test_the_text_of_a_manifest_depends_on_its_content_only() -> None:
    def make(*names: str) -> str:
        outputs = dict.fromkeys(names, "0" * 64)
        return Manifest(nngen="1", tools={"onnx": "1", "numpy": "2"}, seed=1, inputs={}, outputs=outputs).to_json()

    assert make("a", "b") == make("b", "a")
    assert make("a").endswith("}\n")


def test_the_schema_is_published() -> None:
    schema = Manifest.model_json_schema()
    assert set(schema["required"]) == {"nngen", "tools", "seed", "inputs", "outputs"}
    assert all("description" in field for name, field in schema["properties"].items() if name != "schema")
