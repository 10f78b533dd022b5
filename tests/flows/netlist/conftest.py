"""A build of ideal cells, whose codes in ngspice are exact, and ways to spoil what is written."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from nngen.bundle import BuildDirectory
from nngen.flows.networks.digits import NETWORKS

DIGITS = Path(__file__).resolve().parents[3] / "flows" / "architectures" / "digits.toml"
MLP = next(entry.path for entry in NETWORKS if entry.name == "mlp_w8a8")
IDEAL = """\
bitcell = { cell = "ideal", parameters = { bits = 7 } }
row_driver = { cell = "ideal_driver" }
readout = { cell = "ideal_readout" }
adc = { cell = "ideal_adc", parameters = { bits = 9 } }"""


def ideal_architecture(folder: Path, **changes: str) -> Path:
    """Write the chip `digits` with ideal cells; ``changes`` are other values of its keys, as TOML has them."""
    text = "\n".join(line for line in DIGITS.read_text().splitlines() if not line.startswith("adc ="))
    lines = re.sub(r"^bitcell = .*$", IDEAL, text, flags=re.MULTILINE).splitlines()
    for key, value in changes.items():
        assert sum(line.startswith(f"{key} =") for line in lines) == 1, key
        lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
    path = folder / "ideal.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="session")
def ideal_build(built_once: Callable[..., BuildDirectory], tmp_path_factory: pytest.TempPathFactory) -> BuildDirectory:
    """The perceptron on ideal cells: program and netlists."""
    architecture = ideal_architecture(tmp_path_factory.mktemp("ideal"))
    return built_once("ideal_build", MLP, architecture, only=("program", "spice"))


@pytest.fixture
def spoiled(ideal_build: BuildDirectory, tmp_path: Path) -> Callable[[str, str, str], Path]:
    """A function that copies the build and replaces a text of one of its files, hash included."""

    def copy(name: str, old: str, new: str) -> Path:
        folder = tmp_path / "build"
        shutil.copytree(ideal_build.path, folder)
        spoil(folder, name, old, new)
        return folder

    return copy


def spoil(folder: Path, name: str, old: str, new: str) -> None:
    """Replace a text that stands once in a file of a build, whose manifest gets the new hash."""
    replace_once(folder / name, old, new)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["outputs"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text that stands once in a file."""
    text = path.read_text()
    assert text.count(old) == 1, (path.name, old, text.count(old))
    path.write_text(text.replace(old, new))
