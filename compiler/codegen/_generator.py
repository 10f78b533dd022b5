"""Writes the program of a schedule down: instructions, constant records, cell images."""

from __future__ import annotations

from nngen.arch import Architecture
from nngen.compiler.scheduler.cores import numbered_cores
from nngen.compiler.scheduler.partial_sums import lowered
from nngen.ir import Mapping, Network, Program, Schedule

from ._core import core_program


def generate(network: Network, mapping: Mapping, schedule: Schedule, architecture: Architecture) -> Program:
    """Generate the program of a network.

    Parameters
    ----------
    network, mapping, schedule
        What runs, where, and in what order.
    architecture
        The chip.

    Raises
    ------
    CapacityError
        Where the program memory of a core is too small: what is needed and available, and which layer takes most.
    """
    low = lowered(network, mapping, architecture.core)
    return Program(
        architecture_sha256=architecture.sha256,
        cores=tuple(core_program(low, schedule, core) for core in numbered_cores(architecture)),
    )
