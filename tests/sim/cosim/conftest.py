"""A chip that is none, a program for it, and jobs that run it."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture, read_architecture
from nngen.host import register_map
from nngen.ir import CoreProgram, Region, Tensor
from nngen.isa import Unit, instruction
from nngen.sim.cosim import RtlJob

HERE = Path(__file__).parent
SPAN = 64  # bytes the stub complements: from the start of activation memory to behind them
RUN_CYCLES = 25


@pytest.fixture(scope="session")
def micro(repository: Path) -> Architecture:
    return read_architecture(repository / "flows" / "architectures" / "micro.toml")


def stub_verilog(architecture: Architecture, *, fault: str = "", retire: bool = False) -> str:
    """Fill the stub in. With ``retire`` its sequencer retires an instruction in every fifth cycle of a run."""
    layout = register_map(architecture.core)
    values = {
        "ADDRESS_BITS": str(layout.address_bits),
        "ARCHITECTURE_HASH": architecture.sha256[:8],
        "FAULT": fault,
        "RETIRE_PORTS": "output wire unused",
        "RETIRE_LOGIC": "assign unused = 0;",
        **{item.name: str(item.address) for item in (*layout.registers, *layout.windows)},
    }
    if retire:
        ports = {"valid": "", "word": "[63:0]", "pc": "[15:0]", "state": "[5:0]", "digest": "[31:0]"}
        names = [(f"retire_{unit}_{port}", width) for unit in Unit for port, width in ports.items()]
        logic = dict.fromkeys((name for name, _ in names), "0") | {
            "retire_sequencer_valid": "running & (cycles % 5 == 0)",
            "retire_sequencer_word": "64'hFEDCBA9876543210",
            "retire_sequencer_pc": "cycles[15:0]",
            "retire_sequencer_digest": "~cycles",
        }
        outputs = [f"output wire {width} {name}" for name, width in names]
        values["RETIRE_PORTS"] = ", ".join(["input wire [31:0] stall_seed", *outputs])
        values["RETIRE_LOGIC"] = "\n    ".join(f"assign {name} = {value};" for name, value in logic.items())
    template = (HERE / "stub_chip.v").read_text(encoding="utf-8")
    return re.sub(r"@(\w+)@", lambda found: values[found[1]], template)


def vector(name: str) -> Tensor:
    return Tensor(name=name, shape=(2, 4, 8), bits=8, signed=True, zero_point=0, lowest=-128, highest=127)


def region(name: str, address: int) -> Region:
    return Region(tensor=name, address=address, size=SPAN, pitch=32, pixel_bytes=8, halo=(0, 0, 0, 0), fill=0)


MakeJob = Callable[..., RtlJob]


@pytest.fixture
def make_job(micro: Architecture, tmp_path: Path) -> MakeJob:
    """Jobs for the stub; keywords of RtlJob, and of the stub."""

    def make(*, fault: str = "", retire: bool = False, samples: int = 2, **options: object) -> RtlJob:
        source = tmp_path / "chip.v"
        source.write_text(stub_verilog(micro, fault=fault, retire=retire), encoding="utf-8")
        core = micro.core
        random = np.random.default_rng(3)
        program = CoreProgram(
            core=0,
            instructions=(instruction("HALT"),),
            layer_starts=(),
            records=(),
            cells=random.integers(0, 4, (core.macros, core.macro.rows, core.macro.columns)),
        )
        settings: dict[str, object] = {
            "sources": (source,),
            "cores": (core,),
            "architecture_sha256": micro.sha256,
            "programs": (program,),
            "inputs": {"in": random.integers(-128, 128, (samples, 2, 4, 8))},
            "outputs": ("out",),
            "tensors": {"in": vector("in"), "out": vector("out")},
            "regions": {"in": {0: region("in", 0)}, "out": {0: region("out", SPAN)}},
            "cycle_limit": 2000,
            "timeout_s": 120,
        }
        return RtlJob(**{**settings, **options})  # type: ignore[arg-type]

    return make
