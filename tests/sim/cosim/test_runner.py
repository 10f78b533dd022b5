"""The bench and its runner, on a chip that only has the host port; most of them with a fault planted."""

import os
import pickle
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.errors import InputError, ProgramError, ToolError
from nngen.isa import Cause, Unit
from nngen.sim.cosim import simulate_rtl
from nngen.sim.cosim._simulators import fingerprint

RUN_CYCLES = 25  # of the stub


def test_every_sample_is_written_run_and_read(make_job) -> None:
    job = make_job(samples=3)
    seen = []
    result = simulate_rtl(job, progress=lambda finished, total: seen.append((finished, total)))
    assert np.array_equal(result.outputs["out"], ~job.inputs["in"])
    assert result.events["cycles"].tolist() == [RUN_CYCLES] * 3
    assert result.cores[0].causes == (Cause.NONE,) * 3
    assert result.cores[0].cause_pcs == (0, 0, 0)
    assert result.trace is None
    assert seen[0] == (0, 3)
    assert seen[-1] == (3, 3)


def test_a_run_that_leaves_its_output_alone_is_seen(make_job) -> None:
    """The second sample's output must not be the first one's left behind."""
    result = simulate_rtl(make_job(fault="writes_once"))
    first, second = result.outputs["out"]
    assert np.array_equal(first, ~make_job().inputs["in"][0])
    assert not np.array_equal(first, second)
    assert set(second.reshape(-1).tolist()) == {-91, -61}  # the bench's poison


@pytest.mark.parametrize("host_traffic", [False, True])
def test_the_retire_trace_counts_cycles_from_the_start_of_each_run(make_job, host_traffic: bool) -> None:
    """With and without a host that polls and reads at random while the core runs."""
    job = make_job(retire=True, trace=True, host_traffic=host_traffic, seed=7)
    result = simulate_rtl(job)
    assert np.array_equal(result.outputs["out"], ~job.inputs["in"])
    assert result.events["cycles"].tolist() == [RUN_CYCLES] * 2
    trace = result.trace
    assert trace is not None
    assert len(trace) == 10
    assert trace.sample.tolist() == [0] * 5 + [1] * 5
    assert trace.cycle.tolist() == [0, 5, 10, 15, 20] * 2
    assert set(trace.unit.tolist()) == {list(Unit).index(Unit.SEQUENCER)}
    assert {hex(word) for word in trace.word.tolist()} == {"0xfedcba9876543210"}
    assert trace.pc.tolist() == [0, 5, 10, 15, 20] * 2
    assert trace.digest.tolist() == [0xFFFFFFFF - pc for pc in trace.pc.tolist()]


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("unknown_ready", "outputs must be 0 or 1 after reset, but s_axi_arready is X"),
        ("unknown_status", f"register STATUS must be known after reset, not {'X' * 32}"),
        ("deaf", "host port must answer a read after reset, but has not for 1000 cycles"),
        ("refusing", "host port must answer a write to 0x18 with OKAY, not SLVERR"),
        ("sticky_interrupt", "interrupt must be low once it is cleared, but is high"),
    ],
)
def test_a_misbehaving_chip_is_named_with_the_log(make_job, fault: str, sentence: str) -> None:
    with pytest.raises(ToolError) as caught:
        simulate_rtl(make_job(fault=fault))
    first, *log = str(caught.value).splitlines()
    assert first == f"co-simulation of 'nngen_chip' failed: {sentence}"
    assert log[0] == "simulation.log ends:"
    assert any("run_program failed" in line for line in log)


def test_a_program_for_another_architecture_is_refused(make_job, micro) -> None:
    other = "0123456789abcdef" * 4
    with pytest.raises(ProgramError) as caught:
        simulate_rtl(make_job(architecture_sha256=other))
    assert str(caught.value) == (
        f"program was compiled for architecture 01234567…, but the chip is {micro.sha256[:8]}…: build it again"
    )


def test_verilog_that_does_not_compile_is_named_with_the_log(make_job, tmp_path: Path) -> None:
    job = make_job()
    (tmp_path / "broken.v").write_text("module broken; assign x = ;\nendmodule\n", encoding="utf-8")
    with pytest.raises(ToolError) as caught:
        simulate_rtl(replace(job, sources=(*job.sources, tmp_path / "broken.v")))
    first, second, *log = str(caught.value).splitlines()
    assert first == "icarus must compile the Verilog of 'nngen_chip', but failed"
    assert second == "compile.log ends:"
    assert any("broken.v:1: syntax error" in line for line in log)


def test_a_missing_verilog_file_is_named(make_job, tmp_path: Path) -> None:
    missing = tmp_path / "missing.v"
    with pytest.raises(ToolError, match=re.escape(f"Verilog file '{missing}' cannot be read (FileNotFoundError)")):
        simulate_rtl(make_job(sources=(missing,)))


def test_without_icarus_the_message_says_what_to_install(make_job, tmp_path: Path, monkeypatch) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))
    with pytest.raises(ToolError) as caught:
        simulate_rtl(make_job())
    assert str(caught.value) == (
        "co-simulation with icarus needs the program 'iverilog', which is not on PATH: "
        "install it with 'apt-get install iverilog' ('nngen doctor' shows all tools)"
    )


def test_a_loop_in_which_no_time_passes_is_told_from_a_long_run(make_job) -> None:
    with pytest.raises(ToolError) as caught:
        simulate_rtl(make_job(fault="timeless", answer_timeout_s=4))
    assert str(caught.value).splitlines()[0] == (
        "'nngen_chip' must answer the host within 4 s of simulation, but has not: "
        "its Verilog may hold a loop in which no time passes"
    )


def test_time_runs_out(make_job) -> None:
    begin = time.monotonic()
    with pytest.raises(ToolError) as caught:
        simulate_rtl(make_job(fault="endless", cycle_limit=10**9, timeout_s=5))
    assert str(caught.value).splitlines()[0] == "icarus must end within 5 s, but has not: 0 of 2 samples are done"
    assert time.monotonic() - begin < 60


def test_a_simulator_that_breaks_off_is_named(make_job) -> None:
    with pytest.raises(ToolError) as caught:
        simulate_rtl(make_job(fault="finishing"))
    first, *log = str(caught.value).splitlines()
    assert first.startswith("co-simulation of 'nngen_chip' failed: ")
    assert log[0] == "simulation.log ends:"


@pytest.mark.parametrize("suffix", ["fst", "vcd"])
def test_waves_go_where_they_are_wanted(make_job, tmp_path: Path, suffix: str) -> None:
    waves = tmp_path / "two words" / f"waves.{suffix}"
    waves.parent.mkdir()
    simulate_rtl(make_job(waves=waves))
    content = waves.read_bytes()
    assert len(content) > 1000
    assert (b"$scope module nngen_chip $end" in content) == (suffix == "vcd")


def test_a_scratch_folder_keeps_the_compiled_simulation(make_job, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    job = make_job(scratch=scratch)
    simulate_rtl(job)
    (compiled,) = scratch.iterdir()  # and nothing of the run
    made = (compiled / "sim.vvp").stat().st_mtime_ns
    simulate_rtl(job)
    assert list(scratch.iterdir()) == [compiled]
    assert (compiled / "sim.vvp").stat().st_mtime_ns == made


def test_compiled_simulations_are_told_apart(tmp_path: Path) -> None:
    source = tmp_path / "chip.v"
    source.write_text("module chip; endmodule\n", encoding="utf-8")
    first = fingerprint("icarus", "chip", [source], waves=False)
    assert fingerprint("icarus", "chip", [source], waves=False) == first
    assert fingerprint("icarus", "chip", [source], waves=True) != first
    assert fingerprint("icarus", "other", [source], waves=False) != first
    source.write_text("module chip; wire x; endmodule\n", encoding="utf-8")
    assert fingerprint("icarus", "chip", [source], waves=False) != first


def test_what_a_failed_run_left_is_kept(make_job, tmp_path: Path) -> None:
    scratch, waves = tmp_path / "scratch", tmp_path / "waves.vcd"
    with pytest.raises(ToolError, match="sample 0 must end within 2000 cycles, but runs on"):
        simulate_rtl(make_job(fault="endless", scratch=scratch, waves=waves, seed=1234))
    assert waves.stat().st_size > 1000
    (run,) = scratch.glob("run-*")
    log = (run / "simulation.log").read_text(encoding="utf-8")
    assert "seed 1234" in log
    assert "DeprecationWarning" not in log  # of cocotbext-axi


def test_the_environment_of_the_caller_does_not_matter(make_job, monkeypatch) -> None:
    monkeypatch.setenv("COCOTB_TEST_MODULES", "nonsense")
    monkeypatch.setenv("COCOTB_TEST_FILTER", "nonsense")
    monkeypatch.setenv("SIM_CMD_PREFIX", "false")
    monkeypatch.setenv("WAVES", "1")
    simulate_rtl(make_job())


CALLER = """
import pickle, sys
from nngen.sim.cosim import simulate_rtl
with open(sys.argv[1], "rb") as file:
    simulate_rtl(pickle.load(file))
"""


def test_a_killed_caller_takes_the_simulator_along(make_job, tmp_path: Path) -> None:
    job = make_job(fault="endless", cycle_limit=10**9, timeout_s=600, scratch=tmp_path / "scratch")
    pickled = tmp_path / "job.pickle"
    pickled.write_bytes(pickle.dumps(job))
    caller = subprocess.Popen([sys.executable, "-c", CALLER, str(pickled)])
    deadline = time.monotonic() + 60
    while not (logs := list(job.scratch.glob("run-*/progress"))) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert logs
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    while simulating(job.scratch) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not simulating(job.scratch)


def simulating(scratch: Path) -> bool:
    """Whether a process is alive that was started for this folder."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if os.fsencode(scratch) in command and b"vvp" in command:
                return True
    return False


def test_nothing_of_cocotb_is_imported_outside_the_simulator() -> None:
    """It is slow to import, and what it does to the process is not wanted there."""
    check = "import sys, nngen.sim.cosim; sys.exit('cocotb' in sys.modules or 'cocotb_tools' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_jobs_that_make_no_sense_are_refused_before_anything_runs(make_job, tmp_path: Path) -> None:
    job = make_job()
    cases = [
        (replace(job, inputs={}), "inputs of a co-simulation must name at least one tensor"),
        (
            replace(job, inputs={"in": np.zeros((2, 4, 8), np.int64)}),
            "codes of tensor 'in' must have shape (2, 2, 4, 8) with samples > 0, not (2, 4, 8)",
        ),
        (
            replace(job, inputs={"in": np.zeros((0, 2, 4, 8), np.int64)}),
            "codes of tensor 'in' must have shape (0, 2, 4, 8) with samples > 0, not (0, 2, 4, 8)",
        ),
        (replace(job, waves=tmp_path / "waves.txt"), "waves file must end in .fst or .vcd, not 'waves.txt'"),
        (
            replace(job, waves=tmp_path / "no" / "waves.fst"),
            f"folder of the waves file must exist, but '{tmp_path / 'no'}' does not",
        ),
    ]
    for wrong, sentence in cases:
        with pytest.raises(InputError) as caught:
            simulate_rtl(wrong)
        assert str(caught.value) == sentence


def test_a_program_that_does_not_fit_is_refused_before_anything_runs(make_job) -> None:
    job = make_job()
    with pytest.raises(
        ProgramError, match=re.escape("instructions of a program must be at most the core's 256, not 257")
    ):
        simulate_rtl(
            replace(job, programs=(replace(job.programs[0], instructions=job.programs[0].instructions * 257),))
        )
