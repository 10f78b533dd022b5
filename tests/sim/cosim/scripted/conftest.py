"""Compiled simulations of these tests do not go into the user's cache."""

from pathlib import Path

import pytest

from nngen.sim.cosim.scripted._cache import CACHE_VARIABLE


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for compiled simulations."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"
