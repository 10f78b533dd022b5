"""Synthesis: what is read out of yosys, and what becomes of one that is missing, fails, or takes too long."""

import os
import sys
import time
from pathlib import Path

import pytest

from nngen.errors import ToolError
from nngen.flows.synthesis import MemoryArray, synthesize_ice40
from nngen.templating import TEMPLATES

CHIP = """
module nngen_chip (input wire clk, input wire [3:0] a, output reg [3:0] sum, output wire [7:0] data,
                   output wire code);
  always @(posedge clk) sum <= sum + a;
  part part0 (.clk(clk), .a(a), .data(data));
  nngen_crossbar crossbar0 (.clk(clk), .code(code));
endmodule
"""
PART = """
module part (input wire clk, input wire [3:0] a, output wire [7:0] data);
  wire [7:0] first, second, third;
  assign data = first ^ second ^ third;
  nngen_memory #(.DEPTH(32'd10), .WIDTH(8), .GRANULARITY(8), .ADDRESS_BITS(4)) program (
    .clk(clk), .read_enable(1'b1), .read_address(a), .write_enable(a[0]), .write_address(a), .write_data(8'h0),
    .read_data(third));
  nngen_memory #(.DEPTH(16), .WIDTH(8), .GRANULARITY(8), .ADDRESS_BITS(4)) bank0 (
    .clk(clk), .read_enable(a[1]), .read_address(a), .write_enable(a[0]), .write_address(a), .write_data(third),
    .read_data(first));
  nngen_memory #(.DEPTH(16), .WIDTH(8), .GRANULARITY(8), .ADDRESS_BITS(4)) bank1 (
    .clk(clk), .read_enable(a[2]), .read_address(a), .write_enable(a[0]), .write_address(a), .write_data(third),
    .read_data(second));
endmodule
"""
FILES = {
    "nngen_chip.v": CHIP,
    "part.v": PART,
    "nngen_memory.v": (TEMPLATES / "verilog" / "nngen_memory.v").read_text(),
    "nngen_crossbar_empty.v": "(* blackbox *) module nngen_crossbar (input wire clk, output wire code);\nendmodule\n",
}


def write_yosys(folder: Path, body: str) -> None:
    program = folder / "yosys"
    program.write_text(f"#!{sys.executable}\n{body}\n")
    program.chmod(0o755)


def test_cells_and_memories_are_counted() -> None:
    steps: list[str] = []
    made = synthesize_ice40(FILES, progress=steps.append)
    assert made.tool.startswith("Yosys ")
    assert made.flip_flops == 4
    assert made.lut4 >= 1
    assert made.cells == sum(made.kinds.values()) >= made.lut4 + made.flip_flops
    assert made.macros == 1
    assert made.memories == (
        MemoryArray(name="bank", words=16, bits=8, count=2),
        MemoryArray(name="program", words=10, bits=8, count=1),
    )
    assert made.memories[0].all_bits == 256
    assert all(step.startswith("synthesizing with yosys: ") for step in steps)


def test_yosys_must_be_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"^yosys is not installed: apt-get install yosys$"):
        synthesize_ice40(FILES)


def test_what_yosys_says_last_is_in_the_error() -> None:
    files = FILES | {"part.v": PART.replace("endmodule", "")}
    with pytest.raises(ToolError, match=r"^yosys failed: part\.v:\d+: ERROR: syntax error"):
        synthesize_ice40(files)


def test_yosys_is_stopped_where_it_takes_too_long(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "pid"
    write_yosys(tmp_path, f"import os, time; open({str(log)!r}, 'w').write(str(os.getpid())); time.sleep(600)")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    begin = time.monotonic()
    with pytest.raises(ToolError, match=r"^yosys must be done in 2 seconds, and is not; allow it more$"):
        synthesize_ice40(FILES, time_limit=2)
    assert time.monotonic() - begin < 60
    with pytest.raises(ProcessLookupError):
        os.kill(int(log.read_text()), 0)
