"""Simulators that can run the bench: what they need on PATH, and how a compiled simulation is identified."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nngen.errors import ToolError


@dataclass(frozen=True, kw_only=True)
class Simulator:
    """A simulator.

    Parameters
    ----------
    name
        As cocotb's runner calls it.
    programs
        What must be on PATH.
    fix
        The command that brings them.
    """

    name: str
    programs: tuple[str, ...]
    fix: str


SIMULATORS = {
    "icarus": Simulator(name="icarus", programs=("iverilog", "vvp"), fix="apt-get install iverilog"),
}


def require(name: str) -> Simulator:
    """Return the simulator of this name.

    Raises
    ------
    ToolError
        One of its programs is not on PATH; says what to install.
    """
    simulator = SIMULATORS[name]
    for program in simulator.programs:
        if shutil.which(program) is None:
            raise ToolError(
                f"co-simulation with {name} needs the program '{program}', which is not on PATH: "
                f"install it with '{simulator.fix}' ('nngen doctor' shows all tools)"
            )
    return simulator


def fingerprint(simulator: str, top: str, sources: Sequence[Path], *, waves: bool) -> str:
    """Return a hash of everything that shapes a compiled simulation.

    Raises
    ------
    ToolError
        A source cannot be read.
    """
    total = hashlib.sha256(f"{simulator} {top} {waves}".encode())
    for source in sources:
        try:
            content = source.read_bytes()
        except OSError as error:
            raise ToolError(f"Verilog file '{source}' cannot be read ({type(error).__name__})") from error
        total.update(f"\n{source.name} {len(content)}\n".encode() + content)
    return total.hexdigest()
