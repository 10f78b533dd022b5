"""Ten faults planted in the hardware, one at a time: the tests of the instruction set see each."""

from pathlib import Path

import pytest

from nngen.arch import read_architecture
from nngen.sim.verification.faults import HARDWARE_FAULTS, HardwareFault
from nngen.sim.verification.regression import seen_by_directed, seen_by_random

INSTRUCTIONS = 10_000  # of random programs in Icarus, as many as run on every change


@pytest.mark.parametrize("fault", HARDWARE_FAULTS, ids=lambda fault: fault.name)
def test_a_planted_fault_is_seen(repository: Path, fault: HardwareFault) -> None:
    architecture = read_architecture(repository / "flows" / "architectures" / "micro.toml")
    seen = seen_by_directed(architecture, fault)
    if seen is None:
        seen = seen_by_random(architecture, fault, instructions=INSTRUCTIONS)
    assert seen is not None
    assert seen <= 2 * INSTRUCTIONS
