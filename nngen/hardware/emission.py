"""All Verilog files of a chip."""

from __future__ import annotations

from nngen.arch import Architecture
from nngen.templating import templates

from ._verilog import convert
from .chip import CHIP_MODULE, Chip
from .crossbar_pins import CROSSBAR_MODULE, crossbar_parameters, crossbar_pins, has_trials
from .memory import MEMORY_MODULE

BEHAVIOURAL_VIEW = f"{CROSSBAR_MODULE}_behavioural.v"
EMPTY_VIEW = f"{CROSSBAR_MODULE}_empty.v"


def emit_rtl(architecture: Architecture, *, retire: bool = False) -> dict[str, str]:
    """Return Verilog text by file name.

    One file a component of ``nngen_chip``, the memory wrapper, and two views of the macro: the behavioural one for
    simulation, the empty one for synthesis. With ``retire`` the units have retire ports (simulation builds).
    """
    modules = convert(Chip(architecture, retire=retire), CHIP_MODULE)
    files = {f"{name}.v": text for name, text in modules.items()}
    environment = templates("verilog")
    files[f"{MEMORY_MODULE}.v"] = environment.get_template(f"{MEMORY_MODULE}.v").render()
    values = {
        "module": CROSSBAR_MODULE,
        "pins": crossbar_pins(architecture.core),
        "parameters": crossbar_parameters(architecture.core),
        "has_trials": has_trials(architecture.core),
    }
    files[BEHAVIOURAL_VIEW] = environment.get_template("crossbar_behavioural.v.j2").render(values)
    files[EMPTY_VIEW] = environment.get_template("crossbar_empty.v.j2").render(values)
    return files


def simulation_files(files: dict[str, str]) -> list[str]:
    """Return the names of the files a simulator needs."""
    return sorted(name for name in files if name != EMPTY_VIEW)


def synthesis_files(files: dict[str, str]) -> list[str]:
    """Return the names of the files a synthesizer needs."""
    return sorted(name for name in files if name != BEHAVIOURAL_VIEW)
