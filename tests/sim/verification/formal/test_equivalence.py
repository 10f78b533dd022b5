"""Deliverable and simulation build are the same circuit, and a difference planted in one of them is seen."""

import shutil
import stat
from pathlib import Path

import pytest

from nngen.arch import Architecture, read_architecture
from nngen.errors import ToolError
from nngen.hardware import MEMORY_MODULE, emit_rtl
from nngen.sim.verification.faults import HARDWARE_FAULTS, faulty_rtl
from nngen.sim.verification.formal._equivalence import (
    Equivalence,
    compare_builds,
    prove_equal_without_retire_ports,
)

FAULTS = {fault.name: fault for fault in HARDWARE_FAULTS}


@pytest.fixture(scope="module")
def micro(repository: Path) -> Architecture:
    return read_architecture(repository / "flows/architectures/micro.toml")


@pytest.fixture(scope="module")
def deliverable(micro: Architecture) -> dict[str, str]:
    return emit_rtl(micro)


@pytest.fixture(scope="module")
def simulation(micro: Architecture) -> dict[str, str]:
    return emit_rtl(micro, retire=True)


@pytest.mark.parametrize("name", ["micro", "odd"])
def test_builds_are_the_same_circuit(repository: Path, name: str) -> None:
    verdict = prove_equal_without_retire_ports(read_architecture(repository / f"flows/architectures/{name}.toml"))
    assert verdict == Equivalence()
    assert verdict.holds


def test_logic_that_differs_is_named(micro: Architecture, deliverable: dict[str, str]) -> None:
    verdict = compare_builds(deliverable, faulty_rtl(micro, FAULTS["wrong rounding at a tie"]))
    (differing,) = verdict.differing
    assert differing.startswith("node.core.post.requantizer.")
    assert differing.endswith(".register.next")
    assert not verdict.unmatched
    assert not verdict.holds


def test_every_bit_of_a_memory_counts(micro: Architecture, deliverable: dict[str, str]) -> None:
    """The pitfall: a black box keeps the widths its module was declared with, and what is wider is not compared."""
    verdict = compare_builds(deliverable, faulty_rtl(micro, FAULTS["accumulator's top bit"]))
    memory = r"node.core.tile{}.accumulators1.write_data[{}]"
    top = micro.core.accumulator_bits - 1
    assert verdict == Equivalence(differing=(memory.format(0, top), memory.format(1, top)))


def replaced(files: dict[str, str], name: str, old: str, new: str) -> dict[str, str]:
    assert old in files[name]
    return files | {name: files[name].replace(old, new, 1)}


def test_initial_value_that_differs_is_named(deliverable: dict[str, str], simulation: dict[str, str]) -> None:
    faulty = replaced(simulation, "nngen_core.v", "reg [1:0] level = 2'h0;", "reg [1:0] level = 2'h2;")
    verdict = compare_builds(deliverable, faulty)
    assert verdict == Equivalence(unmatched=("node.core.load_queue.level[1].register",))
    assert not verdict.holds


def test_memory_that_differs_inside_is_named(deliverable: dict[str, str], simulation: dict[str, str]) -> None:
    file = f"{MEMORY_MODULE}.v"
    faulty = replaced(simulation, file, "storage[read_address]", "~storage[read_address]")
    assert compare_builds(deliverable, faulty) == Equivalence(unmatched=(file,))


def test_other_gates_with_the_same_outputs_are_the_same_circuit(
    deliverable: dict[str, str], simulation: dict[str, str]
) -> None:
    other = replaced(simulation, "nngen_core.v", "= push & ready;", "= ~(~push | ~ready);")
    assert compare_builds(deliverable, other) == Equivalence()


def script(folder: Path, *lines: str) -> Path:
    path = folder / "yosys"
    path.write_text("\n".join(("#!/bin/sh", *lines)) + "\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_program_that_breaks_off_is_an_error_with_its_log(deliverable: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        compare_builds(deliverable, deliverable, yosys=script(tmp_path, "echo something", "echo went wrong", "exit 1"))
    assert str(caught.value) == (
        "yosys must finish the comparison of builds (deliverable), but broke off:\nsomething\nwent wrong"
    )


def test_program_that_writes_nothing_is_an_error(deliverable: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        compare_builds(deliverable, deliverable, yosys=script(tmp_path, "exit 0"))
    assert str(caught.value) == (
        "yosys must finish the comparison of builds (deliverable), but broke off; its log is empty"
    )


def test_program_that_does_not_end_is_ended(deliverable: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        compare_builds(deliverable, deliverable, yosys=script(tmp_path, "exec sleep 600"), limit_s=0.2)
    assert str(caught.value) == (
        "yosys must finish the comparison of builds (deliverable) within 0.2 s, but has not; its log is empty"
    )


def test_missing_program_is_named_with_what_brings_it(
    deliverable: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda program: None)
    with pytest.raises(ToolError) as caught:
        compare_builds(deliverable, deliverable)
    assert str(caught.value) == (
        "the comparison of builds needs the program 'yosys', which is not on PATH: "
        "install it with 'apt-get install yosys'"
    )
