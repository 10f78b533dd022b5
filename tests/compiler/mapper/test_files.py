"""``mapping.json`` from outside, and written by us."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.compiler.mapper import mapping_json, read_mapping
from nngen.errors import MappingError
from nngen.ir import LayerMapping, Mapping, Tile

TILE = {"macro": 0, "row": 0, "column": 0, "input_range": [0, 4], "output_range": [0, 2]}


def document(**tile: Any) -> dict[str, Any]:
    return {"schema": "nngen/mapping/1", "layers": [{"layer": "fc", "tiles": [TILE | tile]}]}


def refusal(path: Path) -> str:
    with pytest.raises(MappingError) as caught:
        read_mapping(path)
    return str(caught.value)


def test_a_minimal_file_is_read(tmp_path: Path) -> None:
    (path := tmp_path / "mapping.json").write_text(json.dumps(document()))
    (layer,) = read_mapping(path).layers
    assert layer.tiles == (Tile(macro=0, row=0, column=0, input_range=(0, 4), output_range=(0, 2)),)


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "absent.json"
    assert refusal(path) == f"mapping file '{path}' does not exist"


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    (path := tmp_path / "m.json").touch()
    os.truncate(path, (256 << 20) + 1)
    assert refusal(path) == f"mapping file '{path}' must have at most 268435456 bytes"


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"mapping file '{tmp_path}' cannot be read (IsADirectoryError)"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "m.json is not valid JSON: Expecting property name enclosed in double quotes (line 1, column 2)"),
        ("[" * 100_000, "m.json is not valid JSON: it is nested too deeply"),
        ("[]", "m.json: the file must be a table, not a list"),
        (json.dumps(document() | {"scheme": 1}), "m.json: scheme is not a known key; did you mean 'schema'?"),
        (
            json.dumps(document() | {"schema": "nngen/mapping/2"}),
            "m.json: schema must be 'nngen/mapping/1', not 'nngen/mapping/2'; did you mean 'nngen/mapping/1'?",
        ),
        (json.dumps(document(macro=-1)), "m.json: layers[0].tiles[0].macro must be at least 0, not -1"),
        (json.dumps(document(row="x")), "m.json: layers[0].tiles[0].row must be a whole number, not 'x'"),
        (
            json.dumps(document(colum=2)),
            "m.json: layers[0].tiles[0].colum is not a known key; did you mean 'column'?",
        ),
        (json.dumps({"layers": [{"tiles": []}]}), "m.json: layers[0].layer must be given"),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str, sentence: str) -> None:
    (path := tmp_path / "m.json").write_text(text)
    assert refusal(path) == sentence


TILES = st.builds(
    Tile,
    macro=st.integers(0, 63),
    row=st.integers(0, 500),
    column=st.integers(0, 500),
    input_range=st.tuples(st.integers(0, 9), st.integers(10, 19)),
    output_range=st.tuples(st.integers(0, 9), st.integers(10, 19)),
    gain=st.sampled_from([None, 1, 2]),
    encoding=st.sampled_from([None, "differential"]),
)
LAYERS = st.builds(
    LayerMapping,
    layer=st.text(),
    unit=st.sampled_from([None, "mvm", "vec"]),
    tiles=st.lists(TILES, max_size=3).map(tuple),
)
MAPPINGS = st.builds(Mapping, architecture_sha256=st.sampled_from([None, "a" * 64]), layers=st.lists(LAYERS).map(tuple))


@given(MAPPINGS)
def test_what_is_written_reads_the_same(mapping: Mapping) -> None:
    text = mapping_json(mapping)
    assert Mapping.model_validate(json.loads(text)) == mapping
    assert mapping_json(mapping) == text


def test_a_written_file_has_a_line_for_each_tile() -> None:
    tiles = (Tile.model_validate(TILE), Tile.model_validate(TILE | {"row": 4}))
    layers = (LayerMapping(layer="fc", unit="mvm", tiles=tiles), LayerMapping(layer="pool", unit="vec"))
    assert mapping_json(Mapping(layers=layers)) == (
        "{\n"
        '  "schema": "nngen/mapping/1",\n'
        '  "layers": [\n'
        '    {"layer": "fc", "unit": "mvm", "core": 0, "tiles": [\n'
        '      {"core": 0, "macro": 0, "row": 0, "column": 0, "input_range": [0, 4], "output_range": [0, 2], '
        '"replica": 0, "phase": 0},\n'
        '      {"core": 0, "macro": 0, "row": 4, "column": 0, "input_range": [0, 4], "output_range": [0, 2], '
        '"replica": 0, "phase": 0}\n'
        "    ]},\n"
        '    {"layer": "pool", "unit": "vec", "core": 0, "tiles": []}\n'
        "  ]\n"
        "}\n"
    )
