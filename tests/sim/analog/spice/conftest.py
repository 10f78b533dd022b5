"""Decks in files, and the engines that are installed."""

from __future__ import annotations

import ctypes.util
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from nngen.sim.analog.spice import ENGINES, Engine

WriteDeck = Callable[..., Path]


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine; the test is skipped where it is not installed."""
    found = shutil.which("ngspice") if request.param == "binary" else ctypes.util.find_library("ngspice")
    if found is None:
        pytest.skip("make setup installs ngspice and libngspice0")
    engine: Engine = request.param
    return engine


@pytest.fixture
def write_deck(tmp_path: Path) -> WriteDeck:
    """Write a deck with a title and an end around its lines."""

    def write(*lines: str, name: str = "deck.cir") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(["* a deck", *lines, ".end", ""]))
        return path

    return write


def _is_gone(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().split()[2] == "Z"


@pytest.fixture
def ends() -> Callable[[int], bool]:
    """Whether a process ends: a kill takes effect a moment later."""

    def look(pid: int) -> bool:
        end = time.monotonic() + 10
        while not _is_gone(pid) and time.monotonic() < end:
            time.sleep(0.01)
        return _is_gone(pid)

    return look
