"""``nngen evaluate``: accuracy of a build, against labels and against the ONNX reference."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nngen.bundle import NETWORK_FILE
from nngen.errors import InputError

from .accuracy import Evaluation, agreement
from .accuracy import evaluate as compare_with_labels
from .arrays import read_array
from .levels import Level
from .machine import Machine, RtlSimulator
from .present import percent
from .progress import Progress, quiet
from .reference import run_reference
from .samples import read_samples
from .simulate import check_simulator, run_samples

__all__ = ["Accuracy", "evaluate", "render"]


@dataclass(frozen=True, kw_only=True)
class Accuracy:
    """A build and its reference on labelled samples.

    Parameters
    ----------
    level
        The model that the build ran on.
    build, reference
        Answers against labels.
    agreeing
        Samples for which both predict the same.
    """

    level: Level
    build: Evaluation
    reference: Evaluation
    agreeing: int

    @property
    def points_lost(self) -> float:
        """How much lower the build's accuracy is, in percentage points."""
        return 100 * (self.reference.accuracy - self.build.accuracy)


def evaluate(
    directory: Path,
    inputs: Path,
    labels: Path,
    *,
    level: Level = Level.GOLDEN,
    simulator: RtlSimulator | None = None,
    samples: int | None = None,
    progress: Progress = quiet,
) -> Accuracy:
    """Measure the accuracy of a build.

    Parameters
    ----------
    directory
        The build.
    inputs
        Samples (.npz) by ONNX name.
    labels
        Class of each sample (.npy), integers of shape ``(samples,)``.
    level
        The model to run on.
    simulator
        At level rtl: for the Verilog; Icarus unless given.
    samples
        Take the first so many.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Whatever the user can mend.
    """
    check_simulator(level, simulator)
    progress("reading the build")
    machine = Machine.open(directory)
    given = read_samples(inputs, machine.network)
    expected = read_array(labels)
    count = len(next(iter(given.values())))
    if expected.shape != (count,):
        raise InputError(f"'{labels}' must have shape ({count},), one label for each sample, not {expected.shape}")
    if samples is not None and samples > count:
        raise InputError(f"'{inputs}' must hold at least {samples} samples, not {count}")
    given = {name: array[:samples] for name, array in given.items()}
    expected = expected[:samples]
    scores = machine.network.outputs[0].name
    progress("running the reference")
    reference = run_reference(machine.build.file(NETWORK_FILE), given)[scores]
    found = run_samples(machine, given, level=level, simulator=simulator, progress=progress).outputs[scores]
    return Accuracy(
        level=level,
        build=compare_with_labels(found, expected),
        reference=compare_with_labels(reference, expected),
        agreeing=agreement(found, reference),
    )


def render(result: Accuracy) -> RenderableType:
    """Return accuracies and the confusion matrix."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "correct", "accuracy"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, answers in (("ONNX, in onnxruntime", result.reference), (f"this build, {result.level}", result.build)):
        table.add_row(name, f"{answers.correct} of {answers.samples}", percent(answers.correct, answers.samples))
    same = f"{result.agreeing} of {result.build.samples} samples are given the same label"
    return Group(
        table, Text(same), Text(), Text("labels (rows) and predictions of this build (columns)"), _confusion(result)
    )


def _confusion(result: Accuracy) -> Table:
    confusion = result.build.confusion
    table = Table(box=None, pad_edge=False)
    table.add_column("", justify="right")
    for label in range(len(confusion)):
        table.add_column(str(label), justify="right")
    for label, row in enumerate(confusion.tolist()):
        counts = (
            Text(str(count) if count else "·", style=_style(label, other, count)) for other, count in enumerate(row)
        )
        table.add_row(str(label), *counts)
    return table


def _style(label: int, prediction: int, count: int) -> str:
    if not count:
        return "dim"
    return "green" if label == prediction else "red"
