"""The example of docs/handover.md: it computes the same, and every tool takes it."""

import random
import re
import subprocess
from pathlib import Path

import pytest

from nngen.arch import read_architecture
from nngen.hardware import FILE_LIST, LINT_WAIVERS, emit_rtl, handover_files
from nngen.hardware.crossbar_pins import crossbar_pins
from nngen.sim.cosim.scripted._verilator import find_verilator

from .story import block_with, blocks, checkout, run_commands

MODELS = ("sram_2p_512x32.v", "acme_cim_96x64.v")  # the foundry's; the tools get them as black boxes
REPLACED = ("nngen_memory.v", "nngen_crossbar_empty.v")


@pytest.fixture(scope="session")
def page(repository: Path) -> Path:
    return repository / "docs" / "handover.md"


@pytest.fixture(scope="session")
def example(repository: Path) -> Path:
    return repository / "docs" / "examples" / "handover"


def delivered(repository: Path, chip: str) -> dict[str, str]:
    """What a build has in `rtl/`."""
    architecture = read_architecture(repository / "flows" / "architectures" / f"{chip}.toml")
    files = emit_rtl(architecture)
    return files | handover_files(architecture, files)


@pytest.fixture(scope="module")
def rtl(repository: Path, example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`rtl/` of the chip `digits` with both modules replaced, and the models beside it."""
    folder = tmp_path_factory.mktemp("rtl")
    files = delivered(repository, "digits") | {
        path.name: path.read_text(encoding="utf-8") for path in example.glob("*.v")
    }
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def sources(rtl: Path) -> list[str]:
    listed = [line for line in (rtl / FILE_LIST).read_text().splitlines() if not line.startswith("//")]
    return [*(name for name in listed if name not in REPLACED), "nngen_memory.v", "nngen_crossbar.v"]


def test_the_page_s_commands_end_as_it_says(repository: Path, page: Path, tmp_path: Path) -> None:
    root = checkout(repository, tmp_path / "root")
    printed = run_commands(block_with(page, "nngen verify"), root)
    promised = next(block for block in blocks(page) if block.startswith("golden = ISS"))
    assert promised.strip() in printed


def test_the_tools_take_the_files_as_the_page_says(repository: Path, page: Path, tmp_path: Path) -> None:
    """With the verilator of this environment."""
    for name, text in delivered(repository, "micro").items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    verilator = find_verilator()
    for command in block_with(page, "--lint-only").splitlines():
        words = command.replace("verilator ", f"{verilator.program} ", 1)
        done = subprocess.run(
            ["bash", "-c", words], cwd=tmp_path, env=verilator.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_lint_finds_nothing_but_what_is_waived(rtl: Path) -> None:
    verilator = find_verilator()
    # In the models, which are no part of the design, and of the wrappers.
    unused = ("-Wno-UNUSEDSIGNAL", "-Wno-DECLFILENAME", "-Wno-BLKSEQ", "-Wno-REALCVT", "-Wno-WIDTHEXPAND")
    options = ["--lint-only", "-Wall", *unused, "--top-module", "nngen_chip", LINT_WAIVERS]
    command = [verilator.program, *options, *sources(rtl), *MODELS]
    done = subprocess.run(
        command, cwd=rtl, env=verilator.environment, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_yosys_finds_the_hierarchy_whole(rtl: Path) -> None:
    for model in MODELS:
        head = (rtl / model).read_text(encoding="utf-8").split(");\n", 1)[0]
        (rtl / f"{model}.empty").write_text(f"(* blackbox *)\n{head});\nendmodule\n", encoding="utf-8")
    commands = (
        f"read_verilog -sv {' '.join(sources(rtl))}",
        *(f"read_verilog -sv {model}.empty" for model in MODELS),
        "hierarchy -check -top nngen_chip",
        *("proc", "opt_clean", "check -assert", "flatten"),
        "select -assert-none t:$dlatch t:$adlatch t:$mem_v2",
        "select -assert-count 1 t:acme_cim_96x64",
        "select -assert-min 10 t:sram_2p_512x32",
    )
    script = "; ".join(commands)
    done = subprocess.run(["yosys", "-q", "-p", script], cwd=rtl, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_wrapper_of_the_macro_has_the_ports_of_the_generated_views(repository: Path, example: Path) -> None:
    chip = read_architecture(repository / "flows/architectures/digits.toml")
    text = (example / "nngen_crossbar.v").read_text(encoding="utf-8")
    found = re.findall(r"^  (input|output) wire \[(\d+):0\] (\w+)", text, re.MULTILINE)
    assert found == [(pin.direction, str(pin.width - 1), pin.name) for pin in crossbar_pins(chip.core)]


BENCH = """
module bench;
  reg clk = 0;
  always #5 clk = ~clk;
  reg read_enable = 0;
  reg [{lanes_high}:0] write_enable = 0;
  reg [{address_high}:0] read_address = 0, write_address = 0;
  reg [{width_high}:0] write_data = 0;
  wire [{width_high}:0] expected, found;
  nngen_memory_generated #(.DEPTH({depth}), .WIDTH({width}), .GRANULARITY({lane}), .ADDRESS_BITS({address_bits})) a (
    .clk(clk), .read_enable(read_enable), .read_address(read_address), .read_data(expected),
    .write_enable(write_enable), .write_address(write_address), .write_data(write_data));
  nngen_memory #(.DEPTH({depth}), .WIDTH({width}), .GRANULARITY({lane}), .ADDRESS_BITS({address_bits})) b (
    .clk(clk), .read_enable(read_enable), .read_address(read_address), .read_data(found),
    .write_enable(write_enable), .write_address(write_address), .write_data(write_data));
  integer i, met = 0, seed = {seed};
  initial begin
    for (i = 0; i < {depth}; i = i + 1) begin  // every word once: nothing is unknown then
      @(negedge clk) write_enable = -1; write_address = i; write_data = {{16{{$random(seed)}}}};
    end
    for (i = 0; i < 20000; i = i + 1) begin
      @(negedge clk);
      if (expected !== found && i > 1) begin $display("differ: %h, not %h", found, expected); $finish; end
      read_enable = i == 0 || ($random(seed) & 3) != 0;
      write_enable = $random(seed) & $random(seed);
      read_address = ($random(seed) & 32'h7fffffff) % ({depth} < 8 ? {depth} : ($random(seed) & 1 ? 8 : {depth}));
      write_address = ($random(seed) & 32'h7fffffff) % ({depth} < 8 ? {depth} : ($random(seed) & 1 ? 8 : {depth}));
      write_data = {{16{{$random(seed)}}}};
      met = met + (read_enable && write_enable != 0 && read_address == write_address);
    end
    $display("equal, met %0d times", met);
    $finish;
  end
endmodule
"""


@pytest.mark.parametrize("sizes", [(16, 48, 48), (32, 64, 8), (64, 128, 32), (1000, 40, 20), (1024, 32, 16), (2, 8, 8)])
def test_the_wrapper_of_the_sram_does_what_the_generated_memory_does(
    repository: Path, example: Path, tmp_path: Path, sizes: tuple[int, int, int]
) -> None:
    depth, width, lane = sizes
    generated = (repository / "templates/verilog/nngen_memory.v").read_text(encoding="utf-8")
    (tmp_path / "generated.v").write_text(generated.replace("module nngen_memory", "module nngen_memory_generated"))
    bits = max(1, (depth - 1).bit_length())
    bench = BENCH.format(
        depth=depth, width=width, lane=lane, address_bits=bits, address_high=bits - 1, width_high=width - 1,
        lanes_high=width // lane - 1, seed=random.Random(depth).getrandbits(30),
    )  # fmt: skip
    (tmp_path / "bench.v").write_text(bench)
    files = [tmp_path / "bench.v", tmp_path / "generated.v", example / "nngen_memory.v", example / "sram_2p_512x32.v"]
    program = str(tmp_path / "bench.vvp")
    subprocess.run(["iverilog", "-g2012", "-o", program, "-s", "bench", *map(str, files)], check=True)
    done = subprocess.run(["vvp", "-n", program], capture_output=True, text=True, check=True)
    found = re.search(r"equal, met (\d+) times", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) > 20
