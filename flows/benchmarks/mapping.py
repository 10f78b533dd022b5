"""What each strategy of the mapper makes of networks of others on four cores; ResNet-18 on chips that it fills."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer

from nngen.arch import Architecture, read_architecture
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import STRATEGIES
from nngen.errors import CapacityError
from nngen.flows.compiling import Compiled, compile_network
from nngen.isa import INSTRUCTION_BITS
from nngen.sim.iss import time_chip
from nngen.sim.kpi import MappingCost, mapping_cost

from .networks import ARCHITECTURES, PIPELINED, Subject, subjects
from .registry import Row
from .resnet18 import write_resnet18

LARGEST_GAP = 1.10  # macros over their bound, strategy utilization
MOST_SECONDS, MOST_MEGABYTES, MOST_BYTES = 10.0, 1000.0, 64 << 10


@dataclass(frozen=True, kw_only=True)
class Filled:
    """A chip that ResNet-18 fills: square macros with ``rows`` word lines, 64 a core; the macros it may take."""

    rows: int
    cores: int
    limit: int

    def architecture(self) -> Architecture:
        """Return the chip: cores like those of ``cim128_quad``, with larger memories."""
        base = read_architecture(ARCHITECTURES / "cim128_quad.toml")
        core = replace(
            base.core,
            macro=replace(base.core.macro, rows=self.rows, columns=self.rows),
            macros=64,
            activation_bytes=1 << 21,
            program_instructions=1 << 13,
            constant_records=1 << 13,
            output_buffer_bytes=2048,
        )
        return replace(base, cores=(core,) * self.cores)


CHIPS = (Filled(rows=128, cores=48, limit=2864), Filled(rows=512, cores=3, limit=188))


def measure_mapping() -> Iterator[Row]:
    """Map and compile every network with every strategy; ResNet-18 in processes of their own."""
    for chip in PIPELINED:
        for subject in subjects():
            for strategy in STRATEGIES:
                yield from _of_network(subject, chip, strategy.name)
    with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
        path = Path(folder) / "resnet18.onnx"
        write_resnet18(path)
        for number, filled in enumerate(CHIPS):
            yield from _of_resnet(path, number, filled)


def _of_network(subject: Subject, chip: str, strategy: str) -> Iterator[Row]:
    architecture, network = read_architecture(ARCHITECTURES / f"{chip}.toml"), read_network(subject.path)
    where = f"{subject.name} on {chip}, {strategy}"
    try:
        compiled = compile_network(network, architecture, strategy=strategy)
    except CapacityError as error:
        yield Row(figure=f"{where}: refused, {error}", measured=0, unit="")
        return
    cost = mapping_cost(compiled.network, compiled.mapping, architecture)
    yield from _macros(where, cost, limit=LARGEST_GAP * cost.macros_bound if strategy == "utilization" else None)
    cycles = max(timing.cycles for timing in time_chip(architecture.cores, compiled.program.cores))
    yield Row(figure=f"{where}: words over the bus", measured=cost.bus_words, unit="")
    yield Row(figure=f"{where}: cycles over the bound of {cost.bound:,}", measured=cycles / cost.bound, unit="x")
    yield Row(figure=f"{where}: estimated cycles over those", measured=cost.cycles / cycles, unit="x")
    yield Row(figure=f"{where}: instructions", measured=_program_bytes(compiled), unit="bytes")
    if strategy == "throughput":
        yield Row(figure=f"{where}: a pipeline's cycles an inference, about", measured=cost.interval, unit="")


def _macros(where: str, cost: MappingCost, *, limit: float | None) -> Iterator[Row]:
    yield Row(figure=f"{where}: macros, at least {cost.macros_bound:,}", measured=cost.macros, unit="", limit=limit)


def _program_bytes(compiled: Compiled) -> int:
    return sum(len(program.instructions) for program in compiled.program.cores) * INSTRUCTION_BITS // 8


def _of_resnet(path: Path, number: int, filled: Filled) -> Iterator[Row]:
    command = [sys.executable, "-m", __name__, str(path), str(number)]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    where = f"ResNet-18 on {filled.cores} cores of 64 {filled.rows}x{filled.rows} macros, utilization"
    rows: tuple[tuple[str, str, str, float | None], ...] = (
        (f"macros, at least {found['bound']:,}", "macros", "", filled.limit),
        ("reading and compiling", "seconds", "s", MOST_SECONDS),
        ("peak memory", "megabytes", "MB", MOST_MEGABYTES),
        ("instructions", "bytes", "bytes", MOST_BYTES),
        ("constant records", "records", "", None),
        ("words over the bus", "bus_words", "", None),
        ("estimated cycles over the bound", "ratio", "x", None),
    )
    for name, key, unit, limit in rows:
        yield Row(figure=f"{where}: {name}", measured=found[key], unit=unit, limit=limit, timing=key == "seconds")


def compile_resnet(path: Path, number: int) -> dict[str, Any]:
    """Compile the file for one of ``CHIPS`` and return what that took, and what came out."""
    begun = time.perf_counter()
    architecture = CHIPS[number].architecture()
    compiled = compile_network(read_network(path), architecture, strategy="utilization")
    seconds = time.perf_counter() - begun
    cost = mapping_cost(compiled.network, compiled.mapping, architecture)
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
    return {
        "seconds": seconds,
        "megabytes": peak,
        "macros": cost.macros,
        "bound": cost.macros_bound,
        "bytes": _program_bytes(compiled),
        "records": sum(len(program.records) for program in compiled.program.cores),
        "bus_words": cost.bus_words,
        "ratio": cost.cycles / cost.bound,
    }


if __name__ == "__main__":
    typer.echo(json.dumps(compile_resnet(Path(sys.argv[1]), int(sys.argv[2]))))
