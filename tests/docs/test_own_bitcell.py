"""The tutorial of docs/own_bitcell.md does what it says, command by command."""

import re
import shutil
from pathlib import Path

from typer.testing import CliRunner

from nngen.flows import cli
from tests.tools import needs_ngspice

from .story import checkout, run_commands

DOCS = Path(__file__).resolve().parents[2] / "docs"
TUTORIAL = DOCS / "own_bitcell.md"
CELL = DOCS / "examples" / "cells" / "ecram_1t1r"

pytestmark = needs_ngspice


def commands() -> str:
    """The commands of the page, in its order."""
    lines = TUTORIAL.read_text().replace("\\\n", " ").splitlines()
    return "\n".join(line for line in lines if re.match(r"nngen (cells|build|netlist) ", line))


def test_every_command_works_and_prints_what_the_page_shows(tmp_path: Path, repository: Path) -> None:
    root = checkout(repository, tmp_path / "root")
    printed = run_commands(commands(), root)
    assert (root / "build" / "ecram.svg").read_text().startswith("<?xml")
    shown = [
        line for line in TUTORIAL.read_text().splitlines() if line.startswith(("ecram_1t1r  ", "   0  ", "   1  "))
    ]
    assert len(shown) == 8
    words = {" ".join(line.split()) for line in printed.splitlines()}
    assert [line for line in shown if " ".join(line.split()) not in words] == []
    assert "codes are as they must be: at most 0 LSB off, 0.6 allowed by the cells" in printed


def test_the_listings_are_those_of_the_files() -> None:
    page = TUTORIAL.read_text()
    assert (CELL / "ecram_1t1r.sp.j2").read_text() in page
    deck = (CELL / "ecram_1t1r.cir.j2").read_text()
    listing = page.split("```spice\n")[2].split("```")[0]
    assert [line for line in listing.splitlines() if line not in deck.splitlines()] == []
    toml = (CELL / "cell.toml").read_text().splitlines()
    listing = page.split("```toml\n")[1].split("```")[0]
    assert [line for line in listing.splitlines() if line not in toml] == []


def test_the_mistake_of_the_page_gets_the_sentence_of_the_page(tmp_path: Path) -> None:
    copy = tmp_path / "ecram_1t1r"
    shutil.copytree(CELL, copy)
    view = copy / "ecram_1t1r.sp.j2"
    view.write_text(view.read_text().replace("word_line input_line bit_line vss", "word_line bit_line input_line vss"))
    result = CliRunner().invoke(cli.app, ["cells", "check", str(copy)])
    assert result.exit_code == 1
    sentence = next(line for line in TUTORIAL.read_text().splitlines() if line.startswith("cell 'ecram_1t1r': "))
    assert sentence.replace(" ", "") in re.sub(r"\s+", "", result.stdout)
