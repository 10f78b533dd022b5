"""``mapping.json``: reading one from outside, writing our own."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from nngen.errors import MappingError
from nngen.ir import Mapping
from nngen.validation import first_problem

_LARGEST_FILE = 256 << 20  # bytes; a mapping of 64 full cores of single-output tiles stays below


def read_mapping(path: Path) -> Mapping:
    """Read a mapping; whether it fits network and chip is checked by :func:`validate_mapping`.

    Raises
    ------
    MappingError
        One sentence that names the file and the field, what it must be and what it is.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise MappingError(f"mapping file '{path}' must have at most {_LARGEST_FILE} bytes")
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise MappingError(f"mapping file '{path}' does not exist") from error
    except json.JSONDecodeError as error:
        raise MappingError(
            f"{path.name} is not valid JSON: {error.msg} (line {error.lineno}, column {error.colno})"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"mapping file '{path}' cannot be read ({type(error).__name__})") from error
    except RecursionError as error:
        raise MappingError(f"{path.name} is not valid JSON: it is nested too deeply") from error
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        raise MappingError(f"{path.name}: {first_problem(error, Mapping)}") from error


def mapping_json(mapping: Mapping) -> str:
    """Return the text of ``mapping.json``: one line a tile, fields in the order of the schema, open ones left out."""
    layers = []
    for layer in mapping.layers:
        head = json.dumps(layer.model_dump(exclude={"tiles"}, exclude_none=True))[:-1]
        tiles = ",\n".join(f"      {json.dumps(tile.model_dump(exclude_none=True))}" for tile in layer.tiles)
        block = f"\n{tiles}\n    " if tiles else ""
        layers.append(f'    {head}, "tiles": [{block}]}}')
    top = json.dumps(mapping.model_dump(by_alias=True, exclude={"layers"}, exclude_none=True))[1:-1]
    return "{\n  " + top + ',\n  "layers": [\n' + ",\n".join(layers) + "\n  ]\n}\n"
