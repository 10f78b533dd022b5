"""Reads Verilog views of cells, which come from outside and which Icarus runs: they compute, and do nothing else.

A view may call functions of numbers only. All other system tasks could write files, and directives open others or put
such a task together from pieces.
"""

from __future__ import annotations

import re
from pathlib import Path

from nngen.errors import CellError

from ._views import VERILOG_SUFFIX, read_text, verilog_view

LARGEST_VERILOG = 1 << 20  # bytes
FUNCTIONS = frozenset(
    (
        *("signed", "unsigned", "clog2", "bits", "rtoi", "itor", "time", "realtime"),
        *("floor", "ceil", "pow", "sqrt", "ln", "log10", "exp", "abs", "min", "max"),
    )
)
DIRECTIVES = frozenset(("timescale", "default_nettype", "resetall"))
_CALL = re.compile(r"\$([A-Za-z0-9_$]*)")
_DIRECTIVE = re.compile(r"`([A-Za-z0-9_]*)")


def read_verilog(folder: Path) -> str:
    """Return the text of the Verilog view of the cell in ``folder``.

    Raises
    ------
    CellError
        There is none, or it is none that may be run: names the file, the line, and what must not stand there.
    """
    path = verilog_view(folder)
    file = f"{folder.name}{VERILOG_SUFFIX}"
    if path is None:
        raise CellError(f"cell '{folder.name}' must have a Verilog view, the file {file}")
    where = f"cell '{folder.name}': {file}"
    text = read_text(path, where=where, largest=LARGEST_VERILOG)
    _check(text, where=where)
    return text


def _check(text: str, *, where: str) -> None:
    for number, line in enumerate(text.split("\n"), start=1):
        for pattern, known, what in ((_CALL, FUNCTIONS, "system functions"), (_DIRECTIVE, DIRECTIVES, "directives")):
            for found in pattern.finditer(line):
                if found[1] not in known:
                    mark = found[0][0]
                    allowed = " ".join(f"{mark}{name}" for name in sorted(known))
                    raise CellError(
                        f"{where}, line {number}: {what} must be some of {allowed}, not {found[0][:40]!a}: a view of a "
                        "cell must not reach files"
                    )
