"""Which pages there are, and whether those on disk are what the code says."""

from __future__ import annotations

import json
from pathlib import Path

from nngen.arch import read_architecture
from nngen.bundle import Manifest
from nngen.ir import artifact_schemas, model_schema
from nngen.isa import manual

from ._architecture import architecture_page
from ._registers import registers_page

ARCHITECTURES = Path(__file__).resolve().parents[1] / "architectures"
EXAMPLE = "tiny"


def generated_pages() -> dict[str, str]:
    """Return the content of each generated page by its name below docs/."""
    architectures = [read_architecture(path) for path in sorted(ARCHITECTURES.glob("*.toml"))]
    example = next(architecture for architecture in architectures if architecture.name == EXAMPLE)
    schemas = {**artifact_schemas(), "manifest": model_schema(Manifest)}
    return {
        "isa.md": manual(),
        "architecture_file.md": architecture_page(architectures, example=example),
        "registers.md": registers_page(example),
        **{f"schemas/{name}.json": json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()},
    }


def write_pages(docs: Path) -> list[str]:
    """Write the pages that are not current into ``docs`` and return their names."""
    pages = generated_pages()
    stale = _stale(pages, docs)
    for name in stale:
        path = docs / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages[name], encoding="utf-8", newline="\n")
    return stale


def stale_pages(docs: Path) -> list[str]:
    """Return the names of the pages in ``docs`` that are missing or not what the code says."""
    return _stale(generated_pages(), docs)


def _stale(pages: dict[str, str], docs: Path) -> list[str]:
    return [name for name, content in pages.items() if _content(docs / name) != content.encode()]


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
