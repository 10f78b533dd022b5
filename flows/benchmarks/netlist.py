"""Speed of netlist emission, 1T1R arrays (a transistor and a resistor a cell), beside hdl21; and what ngspice reads."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from nngen.netlist import format_ngspice

from .column_currents import column_currents
from .memory_array import LARGEST_INPUT, FloatArray, all_different, few_levels, switched_bench, transistor_array
from .registry import Row
from .timing import median_seconds

SIDE = 1024
LARGE_SIDE = 2048
SMALL_SIDE = 64
BENCH_SIDE = 512
MILLION = 1e6
MOST_SECONDS_A_MILLION = 0.4  # 2.5 million devices a second
LARGE_SECONDS, LARGE_MEGABYTES = 4.0, 300.0
LEAST_RATIO = 500.0
LARGEST_DIFFERENCE = 1e-6
HDL21_SPEED = 2200.0  # devices a second: design, section 10, on a machine of this kind
HDL21_PYTHON = "NNGEN_HDL21_PYTHON"
"""Names the interpreter of an environment with hdl21; ``make benchmark-netlist`` makes one and sets it."""
TIME_LIMIT = 600.0  # seconds


def measure_netlist() -> Iterator[Row]:
    """Measure arrays in memory, one as a file from a fresh process, hdl21, and ngspice on an emitted file."""
    yield from _speeds()
    yield from _large_file()
    yield from _beside_hdl21()
    yield _difference_in_ngspice()


def _speeds() -> Iterator[Row]:
    kinds = {"16 levels": few_levels(SIDE), "all numbers different": all_different(SIDE)}
    work = {name: partial(_emit, resistance) for name, resistance in kinds.items()}
    for name, seconds in median_seconds(work, repetitions=3).items():
        devices = 2 * SIDE * SIDE
        where = f"{SIDE}x{SIDE} 1T1R, {name}"
        yield Row(figure=f"{where}: speed", measured=devices / seconds / MILLION, unit="M devices/s")
        measured = seconds / devices * MILLION
        yield Row(
            figure=f"{where}: a million devices", measured=measured, unit="s", limit=MOST_SECONDS_A_MILLION, timing=True
        )


def _emit(resistance: FloatArray) -> int:
    """Go from resistances to all pieces of text; return its length."""
    return sum(len(piece) for piece in format_ngspice(transistor_array(resistance)))


def _large_file() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "array.sp"
        command = [sys.executable, "-m", "nngen.flows.benchmarks.emission", str(LARGE_SIDE), str(file)]
        seconds, megabytes = (float(word) for word in _answer(command).split())
        size = file.stat().st_size / 1e6
    devices = 2 * LARGE_SIDE * LARGE_SIDE / MILLION
    where = f"{LARGE_SIDE}x{LARGE_SIDE} 1T1R, {devices:.1f} M devices, {size:.0f} MB"
    yield Row(figure=f"{where}: time", measured=seconds, unit="s", limit=LARGE_SECONDS, timing=True)
    yield Row(figure=f"{where}: peak memory", measured=megabytes, unit="MB", limit=LARGE_MEGABYTES)


def _beside_hdl21() -> Iterator[Row]:
    """Compare with hdl21 on the same array where its interpreter is named, else with its figure of the design."""
    devices = 2 * SMALL_SIDE * SMALL_SIDE
    own = devices / median_seconds({"nngen": partial(_emit, all_different(SMALL_SIDE))})["nngen"]
    interpreter = os.environ.get(HDL21_PYTHON)
    theirs, beside = HDL21_SPEED, "hdl21 by the design's figure; it is not installed (make benchmark-netlist)"
    if interpreter:
        script = str(Path(__file__).with_name("hdl21_array.py"))
        seconds = float(_answer([interpreter, script, str(SMALL_SIDE)]))
        theirs, beside = devices / seconds, "hdl21 beside it"
    where = f"{SMALL_SIDE}x{SMALL_SIDE} 1T1R"
    yield Row(figure=f"{where}: nngen", measured=own, unit="devices/s")
    yield Row(figure=f"{where}: {beside}", measured=theirs, unit="devices/s")
    yield Row(figure="share of hdl21's time", measured=theirs / own, unit="", limit=1 / LEAST_RATIO, timing=True)


def _difference_in_ngspice() -> Row:
    resistance = all_different(BENCH_SIDE)
    inputs = np.random.default_rng(2).uniform(0, LARGEST_INPUT, BENCH_SIDE)
    bench, expected = switched_bench(resistance, inputs)
    with tempfile.TemporaryDirectory() as folder:
        found = column_currents(bench, BENCH_SIDE, Path(folder))
    return Row(
        figure=f"{BENCH_SIDE}x{BENCH_SIDE} in ngspice: column currents against G^T V",
        measured=float(np.abs(found / expected - 1).max()),
        unit="",
        limit=LARGEST_DIFFERENCE,
    )


def _answer(command: list[str]) -> str:
    """Return what a process prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIME_LIMIT).stdout
