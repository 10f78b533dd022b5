"""The built wheel holds every file of every room, and puts one name into site-packages."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EVERY_FILE = "**/*"
ROOMS = {
    "nngen": "**/*.py",
    "compiler": "**/*.py",
    "sim": EVERY_FILE,
    "flows": EVERY_FILE,
    "cells": EVERY_FILE,
    "templates": EVERY_FILE,
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built without a download from a copy: setuptools would leave a build/ folder in the repository."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, source)
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    options = ["-q", "--no-deps", "--no-build-isolation", "-w", out]
    subprocess.run([*pip, "wheel", *options, source], check=True, stdin=subprocess.DEVNULL)
    (path,) = out.glob("*.whl")
    return zipfile.ZipFile(path)


def test_every_file_of_every_room_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    expected = {
        relative if room == "nngen" else f"nngen/{relative}"
        for room, pattern in ROOMS.items()
        for path in (ROOT / room).glob(pattern)
        if path.is_file() and "__pycache__" not in path.parts
        for relative in [path.relative_to(ROOT).as_posix()]
    }
    assert expected - names == set()
    assert "nngen/py.typed" in names


def test_the_wheel_puts_one_name_into_site_packages(wheel: zipfile.ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" not in name} == {"nngen"}


def test_the_wheel_carries_the_licence(wheel: zipfile.ZipFile) -> None:
    (name,) = [name for name in wheel.namelist() if name.endswith("/LICENSE")]
    assert wheel.read(name) == (ROOT / "LICENSE").read_bytes()
