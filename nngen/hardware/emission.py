"""All Verilog files of a chip."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.sandbox import SandboxedEnvironment

from nngen.arch import Architecture

from ._verilog import convert
from .chip import CHIP_MODULE, Chip
from .crossbar_pins import CROSSBAR_MODULE, crossbar_parameters, crossbar_pins, has_trials
from .memory import MEMORY_MODULE

# templates/ is installed as nngen.templates; in a checkout it stands beside nngen/.
_INSTALLED = Path(__file__).resolve().parents[1] / "templates"
TEMPLATES = _INSTALLED if _INSTALLED.is_dir() else Path(__file__).resolve().parents[2] / "templates"
BEHAVIOURAL_VIEW = f"{CROSSBAR_MODULE}_behavioural.v"
EMPTY_VIEW = f"{CROSSBAR_MODULE}_empty.v"


def emit_rtl(architecture: Architecture, *, retire: bool = False) -> dict[str, str]:
    """Return Verilog text by file name.

    One file a component of ``nngen_chip``, the memory wrapper, and two views of the macro: the behavioural one for
    simulation, the empty one for synthesis. With ``retire`` the units have retire ports (simulation builds).
    """
    modules = convert(Chip(architecture, retire=retire), CHIP_MODULE)
    files = {f"{name}.v": text for name, text in modules.items()}
    environment = _environment()
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


def _environment() -> Environment:
    return SandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / "verilog"), undefined=StrictUndefined, keep_trailing_newline=True
    )
