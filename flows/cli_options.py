"""Arguments and options that several commands share, each described once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .levels import Level

__all__ = [
    "BuildFolder",
    "Cells",
    "Explain",
    "InputFile",
    "Json",
    "LevelOption",
    "NetworkFile",
    "OptionalInputFile",
    "Part",
    "RtlSimulatorOption",
    "Samples",
    "SimulatorOption",
    "VerilogFolder",
]


class Part(StrEnum):
    """What a build can be limited to."""

    PROGRAM = "program"
    RTL = "rtl"
    SPICE = "spice"


class Simulator(StrEnum):
    """What can run the Verilog of a build."""

    ICARUS = "icarus"
    VERILATOR = "verilator"


INPUTS_HELP = "Samples: a .npz file with one array for each input of the ONNX file, of shape (samples, declared shape)."

NetworkFile = Annotated[Path, typer.Argument(metavar="NET.onnx", help="Quantized network.", show_default=False)]
BuildFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Build directory.", show_default=False)]
InputFile = Annotated[Path, typer.Option("--inputs", metavar="X.npz", help=INPUTS_HELP, show_default=False)]
OptionalInputFile = Annotated[
    Path | None, typer.Option("--inputs", metavar="X.npz", help=INPUTS_HELP, show_default=False)
]
Explain = Annotated[
    bool, typer.Option("--explain", help="List every node that is not supported, with the nearest supported form.")
]
Samples = Annotated[
    int | None, typer.Option("--samples", metavar="N", min=1, help="Take the first N samples.", show_default="all")
]
LevelOption = Annotated[
    Level,
    typer.Option("--level", help="Model: matrix arithmetic, instruction set, or the Verilog in a simulator."),
]
SIMULATOR_HELP = "Where the Verilog runs: Verilator compiles for minutes, once for each chip, and is far faster then."
SimulatorOption = Annotated[Simulator, typer.Option("--simulator", help=SIMULATOR_HELP)]
RtlSimulatorOption = Annotated[
    Simulator | None,
    typer.Option("--simulator", help=f"At level rtl. {SIMULATOR_HELP}", show_default="icarus"),
]
VerilogFolder = Annotated[
    Path | None,
    typer.Option(
        "--rtl",
        metavar="D",
        help="Simulate the Verilog in this folder in place of the build's: a copy of its rtl_sim/, changed.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Cells = Annotated[
    list[Path] | None,
    typer.Option("--cells", metavar="DIR", help="A further folder of circuit cells; may be given several times."),
]
