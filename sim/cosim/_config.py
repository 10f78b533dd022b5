"""The one JSON file that configures a co-simulation, and the names of the files beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nngen.arch import Core
from nngen.ir import Region, Tensor

CONFIG_VARIABLE = "NNGEN_BENCH_CONFIG"  # environment: path of the JSON file

# Files of a run, all in the folder of the configuration.
CONFIG_FILE = "bench.json"
PROGRAM_FILE = "program.npz"  # blocks: addresses, lengths, words
INPUT_FILE = "inputs.npz"  # codes of input i: array `tensor_<i>`, shape (samples, height, width, channels)
RESULT_FILE = "results.npz"  # codes of output i likewise; events, causes, cause_pcs by sample and core
TRACE_FILE = "trace.npz"
PROGRESS_FILE = "progress"  # made once the chip has answered after reset; one byte a finished inference
REPORT_FILE = "report.xml"  # cocotb's verdict
COMPILE_LOG = "compile.log"
SIMULATION_LOG = "simulation.log"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class BuildConfig(_Strict):
    """What the simulator compiles."""

    simulator: Literal["icarus"] = "icarus"
    top: str = "nngen_chip"
    sources: tuple[Path, ...] = Field(description="Verilog files")
    compiled: Path = Field(description="folder of the compiled simulation; made unless it exists")
    waves: Literal["", "fst", "vcd"] = Field(default="", description="format of the waves; none if empty")


class Placement(_Strict):
    """A tensor and where it lives: in which core's memory, and where there."""

    core: int = Field(default=0, ge=0)
    tensor: Tensor
    region: Region


class BenchConfig(_Strict):
    """What the bench does with it."""

    schema_: Literal["nngen/bench/1"] = Field(default="nngen/bench/1", alias="schema")
    build: BuildConfig
    cores: tuple[Core, ...] = Field(min_length=1)
    architecture_sha256: str
    inputs: tuple[tuple[Placement, ...], ...] = Field(description="every place of each")
    outputs: tuple[Placement, ...]
    samples: int = Field(ge=1)
    seed: int = 0
    watchdog: int | None = Field(default=None, ge=0, description="host register WATCHDOG; None leaves its reset value")
    loop_count: int | None = Field(default=None, ge=0, description="host register LOOP_COUNT, likewise")
    cycle_limit: int = Field(ge=1, description="cycles within which every inference and every transfer must end")
    host_traffic: bool = Field(
        default=False,
        description="poll STATUS and read memory at random while the core runs, instead of waiting for the interrupt",
    )
    trace: bool = Field(default=False, description="record the retire ports")
    traced: int = Field(default=0, ge=0, description="of so many samples, from the first")
    stall_seed: int = Field(default=0, ge=0, description="of the stalls of a simulation build, which has `trace`")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def write_config(config: BenchConfig, folder: Path) -> Path:
    """Write the configuration into the folder of a run and return its path."""
    path = folder / CONFIG_FILE
    path.write_text(config.model_dump_json(by_alias=True, indent=2) + "\n", encoding="utf-8")
    return path


def read_config(path: Path) -> BenchConfig:
    """Read a configuration."""
    return BenchConfig.model_validate_json(path.read_bytes())
