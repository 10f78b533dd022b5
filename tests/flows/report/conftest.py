"""Reports of builds, and a browser to look at them."""

import json
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nngen.bundle import BuildDirectory
from nngen.flows.machine import Machine
from nngen.flows.report import Facts, facts_of, render

from .browser import CHROMIUM, Page, browser


class Tables(HTMLParser):
    """The cells of every table that has an id, row by row, and the JSON of the page."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, list[list[str]]] = {}
        self.data = ""
        self._rows: list[list[str]] | None = None
        self._in_cell = self._in_data = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "table":
            self._rows = self.tables.setdefault(attributes.get("id") or "", [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows is not None:
            self._rows[-1].append("")
            self._in_cell = True
        self._in_data = tag == "script" and attributes.get("id") == "data"

    def handle_endtag(self, tag: str) -> None:
        self._in_cell = self._in_cell and tag not in ("td", "th")
        self._in_data = False

    def handle_data(self, data: str) -> None:
        if self._in_data:
            self.data += data
        elif self._in_cell and self._rows is not None:
            self._rows[-1][-1] += data


def read_page(page: str) -> tuple[dict[str, list[list[str]]], dict[str, Any]]:
    parser = Tables()
    parser.feed(page)
    return parser.tables, json.loads(parser.data)


@pytest.fixture(scope="session")
def program_facts(program_build: BuildDirectory) -> Facts:
    """Of the W4A4 CNN on `tiny`."""
    return facts_of(Machine.of(program_build))


@pytest.fixture(scope="session")
def program_page(program_facts: Facts) -> str:
    return render(program_facts)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[str], Page]]:
    """A function that opens a page in Chromium."""
    if CHROMIUM is None:
        pytest.skip("there is no chromium; make setup installs it")
    with browser(tmp_path / "profile") as page:

        def show(text: str) -> Page:
            path = tmp_path / "report.html"
            path.write_text(text, encoding="utf-8")
            page.open(path)
            return page

        yield show
