"""Compiled simulations are made once, found whole or not at all, and made again when what shapes them changes."""

import errno
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nngen.errors import ToolError
from nngen.sim.cosim.scripted._cache import CACHE_VARIABLE, cache_folder, cached_build


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache"


class Maker:
    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, folder: Path) -> None:
        self.calls += 1
        (folder / "made").write_text((folder / "a.v").read_text() + str(self.calls))


def test_a_build_is_made_once(cache: Path) -> None:
    make = Maker()
    first = cached_build("icarus", ["-g2012"], {"a.v": "x"}, make)
    assert cached_build("icarus", ["-g2012"], {"a.v": "x"}, make) == first
    assert (first / "made").read_text() == "x1"
    assert first.parent == cache


@pytest.mark.parametrize(
    ("kind", "options", "sources"),
    [
        ("verilator", ["-g2012"], {"a.v": "x"}),
        ("icarus", ["-g2005"], {"a.v": "x"}),
        ("icarus", ["-g2012", ""], {"a.v": "x"}),
        ("icarus", ["-g2012"], {"a.v": "y"}),
        ("icarus", ["-g2012"], {"a.v": "x", "b.v": ""}),
    ],
)
def test_whatever_shapes_it_makes_another(cache: Path, kind: str, options: list[str], sources: dict[str, str]) -> None:
    make = Maker()
    assert cached_build("icarus", ["-g2012"], {"a.v": "x"}, make) != cached_build(kind, options, sources, make)
    assert make.calls == 2


def test_a_failed_build_leaves_nothing(cache: Path) -> None:
    def fail(folder: Path) -> None:
        raise ToolError("no")

    with pytest.raises(ToolError, match=r"^no$"):
        cached_build("icarus", [], {"a.v": "x"}, fail)
    assert [path for path in cache.iterdir() if path.is_dir()] == []


def test_processes_that_want_the_same_build_wait_for_it(cache: Path) -> None:
    make, started = Maker(), threading.Event()

    def slowly(folder: Path) -> None:
        started.set()
        time.sleep(0.3)
        make(folder)

    def want() -> Path:
        return cached_build("icarus", [], {"a.v": "x"}, slowly)

    with ThreadPoolExecutor() as pool:
        first = pool.submit(want)
        started.wait()
        assert pool.submit(want).result() == first.result()
    assert make.calls == 1


def test_a_full_disk_is_named(cache: Path) -> None:
    def fill(folder: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    sentence = (
        rf"^cache of compiled simulations '{cache}' must be writable \(No space left on device\); "
        r"name another folder in the environment variable NNGEN_CACHE$"
    )
    with pytest.raises(ToolError, match=sentence):
        cached_build("icarus", [], {"a.v": "x"}, fill)


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv(CACHE_VARIABLE, str(file / "cache"))
    sentence = (
        rf"^cache of compiled simulations '{file}/cache' must be writable \(Not a directory\); "
        r"name another folder in the environment variable NNGEN_CACHE$"
    )
    with pytest.raises(ToolError, match=sentence):
        cached_build("icarus", [], {"a.v": "x"}, Maker())


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "nngen"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert cache_folder() == tmp_path / "home" / ".cache" / "nngen"
