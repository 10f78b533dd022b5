"""``nngen demo``: a network with pooling and a residual sum becomes hardware that is proven to compute it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy.typing as npt
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from nngen.bundle import NETWORK_FILE

from .accuracy import Evaluation, evaluate
from .arrays import read_array
from .build import build
from .build_report import mapping_table, totals_table
from .levels import Level
from .machine import Machine, RtlSimulator
from .networks.digits import CALIBRATION, IMAGES, LABELS, NETWORKS
from .present import percent, show
from .progress import Progress, shown
from .reference import run_reference
from .samples import Samples, first_samples, read_samples
from .simulate import run_samples
from .utilization import utilization
from .verify import Verification, verify_machine
from .verify_report import comparison_table, layer_table, verdict

__all__ = ["run"]

Labels = npt.NDArray[Any]

NETWORK = "cnn_residual_w8a8"
ARCHITECTURE = Path(__file__).parent / "architectures" / "residual.toml"
RTL_SAMPLES = 2


def run(output: Path, *, simulator: RtlSimulator = "icarus") -> bool:
    """Build into ``output``, print what is found as it is found, and return whether nothing differs.

    Parameters
    ----------
    output
        Build directory.
    simulator
        For the Verilog.

    Raises
    ------
    NngenError
        Whatever the user can mend.
    """
    begin = time.monotonic()
    network = next(entry.path for entry in NETWORKS if entry.name == NETWORK)
    with shown() as progress:
        machine = Machine.of(build(network, ARCHITECTURE, output, calibration=CALIBRATION, progress=progress))
    show(*_build_section(machine))
    images, labels = read_samples(IMAGES, machine.network), read_array(LABELS)
    with shown() as progress:
        answers = _answers(machine, images, labels, progress)
    show(*_section(f"Answers on {len(labels)} held-out images"), _answer_table(answers))
    images = first_samples(images, RTL_SAMPLES, where=str(IMAGES))
    with shown() as progress:
        verification = verify_machine(machine, images, source="held-out images", simulator=simulator, progress=progress)
    show(*_verification_section(verification, simulator), *_closing_section(machine.build.path))
    show(Text(f"\n{time.monotonic() - begin:.0f} seconds", style="dim"))
    return verification.equal


def _answers(machine: Machine, images: Samples, labels: Labels, progress: Progress) -> list[tuple[str, Evaluation]]:
    """Return how the ONNX file, the golden model and the instruction set simulator answer."""
    scores = machine.network.outputs[0].name
    progress("running the ONNX file in onnxruntime")
    reference = run_reference(machine.build.file(NETWORK_FILE), images)[scores]
    answers = [("ONNX file in onnxruntime", evaluate(reference, labels))]
    for level, name in ((Level.GOLDEN, "golden model"), (Level.ISS, "instruction set simulator")):
        outputs = run_samples(machine, images, level=level, progress=progress).outputs[scores]
        answers.append((name, evaluate(outputs, labels)))
    return answers


def _build_section(machine: Machine) -> tuple[RenderableType, ...]:
    used = utilization(machine.network, machine.mapping, machine.cores)
    heading = _section(
        f"{machine.network.name} on {machine.architecture.name}: {machine.architecture.file.description}"
    )
    return *heading, mapping_table(used), Text(), totals_table(machine, used)


def _verification_section(verification: Verification, simulator: RtlSimulator) -> tuple[RenderableType, ...]:
    return (
        *_section(f"Verilog in {simulator.capitalize()} on {verification.samples} images, against the models"),
        comparison_table(verification),
        *_section("Cycles of an inference"),
        layer_table(verification),
        Text(f"converters convert in {100 * verification.converter_share:.1f} % of their cycles"),
        Text(),
        verdict(verification),
    )


def _closing_section(folder: Path) -> tuple[RenderableType, ...]:
    return *_section("Files"), _file_table(folder), *_section("What next"), _next_steps(folder)


def _section(title: str) -> tuple[RenderableType, ...]:
    return Text(), Text(f"── {title} ──", style="bold"), Text()


def _answer_table(found: list[tuple[str, Evaluation]]) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "correct", "images", "accuracy"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, answers in found:
        table.add_row(name, str(answers.correct), str(answers.samples), percent(answers.correct, answers.samples))
    return table


def _file_table(folder: Path) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, meaning in (
        ("mapping.json", "which weights sit in which macro, where"),
        ("schedule.json", "in what order the units work, where tensors live"),
        ("program/core0.asm", "the program, to be read"),
        ("rtl/", "the accelerator in Verilog"),
        ("rtl_sim/", "the same with retire ports, for simulation"),
        ("manifest.json", "hashes of all of it, and of what it was made from"),
    ):
        table.add_row(Text(f"{folder}/{name}", style="cyan"), meaning)
    return table


def _next_steps(folder: Path) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for command, meaning in (
        ("nngen inspect your.onnx", "what nngen sees in a network of yours"),
        (
            "nngen build your.onnx --arch your.toml -o out",
            f"its hardware; begin your.toml with {folder}/architecture.toml",
        ),
        ("nngen verify out --samples 4", "prove it"),
        (f"nngen simulate {folder} --inputs X.npz --level rtl --samples 1 --waves w.fst", "look inside"),
    ):
        table.add_row(Text(command, style="cyan"), meaning)
    return table
