"""``nngen demo``: the shipped W4A4 network becomes hardware on the chip ``tiny``, and is proven to compute it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from rich.console import RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from .accuracy import Evaluation, evaluate
from .arrays import read_array
from .build import build
from .build_report import mapping_table, totals_table
from .levels import Level
from .machine import Machine
from .networks.digits import CALIBRATION, IMAGES, LABELS, NETWORKS
from .present import percent, show
from .progress import Progress, shown
from .reference import run_reference
from .samples import Samples, first_samples, read_samples
from .simulate import run_samples
from .utilization import utilization
from .verify import Verification, verify_machine
from .verify_report import comparison_table, layer_table, verdict

__all__ = ["Demonstration", "demonstrate", "run"]

NETWORK = "cnn_w4a4"
ARCHITECTURE = Path(__file__).parent / "architectures" / "tiny.toml"
RTL_SAMPLES = 10


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """What the demo found.

    Parameters
    ----------
    machine
        The build.
    answers
        Name of the model and how it answers, in the order from the ONNX file to the Verilog.
    verification
        The models compared on the first images.
    """

    machine: Machine
    answers: tuple[tuple[str, Evaluation], ...]
    verification: Verification


def run(output: Path) -> bool:
    """Run the demo and print it; return whether nothing differs.

    Raises
    ------
    NngenError
        Whatever the user can mend.
    """
    begin = time.monotonic()
    with shown() as progress:
        found = demonstrate(output, progress=progress)
    show(*_report(found), Text(f"\n{time.monotonic() - begin:.0f} seconds", style="dim"))
    return found.verification.equal


def demonstrate(output: Path, *, rtl_samples: int = RTL_SAMPLES, progress: Progress) -> Demonstration:
    """Build the network, let every model answer, and compare the models on the first images."""
    network = next(entry.path for entry in NETWORKS if entry.name == NETWORK)
    machine = Machine.of(build(network, ARCHITECTURE, output, calibration=CALIBRATION, progress=progress))
    images, labels = read_samples(IMAGES, machine.network), read_array(LABELS)
    scores = machine.network.outputs[0].name
    progress("running the ONNX file in onnxruntime")
    answers = [("ONNX file in onnxruntime", evaluate(run_reference(network, images)[scores], labels))]
    for level, name in ((Level.GOLDEN, "golden model"), (Level.ISS, "instruction set simulator")):
        outputs = run_samples(machine, images, level=level, progress=progress).outputs[scores]
        answers.append((name, evaluate(outputs, labels)))
    verification = _verify(machine, first_samples(images, rtl_samples, where=str(IMAGES)), progress)
    return Demonstration(machine=machine, answers=tuple(answers), verification=verification)


def _verify(machine: Machine, samples: Samples, progress: Progress) -> Verification:
    return verify_machine(machine, samples, source="held-out images", progress=progress)


def _report(found: Demonstration) -> list[RenderableType]:
    machine, verification = found.machine, found.verification
    used = utilization(machine.network, machine.mapping, machine.core)
    busy = Text(f"converters convert in {100 * verification.converter_share:.1f} % of their cycles")
    heading = f"{machine.network.name} on {machine.architecture.name}: {machine.architecture.file.description}"
    return [
        *_section(heading),
        mapping_table(used),
        Text(),
        totals_table(machine, used),
        busy,
        *_section("Answers on the held-out digits"),
        _answer_table(found),
        *_section(f"Verilog in Icarus on {verification.samples} images"),
        comparison_table(verification),
        *_section("Cycles of an inference"),
        layer_table(verification),
        Text(),
        verdict(verification),
        *_section("Files"),
        _file_table(machine.build.path),
        *_section("What next"),
        _next_steps(machine.build.path),
    ]


def _section(title: str) -> tuple[RenderableType, ...]:
    return Text(), Rule(Text(title, style="bold"), align="left", style="dim"), Text()


def _answer_table(found: Demonstration) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("model", "correct", "images", "accuracy"):
        table.add_column(heading, justify="left" if heading == "model" else "right")
    for name, answers in found.answers:
        table.add_row(name, str(answers.correct), str(answers.samples), percent(answers.correct, answers.samples))
    return table


def _file_table(folder: Path) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    for name, meaning in (
        ("mapping.json", "which weights sit in which macro, where"),
        ("schedule.json", "in what order the units work, where tensors live"),
        ("program/core0.asm", "the program, to be read"),
        ("rtl/", "the accelerator in Verilog"),
        ("rtl_sim/", "the same with retire ports"),
        ("manifest.json", "hashes of all of it, and of what it was made from"),
    ):
        table.add_row(Text(str(folder / name), style="cyan"), meaning)
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
