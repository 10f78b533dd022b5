"""A regression: the same whatever it is cut into, kept batches taken up again, failures made small."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nngen.arch import Architecture
from nngen.errors import InputError
from nngen.sim.cosim.scripted import HostScript, Simulation, open_simulation
from nngen.sim.verification.faults import HARDWARE_FAULTS, faulty_rtl
from nngen.sim.verification.lockstep import RETIREMENT, expect
from nngen.sim.verification.regression import (
    cases,
    kept_folder,
    regress,
    regress_case,
    run_batch_of,
    run_interactively,
)


@dataclass(kw_only=True)
class Counting:
    """A simulation that counts its runs."""

    simulation: Simulation
    calls: int = 0

    def run(self, script: HostScript) -> str:
        self.calls += 1
        return self.simulation.run(script)


@pytest.fixture(scope="session")
def faulty(micro: Architecture) -> Simulation:
    fault = next(fault for fault in HARDWARE_FAULTS if fault.name == "address wrap")
    return open_simulation(micro, "verilator", files=faulty_rtl(micro, fault))


def test_cases_are_those_of_their_number(micro: Architecture) -> None:
    (one,), (same,), (other,) = (cases(micro.core, seed=s, number=n, runs=3) for s, n in ((1, 4), (1, 4), (2, 4)))
    assert one.program.instructions == same.program.instructions != other.program.instructions
    assert (one.memory == same.memory).all()
    assert one.stall_seeds == same.stall_seeds
    assert one.stall_seeds[0] == 0 != one.stall_seeds[1]
    assert len(cases(micro.core, seed=1, number=7, runs=3)) > 1  # a stream of words


def test_the_result_depends_on_the_seed_and_not_on_the_processes(micro: Architecture, verilator: Simulation) -> None:
    alone, together, other = (
        regress(micro.core, verilator, instructions=30_000, seed=seed, runs=2, workers=workers)
        for seed, workers in ((5, 1), (5, 2), (6, 1))
    )
    assert alone.units == together.units != other.units
    assert alone.cycles == together.cycles
    assert (alone.coverage.counts == together.coverage.counts).all()


def test_finished_batches_are_taken_up_again(micro: Architecture, verilator: Simulation, tmp_path: Path) -> None:
    counting = Counting(simulation=verilator)
    first = regress(micro.core, counting, instructions=20_000, runs=2, kept=tmp_path)
    calls = counting.calls
    again = regress(micro.core, counting, instructions=20_000, runs=2, kept=tmp_path)
    assert counting.calls == calls
    assert again.units == first.units
    assert (again.coverage.counts == first.coverage.counts).all()
    more = regress(micro.core, counting, instructions=40_000, runs=2, kept=tmp_path)
    assert more.instructions >= 40_000
    assert calls < counting.calls < 3 * calls


def test_a_broken_batch_file_is_named(micro: Architecture, verilator: Simulation, tmp_path: Path) -> None:
    (tmp_path / "batch-000000.json").write_text('{"units": [1')
    sentence = rf"^batch file '{tmp_path}/batch-000000\.json' must be whole; delete it, and it is made again$"
    with pytest.raises(InputError, match=sentence):
        regress(micro.core, verilator, instructions=1, kept=tmp_path)


def test_kept_batches_belong_to_what_they_depend_on(tmp_path: Path) -> None:
    assert kept_folder(tmp_path, "a", "bc") == kept_folder(tmp_path, "a", "bc")
    assert len({kept_folder(tmp_path, *parts) for parts in (("a", "bc"), ("ab", "c"), ("a", "bd"))}) == 3


def test_a_failure_is_shown_on_a_short_program(micro: Architecture, faulty: Simulation) -> None:
    result = regress(micro.core, faulty, instructions=50_000, seed=1, runs=2)
    failure, number = result.failure, result.failed_number
    assert failure is not None
    assert number is not None
    assert failure.mismatch.what == RETIREMENT
    assert len(failure.case.program.instructions) < failure.original
    assert failure.case.runs == 1
    assert run_batch_of(micro.core, [failure.case], faulty).mismatch is not None
    again = regress_case(micro.core, faulty, seed=1, number=number, runs=2).failure
    assert again is not None
    assert again.case.program.instructions == failure.case.program.instructions


def test_a_failure_may_be_left_as_it_is(micro: Architecture, faulty: Simulation) -> None:
    failure = regress(micro.core, faulty, instructions=50_000, seed=1, runs=2, attempts=0).failure
    assert failure is not None
    assert len(failure.case.program.instructions) == failure.original


def test_a_program_runs_on_the_interactive_bench_too(micro: Architecture, tmp_path: Path) -> None:
    (case,) = cases(micro.core, seed=3, number=2, runs=2)
    case = replace(case, traffic_seed=0, reset_after=None)
    waves = tmp_path / "waves.vcd"
    result = run_interactively(micro, case, run=1, waves=waves)
    expected = expect(micro.core, case).runs[1]
    assert result.events["cycles"].tolist() == [expected.cycles]
    assert result.trace is not None
    offset = int(result.trace.cycle.max()) - int(expected.retirements["cycle"].max())
    assert (result.trace.cycle - offset).tolist() == expected.retirements["cycle"].tolist()
    assert result.trace.digest.tolist() == expected.retirements["digest"].tolist()
    assert waves.stat().st_size > 0
