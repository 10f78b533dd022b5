"""The emitted Verilog: deterministic, clean for Icarus and yosys, known from time 0 on."""

import re
import subprocess
from pathlib import Path

import pytest

from nngen.arch import Architecture
from nngen.hardware import emit_rtl, simulation_files, synthesis_files


def test_same_architecture_gives_the_same_bytes(micro: Architecture, micro_files: dict[str, str]) -> None:
    assert emit_rtl(micro) == micro_files


def test_no_path_no_source_attribute_and_no_star_block(micro_files: dict[str, str]) -> None:
    emitted = {name: text for name, text in micro_files.items() if "crossbar" not in name}
    for text in emitted.values():
        assert not re.search(r"\.py|\bsrc\b|always_comb|always\s*@\s*\*", text)


def test_icarus_reads_every_file_without_warnings_that_matter(micro_rtl: Path, micro_files: dict[str, str]) -> None:
    sources = [str(micro_rtl / name) for name in simulation_files(micro_files)]
    command = ["iverilog", "-g2012", "-Wall", "-o", str(micro_rtl / "a.vvp"), "-s", "nngen_chip", *sources]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    # The behavioural macro looks at all held values at once, on purpose.
    warnings = [w for w in done.stderr.splitlines() if "is sensitive to all" not in w]
    assert warnings == []


TIME_ZERO = """
module bench;
  reg clk = 0, rst = 1;
  wire awready, wready, bvalid, arready, rvalid, interrupt;
  nngen_chip chip (.clk(clk), .rst(rst), .s_axi_awaddr({bits}'b0), .s_axi_awprot(3'b0), .s_axi_awvalid(1'b0),
    .s_axi_awready(awready), .s_axi_wdata(32'b0), .s_axi_wstrb(4'b0), .s_axi_wvalid(1'b0), .s_axi_wready(wready),
    .s_axi_bresp(), .s_axi_bvalid(bvalid), .s_axi_bready(1'b0), .s_axi_araddr({bits}'b0), .s_axi_arprot(3'b0),
    .s_axi_arvalid(1'b0), .s_axi_arready(arready), .s_axi_rdata(), .s_axi_rresp(), .s_axi_rvalid(rvalid),
    .s_axi_rready(1'b0), .interrupt(interrupt));
  initial begin
    #1 $display("time 0: %b", {{awready, wready, bvalid, arready, rvalid, interrupt}});
    $finish;
  end
endmodule
"""


def test_outputs_are_known_at_time_zero_before_any_clock(micro_rtl: Path, micro_files: dict[str, str]) -> None:
    """The pitfall: combinational blocks that wait for an event leave every handshake unknown, and nothing says so."""
    bits = re.search(r"input \[(\d+):0\] s_axi_awaddr", micro_files["nngen_chip.v"])
    assert bits is not None
    (micro_rtl / "bench.sv").write_text(TIME_ZERO.format(bits=int(bits[1]) + 1))
    sources = [str(micro_rtl / name) for name in simulation_files(micro_files)]
    program = str(micro_rtl / "bench.vvp")
    subprocess.run(
        ["iverilog", "-g2012", "-o", program, "-s", "bench", str(micro_rtl / "bench.sv"), *sources], check=True
    )
    done = subprocess.run(["vvp", "-n", program], capture_output=True, text=True, check=True)
    assert "time 0: 110100" in done.stdout


CHECKS = "check -assert; select -assert-none t:$dlatch t:$adlatch t:$sr t:$dlatchsr"


def _yosys(folder: Path, files: dict[str, str], checks: str) -> subprocess.CompletedProcess[str]:
    # The memory wrapper is a black box here: its contents are the foundry's.
    sources = [name for name in synthesis_files(files) if name != "nngen_memory.v"]
    script = (
        f"read_verilog -sv {' '.join(sources)}; read_verilog -lib nngen_memory.v; hierarchy -check -top nngen_chip; "
        f"proc; flatten; opt_clean; {checks}"
    )
    return subprocess.run(["yosys", "-q", "-p", script], cwd=folder, capture_output=True, text=True, check=False)


def test_no_latch_no_combinational_loop_no_undriven_wire(micro_rtl: Path, micro_files: dict[str, str]) -> None:
    done = _yosys(micro_rtl, micro_files, CHECKS)
    assert done.returncode == 0, done.stdout + done.stderr


LATCH = "  reg held; always @* if (rst) held = clk; (* keep *) wire seen = held;\nendmodule"


@pytest.mark.parametrize("fault", ["loop", "latch"])
def test_the_check_catches_a_planted_fault(micro_files: dict[str, str], tmp_path: Path, fault: str) -> None:
    top = micro_files["nngen_chip.v"]
    if fault == "loop":
        faulty = re.sub(r"  assign interrupt = ([^;]*);", r"  assign interrupt = interrupt ^ (\1);", top, count=1)
    else:
        faulty = top.replace("endmodule", LATCH, 1)
    assert faulty != top
    files = micro_files | {"nngen_chip.v": faulty}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert _yosys(tmp_path, files, CHECKS).returncode != 0
