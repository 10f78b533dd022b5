"""Whether the tests of the instruction set see a planted fault, and how soon."""

from __future__ import annotations

from nngen.arch import Architecture
from nngen.sim.cosim.scripted import open_simulation
from nngen.sim.verification.faults import HardwareFault, faulty_rtl

from ._regression import RegressionResult, regress, regress_directed

RUNS = 2  # of each random program, as in the tests that run on every change


def seen_by_directed(architecture: Architecture, fault: HardwareFault) -> int | None:
    """Return after how many retirements of directed programs the fault shows in Icarus; None: it does not."""
    simulation = open_simulation(architecture, "icarus", files=faulty_rtl(architecture, fault))
    return _instructions(regress_directed(architecture.core, simulation, attempts=0))


def seen_by_random(architecture: Architecture, fault: HardwareFault, *, instructions: int, seed: int = 1) -> int | None:
    """Return the same for random programs; ``instructions`` are tried."""
    simulation = open_simulation(architecture, "icarus", files=faulty_rtl(architecture, fault))
    return _instructions(
        regress(architecture.core, simulation, instructions=instructions, seed=seed, runs=RUNS, attempts=0)
    )


def _instructions(result: RegressionResult) -> int | None:
    if result.failure is None:
        return None
    mismatch = result.failure.mismatch
    return result.instructions + (len(mismatch.found) if mismatch.place is None else mismatch.place + 1)
