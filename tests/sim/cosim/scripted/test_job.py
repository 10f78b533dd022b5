"""Whole co-simulations on the scripted bench, on a chip that only has the host port; many with a fault planted."""

import errno
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.errors import InputError, ProgramError, ToolError
from nngen.isa import Cause, Unit
from nngen.sim.cosim import RetireTrace, RtlJob, simulate_rtl
from nngen.sim.cosim.scripted import CompiledSimulation, HostScript, simulate_scripted
from nngen.sim.cosim.scripted._verilator import require_compression

RUN_CYCLES = 25  # of the stub

MakeJob = Callable[..., RtlJob]


@pytest.fixture
def make(make_job: MakeJob) -> MakeJob:
    """Jobs for the stub with retire ports."""

    def made(**options: object) -> RtlJob:
        return make_job(retire=True, **options)

    return made


def simulate(job: RtlJob, **options: object) -> object:
    return simulate_scripted(job, "icarus", **options)  # type: ignore[arg-type]


def test_every_sample_is_written_run_and_read(make: MakeJob) -> None:
    job = make(samples=3)
    seen: list[tuple[int, int]] = []
    result = simulate_scripted(job, "icarus", progress=lambda finished, total: seen.append((finished, total)))
    assert np.array_equal(result.outputs["out"], ~job.inputs["in"])
    assert result.events["cycles"].tolist() == [RUN_CYCLES] * 3
    assert result.cores[0].causes == (Cause.NONE,) * 3
    assert result.cores[0].cause_pcs == (0, 0, 0)
    assert result.trace is None
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)


def test_the_result_is_that_of_the_interactive_bench(make: MakeJob) -> None:
    job = make(trace=True, traced=1, samples=3)
    here, there = simulate_scripted(job, "icarus"), simulate_rtl(job)
    assert np.array_equal(here.outputs["out"], there.outputs["out"])
    assert {name: values.tolist() for name, values in here.events.items()} == {
        name: values.tolist() for name, values in there.events.items()
    }
    assert [(core.causes, core.cause_pcs) for core in here.cores] == [
        (core.causes, core.cause_pcs) for core in there.cores
    ]
    assert here.trace is not None
    assert there.trace is not None
    for name, values in vars(there.trace).items():
        assert np.array_equal(getattr(here.trace, name), values), name
        assert getattr(here.trace, name).dtype == values.dtype, name


def test_a_run_that_leaves_its_output_alone_is_seen(make: MakeJob) -> None:
    result = simulate_scripted(make(fault="writes_once"), "icarus")
    first, second = result.outputs["out"]
    assert np.array_equal(first, ~make().inputs["in"][0])
    assert set(second.reshape(-1).tolist()) == {-91, -61}  # the bench's poison


@pytest.mark.parametrize(("traced", "samples"), [(None, [0, 1, 2]), (2, [0, 1]), (0, [])])
def test_as_many_samples_are_traced_as_wanted(make: MakeJob, traced: int | None, samples: list[int]) -> None:
    result = simulate_scripted(make(trace=True, traced=traced, samples=3), "icarus")
    assert result.trace is not None
    assert result.trace.sample.tolist() == [sample for sample in samples for _ in range(5)]
    assert result.trace.cycle.tolist() == [0, 5, 10, 15, 20] * len(samples)
    assert set(result.trace.unit.tolist()) <= {list(Unit).index(Unit.SEQUENCER)}
    assert result.trace.digest.tolist() == [0xFFFFFFFF - pc for pc in result.trace.pc.tolist()]


def test_retirements_are_passed_on_instead_of_kept(make: MakeJob) -> None:
    parts: list[RetireTrace] = []
    result = simulate_scripted(make(trace=True), "icarus", retired=parts.append)
    assert result.trace is None
    assert np.concatenate([part.cycle for part in parts]).tolist() == [0, 5, 10, 15, 20] * 2
    assert np.concatenate([part.sample for part in parts]).tolist() == [0] * 5 + [1] * 5


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (
            "unknown_status",
            f"line 3 of the bench's log must be 44 known hexadecimal digits, not '02{'0' * 18}{'x' * 8}{'0' * 15}c'",
        ),
        ("deaf", "host port must answer a transfer at 0x0, but has not"),
        ("refusing", "host port must answer a write to 0x18 with OKAY, not SLVERR"),
        ("sticky_interrupt", "register STATUS must read 2 when the interrupt line is high, not 1"),
        ("endless", "sample 0 must end within 2000 cycles, but runs on"),
        ("finishing", "the bench's log must end with the end of its script, but the simulation broke off"),
    ],
)
def test_a_misbehaving_chip_is_named(make: MakeJob, fault: str, sentence: str) -> None:
    with pytest.raises(ToolError) as caught:
        simulate(make(fault=fault))
    assert str(caught.value) == f"co-simulation of 'nngen_chip' failed: {sentence}"


def test_a_program_for_another_architecture_is_refused(make: MakeJob, micro) -> None:
    with pytest.raises(ProgramError) as caught:
        simulate(make(architecture_sha256="0123456789abcdef" * 4))
    assert str(caught.value) == (
        f"program was compiled for architecture 01234567…, but the chip is {micro.sha256[:8]}…: build it again"
    )


def test_what_is_no_nngen_chip_is_refused(make: MakeJob, tmp_path: Path) -> None:
    job = make()
    other = tmp_path / "other.v"
    other.write_text(job.sources[0].read_text().replace("32'h4E4E4731", "32'h12345678"), encoding="utf-8")
    with pytest.raises(ProgramError) as caught:
        simulate(replace(job, sources=(other,)))
    assert str(caught.value) == "register MAGIC of the chip must read 0x4e4e4731, not 0x12345678: no nngen chip"


def test_time_runs_out(make: MakeJob) -> None:
    with pytest.raises(ToolError) as caught:
        simulate(make(fault="endless", cycle_limit=10**9, timeout_s=2))
    assert str(caught.value) == "icarus must end its script within 2 s, but has not"


def test_a_loop_in_which_no_time_passes_ends_too(make: MakeJob) -> None:
    with pytest.raises(ToolError) as caught:
        simulate(make(fault="timeless", timeout_s=2))
    assert str(caught.value) == "icarus must end its script within 2 s, but has not"


def test_a_missing_verilog_file_is_named(make: MakeJob, tmp_path: Path) -> None:
    missing = tmp_path / "missing.v"
    with pytest.raises(ToolError, match=re.escape(f"Verilog file '{missing}' cannot be read (FileNotFoundError)")):
        simulate(make(sources=(missing,)))


def test_what_needs_the_interactive_bench_is_refused(make: MakeJob, tmp_path: Path) -> None:
    for options, what in (({"host_traffic": True}, "host traffic"), ({"waves": tmp_path / "w.vcd"}, "waves in icarus")):
        with pytest.raises(InputError) as caught:
            simulate(make(**options))
        assert str(caught.value) == f"{what} must be simulated on the interactive bench, not on the scripted one"


def test_codes_that_do_not_fit_are_refused_before_anything_runs(make: MakeJob) -> None:
    with pytest.raises(InputError, match=r"^codes of tensor 'in' must be -128 to 127, not 128$"):
        simulate(make(inputs={"in": np.full((2, 2, 4, 8), 128)}))


def test_a_scratch_folder_keeps_the_files_of_a_run(make: MakeJob, tmp_path: Path) -> None:
    simulate(make(scratch=tmp_path / "scratch"))
    (run,) = (tmp_path / "scratch").glob("run-*")
    assert {path.name for path in run.iterdir()} == {"script.txt", "log.txt", "simulation.log"}


@pytest.mark.parametrize("suffix", ["fst", "vcd"])
def test_waves_of_verilator_go_where_they_are_wanted(make: MakeJob, tmp_path: Path, suffix: str) -> None:
    if suffix == "fst":
        try:
            require_compression()
        except ToolError as error:
            pytest.skip(str(error))
    waves = tmp_path / "two words" / f"waves.{suffix}"
    waves.parent.mkdir()
    job = make(waves=waves)
    result = simulate_scripted(job)
    assert np.array_equal(result.outputs["out"], ~job.inputs["in"])
    content = waves.read_bytes()
    assert len(content) > 1000
    assert (b"$scope module chip $end" in content) == (suffix == "vcd")


# ---------------------------------------------------------------- simulators that fail


def follow(tmp_path: Path, shell: str, **options: float) -> list[bytes]:
    """Run a shell script as the simulator."""
    parts: list[bytes] = []
    simulation = CompiledSimulation(simulator="verilator", command=("sh", "-c", shell), **options)
    simulation.follow(HostScript(), tmp_path, parts.append)
    return parts


def test_a_log_is_handed_over_while_it_grows(tmp_path: Path) -> None:
    parts = follow(tmp_path, "printf one >> log.txt; sleep 0.5; printf two >> log.txt")
    assert parts == [b"one", b"two"]


def test_what_refuses_the_log_ends_the_simulator(tmp_path: Path) -> None:
    begin = time.monotonic()

    def refuse(piece: bytes) -> None:
        raise ToolError("no more")

    simulation = CompiledSimulation(simulator="verilator", command=("sh", "-c", "echo x >> log.txt; sleep 600"))
    with pytest.raises(ToolError, match=r"^no more$"):
        simulation.follow(HostScript(), tmp_path, refuse)
    assert time.monotonic() - begin < 60


def test_a_killed_simulator_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^verilator must end its script, but was ended by SIGKILL$"):
        follow(tmp_path, "kill -KILL $$")


def test_a_simulator_that_fails_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        follow(tmp_path, "echo it hurts; exit 3")
    assert str(caught.value) == (
        "verilator must end its script, but ended with status 3\nsimulation.log ends:\nit hurts"
    )


def test_a_simulator_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=r"^verilator must end its script within 1 s, but has not$"):
        follow(tmp_path, "sleep 600 & echo $! > child; wait", limit_s=1.0)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        if not Path(f"/proc/{child}/cmdline").exists() or not Path(f"/proc/{child}/cmdline").read_bytes():
            return
        time.sleep(0.1)
    pytest.fail("a child of the simulator is alive")


def test_a_simulator_that_cannot_be_started_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        CompiledSimulation(simulator="verilator", command=("/no/such/bench",)).follow(HostScript(), tmp_path, print)
    assert str(caught.value) == "verilator must be able to start '/no/such/bench' (FileNotFoundError)"


FULL = (
    "disk of '{}' must have room for the files of a simulation, but is full; "
    "the environment variable TMPDIR names another folder for them"
)


def test_a_full_disk_is_named_when_the_script_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(ToolError) as caught:
        follow(tmp_path, "true")
    assert str(caught.value) == FULL.format(tmp_path)


def test_a_full_disk_is_named_when_the_log_is_not_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulator does not notice: it says nothing and ends well."""
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=0))
    with pytest.raises(ToolError) as caught:
        follow(tmp_path, "true")
    assert str(caught.value) == FULL.format(tmp_path)


CALLER = """
import pickle, sys
from nngen.sim.cosim.scripted import simulate_scripted
with open(sys.argv[1], "rb") as file:
    simulate_scripted(pickle.load(file), "verilator")
"""


def test_a_killed_caller_takes_verilators_simulation_along(make: MakeJob, tmp_path: Path) -> None:
    job = make(fault="endless", cycle_limit=4 * 10**9, timeout_s=600, scratch=tmp_path / "scratch")
    pickled = tmp_path / "job.pickle"
    pickled.write_bytes(pickle.dumps(job))
    caller = subprocess.Popen([sys.executable, "-c", CALLER, str(pickled)])
    deadline = time.monotonic() + 300
    while not simulating(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert simulating(tmp_path)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    while simulating(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not simulating(tmp_path)


def simulating(folder: Path) -> bool:
    """Whether a compiled bench is running in this folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                program, place = (entry / "exe").readlink(), (entry / "cwd").readlink()
            except OSError:
                continue
            if program.name == "bench" and folder in place.parents:
                return True
    return False
