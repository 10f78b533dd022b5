"""`nngen demo`: prints what it promises, and ends with 0 only if nothing differs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import Result

from nngen.bundle import BuildDirectory
from nngen.flows import demo
from nngen.flows.retirements import RetirementComparison

Run = Callable[..., Result]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The perceptron instead of the CNN: it simulates in a tenth of the time."""
    monkeypatch.setattr(demo, "NETWORK", "mlp_w8a8")
    monkeypatch.setattr(demo, "ARCHITECTURE", demo.ARCHITECTURE.with_name("digits.toml"))


@pytest.mark.usefixtures("small")
def test_it_prints_what_it_promises(nngen: Run, tmp_path: Path) -> None:
    result = nngen("demo", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    for phrase in (
        *("mlp_w8a8 on digits", "cells", "converters", "Answers on 450 held-out images"),
        *("ONNX file in onnxruntime", "golden model", "instruction set simulator", "442", "98.22 %"),
        *("Verilog in Icarus on 2 images", "ISS = RTL, codes", "ISS = RTL, cycles", "ISS = RTL, event counts"),
        *("start to HALT", "golden = ISS = RTL: nothing differs", f"{tmp_path}/out/rtl/", "What next"),
    ):
        assert phrase in result.stdout, phrase
    assert BuildDirectory.open(tmp_path / "out").holds("rtl")


@pytest.mark.usefixtures("small")
def test_it_fails_where_something_differs(
    nngen: Run, mlp_build: BuildDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = demo.verify_machine
    wrong = RetirementComparison(compared=1, differing=1, first="retirement 0 must be …")

    def find(*arguments: object, **options: object) -> object:
        return replace(original(*arguments, **options), retirements=wrong)  # type: ignore[arg-type, type-var]

    monkeypatch.setattr(demo, "verify_machine", find)
    monkeypatch.setattr(demo, "RTL_SAMPLES", 1)
    monkeypatch.setattr(demo, "build", lambda *_, **__: mlp_build)
    result = nngen("demo")
    assert result.exit_code == 1
    assert "golden, ISS and RTL DIFFER" in result.stdout


@pytest.mark.slow
def test_the_demo_as_it_is(nngen: Run, tmp_path: Path) -> None:
    result = nngen("demo", "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "cnn_residual_w8a8 on residual" in result.stdout
    assert "golden = ISS = RTL: nothing differs" in result.stdout
