"""Rungs 1 to 3 on the chip `micro`: hardware and simulator at every retirement of every unit."""

import pytest

from nngen.arch import Architecture
from nngen.sim.cosim.scripted import Simulation, open_simulation
from nngen.sim.verification.lockstep import Session, expect
from nngen.sim.verification.regression import RegressionResult, cases, regress, regress_directed

LEAST_SHARE = 0.05


def check(result: RegressionResult, *, instructions: int) -> None:
    assert result.failure is None, result.failure
    assert result.instructions >= instructions
    assert min(result.units) >= LEAST_SHARE * result.instructions


def test_directed_programs_in_icarus(micro: Architecture, icarus: Simulation) -> None:
    result = regress_directed(micro.core, icarus)
    assert result.failure is None, result.failure
    assert result.programs >= 150


def test_ten_thousand_random_instructions_in_icarus(micro: Architecture, icarus: Simulation) -> None:
    check(regress(micro.core, icarus, instructions=10_000, seed=1, runs=2), instructions=10_000)


def test_a_hundred_thousand_random_instructions_in_verilator(micro: Architecture, verilator: Simulation) -> None:
    check(regress(micro.core, verilator, instructions=100_000, seed=2), instructions=100_000)


@pytest.mark.parametrize("first", [0, 5, 10, 15])
def test_three_simulators_log_the_same(
    micro: Architecture, icarus: Simulation, verilator: Simulation, first: int
) -> None:
    session = Session(micro.core)
    for number in range(first, first + 5):
        (case,) = cases(micro.core, seed=3, number=number if number % 8 != 7 else 100 + number, runs=2)
        session.add(case, expect(micro.core, case))
    log = icarus.run(session.script)
    assert log.count("\n") > 500
    assert verilator.run(session.script) == log
    assert open_simulation(micro, "amaranth").run(session.script) == log
