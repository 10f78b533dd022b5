"""The digits networks, changed architectures, and builds that several tests read."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from nngen.bundle import BuildDirectory
from nngen.flows import cli
from nngen.flows.build import build
from nngen.flows.networks.digits import CALIBRATION, NETWORKS

ARCHITECTURES = Path(__file__).resolve().parents[2] / "flows" / "architectures"

Run = Callable[..., Result]
Changed = Callable[..., Path]


def architecture(name: str) -> Path:
    return ARCHITECTURES / f"{name}.toml"


def network(name: str) -> Path:
    return next(entry.path for entry in NETWORKS if entry.name == name)


@pytest.fixture
def nngen() -> Run:
    """The command line in this process."""

    def run(*arguments: object) -> Result:
        return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])

    return run


@pytest.fixture
def changed_architecture(tmp_path: Path) -> Changed:
    """A function that writes an architecture with other values for some keys (``a = 1`` becomes ``a = value``)."""

    def write(name: str, **values: object) -> Path:
        lines = architecture(name).read_text().splitlines()
        for key, value in values.items():
            assert sum(line.startswith(f"{key} =") for line in lines) == 1, key
            lines = [f"{key} = {value}" if line.startswith(f"{key} =") else line for line in lines]
        path = tmp_path / f"{name}.toml"
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture(scope="session")
def built_once(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., BuildDirectory]:
    """A function that builds, or takes the build that another worker of this test run has made."""
    base = tmp_path_factory.getbasetemp()
    folder = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def make(name: str, *arguments: Path, only: tuple[str, ...] = ()) -> BuildDirectory:
        with (folder / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if (folder / name).exists():
                return BuildDirectory.open(folder / name)
            return build(*arguments, folder / name, calibration=CALIBRATION, only=only)

    return make


@pytest.fixture(scope="session")
def program_build(built_once: Callable[..., BuildDirectory]) -> BuildDirectory:
    """The W4A4 CNN on `tiny`, without Verilog; tests copy it before they change anything."""
    return built_once("program_build", network("cnn_w4a4"), architecture("tiny"), only=("program",))


@pytest.fixture(scope="session")
def mlp_build(built_once: Callable[..., BuildDirectory]) -> BuildDirectory:
    """The perceptron on `digits`, whole: the smallest build that simulates."""
    return built_once("mlp_build", network("mlp_w8a8"), architecture("digits"))
