"""A small build that stands for a real one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from nngen.bundle import Manifest, file_sha256

Writer = Callable[..., None]


@pytest.fixture
def write_build() -> Writer:
    """A function that writes files (name to text) and their manifest into a folder."""

    def write(folder: Path, **files: str) -> None:
        for name, text in files.items():
            (folder / name).write_text(text)
        outputs = {name: file_sha256(folder / name) for name in files}
        manifest = Manifest(nngen="0.1.0", tools={}, seed=0, inputs={}, outputs=outputs)
        (folder / "manifest.json").write_text(manifest.to_json())

    return write
