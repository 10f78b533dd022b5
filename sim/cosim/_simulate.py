"""The process that compiles and simulates: ``python -m nngen.sim.cosim._simulate CONFIG``.

cocotb's runner waits for its simulator without a limit and takes options from the environment. In a process of its own
it can be stopped as a whole, and starts from a clean environment. It ends when its standard input does: with the
process that started it.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from pathlib import Path

from cocotb_tools.check_results import get_results
from cocotb_tools.runner import Runner, get_runner

from ._config import COMPILE_LOG, CONFIG_VARIABLE, REPORT_FILE, SIMULATION_LOG, BenchConfig, read_config

BENCH = "nngen.sim.cosim.bench"
# Exit statuses.
COMPILE_FAILED = 3
BENCH_FAILED = 4


def main(config_path: Path) -> int:
    """Compile unless that was done before, then simulate; return an exit status."""
    config = read_config(config_path)
    runner = get_runner(config.build.simulator)
    try:
        compile_once(runner, config, config_path.parent)
    except RuntimeError:  # the runner raises nothing more precise; the log says why
        return COMPILE_FAILED
    report = simulate(runner, config, config_path)
    return 0 if get_results(report) == (1, 0) else BENCH_FAILED


def compile_once(runner: Runner, config: BenchConfig, folder: Path) -> None:
    """Compile beside the target and rename: whoever finds the folder finds it whole."""
    target = config.build.compiled
    if target.is_dir():
        return
    made = folder / "compiled"
    runner.build(
        sources=config.build.sources,
        hdl_toplevel=config.build.top,
        build_dir=made,
        always=True,
        waves=bool(config.build.waves),
        timescale=("1ns", "1ps"),
        log_file=folder / COMPILE_LOG,
    )
    try:
        made.rename(target)
    except OSError:  # another job was faster
        shutil.rmtree(made)


def simulate(runner: Runner, config: BenchConfig, config_path: Path) -> Path:
    """Run the bench in the simulator and return cocotb's report; the runner does not raise when a test fails."""
    folder, waves = config_path.parent, config.build.waves
    if waves == "vcd":
        os.environ["SIM_CMD_SUFFIX"] = "-vcd"  # the runner asks Icarus for FST; the last option counts
    return runner.test(
        test_module=BENCH,
        hdl_toplevel=config.build.top,
        hdl_toplevel_lang="verilog",
        build_dir=config.build.compiled,
        test_dir=folder,
        seed=config.seed,
        waves=bool(waves),
        plusargs=[f"+dumpfile_path=waves.{waves}"] if waves else [],
        extra_env={CONFIG_VARIABLE: str(config_path)},
        results_xml=str(folder / REPORT_FILE),
        log_file=folder / SIMULATION_LOG,
    )


def end_with_parent() -> None:
    """End this process and its simulator once standard input ends."""
    lifeline = os.dup(sys.stdin.fileno())
    with Path(os.devnull).open() as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())  # the simulator must not read from it

    def watch() -> None:
        os.read(lifeline, 1)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    end_with_parent()
    sys.exit(main(Path(sys.argv[1])))
