"""The example of docs/netlist.md: it is written, read back, and ngspice sees it decide."""

import re
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest

from nngen.netlist import Netlist, check, format_ngspice, read_netlist, write_pieces
from tests.tools import needs_ngspice

from .story import blocks, checkout, run_commands


@pytest.fixture(scope="module")
def bench(repository: Path) -> Callable[[float], Netlist]:
    example = runpy.run_path(str(repository / "docs" / "examples" / "netlist" / "sense_amplifier.py"))
    return cast("Callable[[float], Netlist]", example["bench"])


def measured(printed: str) -> dict[str, float]:
    """Results of `.measure`, by name."""
    return {name: float(value) for name, value in re.findall(r"^(\w+) += +([-+.e0-9]+)$", printed, re.MULTILINE)}


def test_the_example_is_sound_and_reads_back(bench: Callable[[float], Netlist], tmp_path: Path) -> None:
    netlist = bench(0.02)
    check(netlist)
    write_pieces(format_ngspice(netlist), tmp_path / "sense_amplifier.sp")
    assert read_netlist(tmp_path / "sense_amplifier.sp") == netlist


@needs_ngspice
def test_the_commands_of_the_page_decide(repository: Path, tmp_path: Path) -> None:
    root = checkout(repository, tmp_path / "root")
    write, simulate = blocks(repository / "docs" / "netlist.md")
    run_commands(write, root)
    outputs = measured(run_commands(simulate, root))
    assert outputs["out_p"] > 1.7
    assert outputs["out_n"] < 0.1


@needs_ngspice
def test_the_other_sign_decides_the_other_way(
    bench: Callable[[float], Netlist], repository: Path, tmp_path: Path
) -> None:
    write_pieces(format_ngspice(bench(-0.02)), tmp_path / "sense_amplifier.sp")
    outputs = measured(run_commands(blocks(repository / "docs" / "netlist.md")[1], tmp_path))
    assert outputs["out_p"] < 0.1
    assert outputs["out_n"] > 1.7


@needs_ngspice
def test_the_operating_point_is_reset(bench: Callable[[float], Netlist], tmp_path: Path) -> None:
    write_pieces(format_ngspice(bench(0.02)), tmp_path / "sense_amplifier.sp")
    deck = "* deck\n.include sense_amplifier.sp\n.op\n.end\n"
    printed = run_commands(f"printf '{deck}' > deck.cir && ngspice -b deck.cir", tmp_path)
    outputs = {name: float(value) for name, value in re.findall(r"^\s*(out_[pn])\s+(\S+)$", printed, re.MULTILINE)}
    assert outputs == {"out_p": pytest.approx(1.8, abs=1e-3), "out_n": pytest.approx(1.8, abs=1e-3)}
