"""The digits networks, changed architectures, and builds that several tests read."""

from collections.abc import Callable, Iterator
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
def program_build(tmp_path_factory: pytest.TempPathFactory) -> BuildDirectory:
    """The W4A4 CNN on `tiny`, without Verilog; tests copy it before they change anything."""
    output = tmp_path_factory.mktemp("program_build") / "out"
    return build(network("cnn_w4a4"), architecture("tiny"), output, calibration=CALIBRATION, only=("program",))


@pytest.fixture(scope="session")
def mlp_build(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BuildDirectory]:
    """The perceptron on `digits`, whole: the smallest build that simulates."""
    output = tmp_path_factory.mktemp("mlp_build") / "out"
    return build(network("mlp_w8a8"), architecture("digits"), output, calibration=CALIBRATION)
