"""The committed pages are what the code says, and what they show is true."""

import json
import re
from pathlib import Path

import pytest

from nngen.arch import read_architecture
from nngen.flows.documentation import annotated_example, generated_pages, stale_pages, write_pages
from nngen.flows.documentation.__main__ import main
from nngen.host import register_map
from nngen.isa import EVENTS


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return generated_pages()


def test_committed_pages_are_current(repository: Path) -> None:
    """Where this fails: ``python -m nngen.flows.documentation``."""
    assert stale_pages(repository / "docs") == []


def test_a_page_that_is_not_current_is_found_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    assert main(["--docs", str(docs)]) == 0
    assert main(["--docs", str(docs), "--check"]) == 0
    (docs / "isa.md").write_text("old")
    (docs / "schemas" / "mapping.json").unlink()
    capsys.readouterr()
    assert main(["--docs", str(docs), "--check"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        f"{docs / name} is not current: run python -m nngen.flows.documentation"
        for name in ("isa.md", "schemas/mapping.json")
    ]
    assert write_pages(docs) == ["isa.md", "schemas/mapping.json"]
    assert write_pages(docs) == []


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--docs", str(tmp_path / "docs")]) == 2
    assert capsys.readouterr().err == f"folder of the documentation must exist, not so '{tmp_path / 'docs'}'\n"


@pytest.mark.parametrize("name", ["micro", "odd", "tiny", "digits", "lossless", "edge", "cim128", "cim256_lossless"])
def test_the_annotated_example_reads_back_as_the_architecture(repository: Path, tmp_path: Path, name: str) -> None:
    architecture = read_architecture(repository / "flows" / "architectures" / f"{name}.toml")
    path = tmp_path / f"{name}.toml"
    path.write_text(annotated_example(architecture), encoding="utf-8")
    again = read_architecture(path)
    assert again.file == architecture.file
    assert again.sha256 == architecture.sha256


def test_every_key_of_the_architecture_file_is_listed(pages: dict[str, str]) -> None:
    schema = json.loads(pages["schemas/architecture.json"])
    page = pages["architecture_file.md"]
    for table in (schema, *schema["$defs"].values()):
        for key, known in table["properties"].items():
            assert f"| `{key}` |" in page or "$ref" in known


def test_every_register_and_window_is_listed(pages: dict[str, str], repository: Path) -> None:
    layout = register_map(read_architecture(repository / "flows" / "architectures" / "tiny.toml").core)
    for register in layout.registers:
        assert f"| `{register.name}` | {register.address:#06x} | {register.access} |" in pages["registers.md"]
    for window in layout.windows:
        assert f"| `{window.name}` | {window.address:#x} | {window.words} |" in pages["registers.md"]
    assert all(f"EVENT_{event.name.upper()}" in pages["registers.md"] for event in EVENTS)


def test_pages_are_well_formed(pages: dict[str, str]) -> None:
    for name, text in pages.items():
        assert text.endswith("\n")
        assert "\n\n\n" not in text, name
        if name.endswith(".json"):
            json.loads(text)
        for header, rule in re.findall(r"^(\|.*\|)\n(\| ---.*\|)$", text, flags=re.MULTILINE):
            assert header.count("|") == rule.count("|")


def test_links_between_pages_lead_somewhere(pages: dict[str, str], repository: Path) -> None:
    for name, text in pages.items():
        for target in re.findall(r"\]\(([^)#]+)(?:#[\w-]*)?\)", text) if name.endswith(".md") else []:
            assert target in pages or (repository / "docs" / target).is_file(), (name, target)
