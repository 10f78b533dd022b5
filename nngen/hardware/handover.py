"""What goes along with the Verilog to whoever takes it further: list of files, timing constraints, waivers of a linter.

All of it follows from the Verilog and the architecture, whatever modules that has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from nngen.arch import Architecture
from nngen.templating import templates

from .chip import CHIP_MODULE
from .crossbar_pins import CROSSBAR_MODULE
from .emission import BEHAVIOURAL_VIEW, EMPTY_VIEW, synthesis_files
from .memory import MEMORY_MODULE

FILE_LIST = "files.f"
CONSTRAINTS = f"{CHIP_MODULE}.sdc"
LINT_WAIVERS = "lint.vlt"

_MEMORY = re.compile(rf"^  {MEMORY_MODULE} #\((.*?)\) \\?(\S+)\s+\($", re.MULTILINE | re.DOTALL)
_PORT = re.compile(r"^  (input|output) (?:\[\d+:0\] )?(\w+);$", re.MULTILINE)
_PARAMETER = re.compile(r"\.(\w+)\(32'd(\d+)\)")


def handover_files(architecture: Architecture, files: Mapping[str, str]) -> dict[str, str]:
    """Return text by file name.

    Parameters
    ----------
    architecture
        Of the chip.
    files
        Its Verilog, as :func:`emit_rtl` returns it.
    """
    environment = templates("handover")
    inputs, outputs = _ports(files[f"{CHIP_MODULE}.v"])
    macro = architecture.core.macro
    return {
        FILE_LIST: environment.get_template("files.f.j2").render(
            top=CHIP_MODULE,
            constraints=CONSTRAINTS,
            waivers=LINT_WAIVERS,
            behavioural=BEHAVIOURAL_VIEW,
            empty=EMPTY_VIEW,
            memory_file=f"{MEMORY_MODULE}.v",
            files=synthesis_files(dict(files)),
            memories=_memories(files),
            macros=architecture.core.macros,
        ),
        CONSTRAINTS: environment.get_template("nngen_chip.sdc.j2").render(
            top=CHIP_MODULE,
            architecture=architecture.name,
            clock_mhz=f"{architecture.clock_hz / 1e6:g}",
            period_ns=f"{1e9 / architecture.clock_hz:.6g}",
            inputs=inputs,
            outputs=outputs,
            macro=CROSSBAR_MODULE,
            sample_cycles=macro.sample_cycles,
        ),
        LINT_WAIVERS: environment.get_template(LINT_WAIVERS).render(),
    }


def _ports(top: str) -> tuple[list[str], list[str]]:
    """Return the inputs of the module that a text begins with, the clock left out, and its outputs."""
    found = _PORT.findall(top.split("endmodule", 1)[0])
    inputs = [name for direction, name in found if direction == "input" and name != "clk"]
    return inputs, [name for direction, name in found if direction == "output"]


def _memories(files: Mapping[str, str]) -> list[str]:
    """Return the size of every memory with its names: those of one module once, however often that is placed."""
    names: dict[tuple[int, int, int], list[str]] = {}
    for file, text in sorted(files.items()):
        for parameters, instance in _MEMORY.findall(text):
            sizes = {name: int(number) for name, number in _PARAMETER.findall(parameters)}
            key = (sizes["DEPTH"], sizes["WIDTH"], sizes["GRANULARITY"])
            names.setdefault(key, []).append(f"{file.removesuffix('.v')}/{instance}")
    return [
        f"{depth} x {width} / {lane}: {', '.join(places)}" for (depth, width, lane), places in sorted(names.items())
    ]
