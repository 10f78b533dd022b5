"""The published JSON Schemas."""

import json

from nngen.ir import artifact_schemas


def test_every_artifact_has_a_schema_that_names_its_version() -> None:
    schemas = artifact_schemas()
    assert list(schemas) == ["architecture", "cell", "network", "mapping", "schedule", "program"]
    for name, schema in schemas.items():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        assert schema["additionalProperties"] is False
        if name != "cell":  # a cell states the version of its interface
            assert schema["properties"]["schema"]["const"] == f"nngen/{name}/1"


def test_schemas_are_json_with_the_keys_of_the_files() -> None:
    text = json.dumps(artifact_schemas())
    assert "schema_" not in text
    assert "class_" not in text
