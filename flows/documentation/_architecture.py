"""The page of the architecture file: every key from the model that reads it, an example, the built-in ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from nngen.arch import Architecture, ArchitectureFile
from nngen.cellib import Cell, CellLibrary, read_cell
from nngen.ir import model_schema
from nngen.markdown import code_block, table

_INTRODUCTION = """\
# The architecture file

Generated from `nngen/arch/` by `python -m nngen.flows.documentation`; do not edit.

One TOML file says what the chip is: macros, converters, memories. Every number in mapper, models and hardware comes
from it. Unknown keys are refused, and so is what cannot work together, with the path of the key that has to change. The
[JSON Schema](schemas/architecture.json) states names, types and ranges.
"""
_KINDS = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "string": "string",
    "array": "list",
    "object": "table",
}
_TABLES = {
    "ArchitectureFile": "top level",
    "CoreSpec": "`[[core]]`",
    "MacroSpec": "`[core.macro]`",
    "CellChoice": "`bitcell`, `row_driver`, `readout` and `adc` of `[core.macro]`",
    "WiresSpec": "`wires` of `[core.macro]`",
    "MemorySpec": "`[core.memory]`",
    "VectorSpec": "`[core.vector]`, where the core has VEC",
}


def architecture_page(architectures: Sequence[Architecture], *, example: Architecture) -> str:
    """Return the page.

    Parameters
    ----------
    architectures
        Those whose figures are listed.
    example
        The one that is shown as a file.
    """
    schema = model_schema(ArchitectureFile)
    parts = [
        _INTRODUCTION,
        "## Example\n",
        f"`{example.name}`, each key with its meaning; those at their default could be left out.\n",
        code_block(annotated_example(example), "toml"),
        "## Keys\n",
        *(_keys(schema, model, title) for model, title in _TABLES.items()),
        "## Cells\n",
        "`bitcell`, `row_driver`, `readout` and `adc` name a cell: a folder with a `cell.toml`\n"
        "([JSON Schema](schemas/cell.json)). Built-in ones stand in `cells/`; `cell_path` and `--cells` add folders\n"
        "of your own. No name may stand there twice.\n",
        *(_cell(cell) for cell in _built_in_cells()),
        "## Built-in architectures\n",
        "They stand in `flows/architectures/`.\n",
        _figures(architectures),
    ]
    return "\n".join(parts)


# ---------------------------------------------------------------- keys


def _properties(schema: dict[str, Any], model: str) -> dict[str, dict[str, Any]]:
    """Return the keys of one model of the schema in their order."""
    found: dict[str, dict[str, Any]] = (schema if model == schema["title"] else schema["$defs"][model])["properties"]
    return found


def _keys(schema: dict[str, Any], model: str, title: str) -> str:
    rows = []
    for key, known in _properties(schema, model).items():
        if "$ref" in known and "description" not in known:
            continue  # a table with a section of its own
        rows.append((f"`{key}`", _kind(known), _range(known), _default(known), known.get("description", "")))
    return f"### {title}\n\n" + table(("key", "type", "range", "default", "meaning"), rows)


def _kind(known: dict[str, Any]) -> str:
    return _KINDS.get(known.get("type", "object"), "table")


def _range(known: dict[str, Any]) -> str:
    if "const" in known:
        return f"`{known['const']}`"
    if "minimum" in known and "maximum" in known:
        return f"{known['minimum']} … {known['maximum']}"
    limits = {"minimum": "from {}", "maximum": "to {}", "exclusiveMinimum": "above {}"}
    return ", ".join(text.format(f"{known[key]:g}") for key, text in limits.items() if key in known)


def _default(known: dict[str, Any]) -> str:
    if "default" not in known:
        return "" if known.get("type") == "object" else "must be given"
    value = known["default"]
    if value is None:
        return "none"
    return f"`{_toml(value)}`" if value != "" else ""


# ---------------------------------------------------------------- example


def annotated_example(architecture: Architecture) -> str:
    """Return the TOML of an architecture with the meaning of each key behind it; it reads back as the same."""
    schema = model_schema(ArchitectureFile)
    values = architecture.file.model_dump(by_alias=True)
    core = values.pop("core")[0]
    macro, memory, vector = core.pop("macro"), core.pop("memory"), core.pop("vector")
    lines = [
        *_lines(values, _properties(schema, "ArchitectureFile")),
        "\n[[core]]",
        *_lines(core, _properties(schema, "CoreSpec")),
        "\n[core.macro]",
        *_lines(macro, _properties(schema, "MacroSpec")),
        "\n[core.memory]",
        *_lines(memory, _properties(schema, "MemorySpec")),
    ]
    if vector is not None:
        lines += ["\n[core.vector]", *_lines(vector, _properties(schema, "VectorSpec"))]
    return "\n".join(lines) + "\n"


def _lines(values: dict[str, Any], keys: dict[str, dict[str, Any]]) -> Iterable[str]:
    for key, value in values.items():
        if value is None:  # TOML has no word for it: such a key is left out
            continue
        yield f"# {keys[key]['description']}\n{key} = {_toml(value)}"


def _toml(value: Any) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}".replace("e+0", "e").replace("e+", "e")
    return str(value)


# ---------------------------------------------------------------- cells and figures


def _built_in_cells() -> list[Cell]:
    library = CellLibrary()
    return [read_cell(library.folder(name)) for name in library.names]


def _cell(cell: Cell) -> str:
    parameters = [
        (f"`{name}`", p.unit, f"{p.lowest:g} … {p.highest:g}", f"{p.default:g}", p.meaning)
        for name, p in cell.parameters.items()
    ]
    figures = [(f.name, f"{f.value:g} {f.unit}", f.conditions, f.source, f.status) for f in cell.figures]
    parts = [
        f"### `{cell.name}`: {cell.kind}\n",
        f"{cell.description}\n",
        table(("parameter", "unit", "range", "default", "meaning"), parameters),
        table(("figure", "value", "conditions", "source", "status"), figures),
    ]
    return "\n".join(parts)


def _figures(architectures: Sequence[Architecture]) -> str:
    """One column an architecture, one row a figure."""
    columns = [_figures_of(architecture) for architecture in architectures]
    described = [(architecture.name, architecture.file.description) for architecture in architectures]
    header = ("figure", *(f"`{architecture.name}`" for architecture in architectures))
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    return table(("architecture", "description"), described) + "\n" + table(header, rows)


def _figures_of(architecture: Architecture) -> dict[str, object]:
    macro, kinds = architecture.core.macro, architecture.kinds
    macros = sum(core.macros for core in architecture.cores)
    gain, step = macro.usable_gains[-1], macro.converter().step
    return {
        "cores": len(architecture.cores),
        "macros": macros,
        "word lines × bit lines": f"{macro.rows} × {macro.columns}",
        "cells": macros * macro.rows * macro.columns,
        "encoding": macro.encoding,
        "bits of a plane": macro.dac_bits,
        "bits of a cell": macro.cell_bits,
        "bits of a converter": macro.adc_bits,
        "converters": macros * macro.adcs,
        "pairs or columns a converter": macro.columns_per_adc,
        "cycles of a conversion": macro.conversion_cycles,
        "converters of a shift-adder, at most": macro.accumulation_cycles,
        "full scale q_max": macro.full_scale,
        "step": step,
        "largest gain": gain,
        "lossless up to a sum of": macro.converter(gain).largest_unclipped if gain == step else "–",
        "bits of an accumulator": _each(kind.accumulator_bits for kind in kinds),
        "activation memory of a core (bytes)": _each(kind.activation_bytes for kind in kinds),
        "its word (bytes)": architecture.core.word_bytes,
        "output buffer (bytes)": _each(kind.output_buffer_bytes for kind in kinds),
        "instructions of a core": _each(kind.program_instructions for kind in kinds),
        "constant records of a core": _each(kind.constant_records for kind in kinds),
    }


def _each(values: Iterable[int]) -> str:
    """Return a figure of every kind of core: once where all have the same."""
    return " / ".join(str(value) for value in dict.fromkeys(values))
