"""The benchmarks' command line, their yardstick, and (slow) their figures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from nngen.compiler.frontend import read_network
from nngen.flows.benchmarks import BENCHMARKS, Benchmark, Row
from nngen.flows.benchmarks import __main__ as command
from nngen.flows.benchmarks.float_reference import FloatReference
from nngen.flows.benchmarks.networks import CHIPS
from nngen.flows.benchmarks.timing import median_seconds
from nngen.flows.networks import digits
from nngen.host.ends import quantize_inputs
from nngen.sim.golden import run_golden

ROWS = [Row(figure="speed", measured=2.0, unit="x", limit=5.0), Row(figure="time", measured=3.25, unit="ms")]


def fake(monkeypatch: pytest.MonkeyPatch, rows: list[Row]) -> None:
    """One benchmark that measures nothing."""
    fakes = [Benchmark(name="fake", description="nothing at all", measure=lambda: rows)]
    monkeypatch.setattr(command, "BENCHMARKS", fakes)


def test_help_lists_every_benchmark() -> None:
    text = CliRunner().invoke(command.app, ["--help"]).output
    assert all(f"{benchmark.name}: " in text for benchmark in BENCHMARKS)


def test_names_are_unique() -> None:
    assert len({benchmark.name for benchmark in BENCHMARKS}) == len(BENCHMARKS)


def test_the_nightly_run_takes_every_chip(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text()
    assert f"$(addprefix nightly-networks-,{' '.join(CHIPS)})" in makefile


@pytest.mark.parametrize("arguments", [[], ["fake"]])
def test_figures_are_printed(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> None:
    fake(monkeypatch, ROWS)
    result = CliRunner().invoke(command.app, arguments)
    assert result.exit_code == 0
    for text in ("fake: nothing at all", "speed", "2 x", "met", "3.25 ms"):
        assert text in result.output


@pytest.mark.parametrize("long", [False, True])
def test_figures_of_a_long_one_are_told_as_they_come(monkeypatch: pytest.MonkeyPatch, long: bool) -> None:
    fakes = [Benchmark(name="fake", description="nothing at all", measure=lambda: iter(ROWS), long=long)]
    monkeypatch.setattr(command, "BENCHMARKS", fakes)
    assert CliRunner().invoke(command.app, ["fake"]).stderr == ("speed: 2 x\ntime: 3.25 ms\n" if long else "")


def test_a_missed_aim_is_exit_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, [Row(figure="speed", measured=5.01, unit="x", limit=5.0)])
    result = CliRunner().invoke(command.app, [])
    assert result.exit_code == 1
    assert "missed" in result.output


def test_an_unknown_name_is_exit_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, ROWS)
    result = CliRunner().invoke(command.app, ["fakes"])
    assert result.exit_code == 2
    assert result.stderr == "benchmark must be one of fake, not 'fakes'; did you mean 'fake'?\n"


def test_brackets_in_a_figure_are_no_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=200)
    fake(monkeypatch, [])
    benchmark = command.BENCHMARKS[0]
    with console.capture() as capture:
        console.print(command.table(benchmark, [Row(figure="layer [bold]x[/bold]", measured=1.0, unit="[u]")]))
    assert "layer [bold]x[/bold]" in capture.get()
    assert "1 [u]" in capture.get()


def test_functions_are_timed_in_turns() -> None:
    calls: list[str] = []
    seconds = median_seconds({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, repetitions=3)
    assert calls == ["a", "b"] * 4
    assert seconds.keys() == {"a", "b"}


@pytest.mark.parametrize("name", ["mlp_w8a8", "cnn_w4a4", "cnn_w8a8", "cnn_residual_w8a8"])
def test_the_yardstick_computes_the_same_network(name: str) -> None:
    """Without rounding and upper clip it stays near the codes: within one code in the first layer's outputs."""
    network = read_network(digits.FOLDER / f"{name}.onnx")
    with np.load(digits.IMAGES) as arrays:
        images = quantize_inputs(network, dict(arrays))
    (floats,) = (codes.astype(np.float32) for codes in images.values())
    logits = run_golden(network, images)[network.layers[-1].output]
    found = FloatReference(network).run(floats)
    assert found.shape == logits.shape
    assert np.corrcoef(found.ravel(), logits.ravel())[0, 1] > 0.98
