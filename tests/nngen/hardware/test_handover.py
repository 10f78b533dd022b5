"""What goes along with the Verilog: it is derived, complete, and holds up in the tools it is written for."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from nngen.arch import Architecture, read_architecture
from nngen.hardware import (
    BEHAVIOURAL_VIEW,
    CONSTRAINTS,
    EMPTY_VIEW,
    FILE_LIST,
    LINT_WAIVERS,
    emit_rtl,
    handover_files,
)
from nngen.sim.cosim.scripted._verilator import find_verilator


@pytest.fixture(scope="module")
def handover(micro: Architecture, micro_files: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder rtl/ of a build for `micro`."""
    folder = tmp_path_factory.mktemp("handover")
    for name, text in (micro_files | handover_files(micro, micro_files)).items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def listed(folder: Path) -> list[str]:
    lines = (folder / FILE_LIST).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("//")]


def test_every_file_that_synthesis_needs_is_listed(handover: Path) -> None:
    assert sorted(listed(handover)) == sorted(p.name for p in handover.glob("*.v") if p.name != BEHAVIOURAL_VIEW)


NEW_UNIT = r"""module nngen_new_unit(clk);
  input clk;
  nngen_memory #(
    .ADDRESS_BITS(32'd7),
    .DEPTH(32'd100),
    .GRANULARITY(32'd12),
    .WIDTH(32'd24)
  ) \table  (
    .clk(clk)
  );
endmodule
"""


def test_a_module_that_is_new_is_listed_and_its_memory_named(micro: Architecture, micro_files: dict[str, str]) -> None:
    text = handover_files(micro, micro_files | {"nngen_new_unit.v": NEW_UNIT})[FILE_LIST]
    assert "\nnngen_new_unit.v\n" in text
    assert "\n//   100 x 24 / 12: nngen_new_unit/table\n" in text


def test_every_memory_is_named(micro_files: dict[str, str], handover: Path) -> None:
    instances = sum(text.count("nngen_memory #(") for name, text in micro_files.items() if name != "nngen_memory.v")
    text = (handover / FILE_LIST).read_text(encoding="utf-8")
    places = [
        line.split(": ")[1].split(", ") for line in text.splitlines() if re.match(r"//   \d+ x \d+ / \d+: ", line)
    ]
    assert sum(map(len, places)) == instances


# ---------------------------------------------------------------- constraints

# Enough of a timing tool: it knows the ports, and says which constraint reaches which.
TOOL = """
set ports {%s}
proc get_ports names {
  foreach name $names { if {[lsearch -exact $::ports $name] < 0} { error "no port $name" } }
  return $names
}
proc get_clocks name { return $name }
proc create_clock args { puts "clock [lindex $args 1] [lindex $args 3] [lindex $args 4]" }
proc set_clock_uncertainty {value clock} { puts "uncertainty $value $clock" }
proc set_input_delay {value -clock clock names} { foreach name $names { puts "input $name $value" } }
proc set_output_delay {value -clock clock names} { foreach name $names { puts "output $name $value" } }
source %s
"""


@pytest.mark.skipif(shutil.which("tclsh") is None, reason="a Tcl interpreter reads the constraints")
def test_the_constraints_reach_every_port(micro: Architecture, micro_files: dict[str, str], handover: Path) -> None:
    top = micro_files["nngen_chip.v"].split("endmodule")[0]
    found = re.findall(r"^  (input|output) (?:\[\d+:0\] )?(\w+);$", top, re.MULTILINE)
    ports = {name: direction for direction, name in found}
    script = TOOL % (" ".join(ports), handover / CONSTRAINTS)
    done = subprocess.run(["tclsh"], input=script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    period = 1e9 / micro.clock_hz
    lines = done.stdout.splitlines()
    assert lines[:2] == [f"clock clk {period:g} clk", f"uncertainty {0.05 * period:g} clk"]
    assert sorted(lines[2:]) == sorted(
        f"{direction} {name} {0.3 * period:.1f}" for name, direction in ports.items() if name != "clk"
    )


def test_the_period_is_that_of_the_architecture_file(repository: Path, micro_files: dict[str, str]) -> None:
    edge = read_architecture(repository / "flows/architectures/edge.toml")
    text = handover_files(edge, micro_files)[CONSTRAINTS]
    assert "\nset period 5\n" in text
    assert "architecture 'edge'" in text


# ---------------------------------------------------------------- tools


def lint(folder: Path, *sources: str) -> subprocess.CompletedProcess[str]:
    verilator = find_verilator()
    command = [verilator.program, "--lint-only", "-Wall", "--top-module", "nngen_chip", *sources]
    return subprocess.run(
        command, cwd=folder, env=verilator.environment, capture_output=True, text=True, check=False
    )  # fmt: skip


@pytest.mark.parametrize("retire", [False, True])
def test_verilator_finds_nothing_but_what_is_waived(
    micro: Architecture, handover: Path, retire: bool, tmp_path: Path
) -> None:
    folder = handover
    if retire:
        folder = tmp_path
        files = emit_rtl(micro, retire=True)
        for name, text in (files | handover_files(micro, files)).items():
            (folder / name).write_text(text, encoding="utf-8")
    done = lint(folder, LINT_WAIVERS, "-f", FILE_LIST)
    assert done.returncode == 0, done.stdout + done.stderr
    behavioural = [name if name != EMPTY_VIEW else BEHAVIOURAL_VIEW for name in listed(folder)]
    done = lint(folder, LINT_WAIVERS, *behavioural)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "warning"),
    [
        (r"  assign interrupt = ([^;]*);", r"  assign interrupt = interrupt ^ (\1);", "UNOPTFLAT"),
        (r"endmodule", r"  wire loose; wire seen = loose;\nendmodule", "UNDRIVEN"),
    ],
)
def test_the_waivers_leave_what_matters(handover: Path, tmp_path: Path, old: str, new: str, warning: str) -> None:
    shutil.copytree(handover, tmp_path / "rtl")
    top = tmp_path / "rtl" / "nngen_chip.v"
    top.write_text(re.sub(old, new, top.read_text(encoding="utf-8"), count=1), encoding="utf-8")
    done = lint(tmp_path / "rtl", LINT_WAIVERS, "-f", FILE_LIST)
    assert done.returncode != 0
    assert f"%Warning-{warning}: nngen_chip.v" in done.stdout + done.stderr


def test_every_waiver_has_a_reason(handover: Path) -> None:
    """A comment stands above each, or above the one before."""
    previous = ""
    for line in (handover / LINT_WAIVERS).read_text(encoding="utf-8").splitlines()[1:]:
        assert line.startswith(("// ", "lint_off -rule "))
        assert not line.startswith("lint_off") or previous.startswith(("// ", "lint_off"))
        previous = line


def test_icarus_takes_the_list(handover: Path, tmp_path: Path) -> None:
    command = ["iverilog", "-g2012", "-Wall", "-s", "nngen_chip", "-o", str(tmp_path / "a.vvp"), "-f", FILE_LIST]
    done = subprocess.run(command, cwd=handover, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_yosys_synthesizes_the_list_without_warnings_that_matter(handover: Path) -> None:
    commands = (
        f"read_verilog -sv {' '.join(listed(handover))}",
        "hierarchy -check -top nngen_chip",
        *("proc", "opt_clean", "check -assert", "memory -nomap", "opt -fast"),
        "select -assert-none t:$dlatch t:$adlatch t:$sr",
    )
    script = "; ".join(commands)
    done = subprocess.run(["yosys", "-p", script], cwd=handover, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # That case statements are marked parallel in comments is all that it says.
    lines = done.stdout.splitlines()
    warnings = [line for line in lines if line.startswith("Warning:") and "`parallel_case' comment" not in line]
    assert warnings == []
