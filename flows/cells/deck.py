"""A cell's own deck: the circuit around it, its analyses and measurements, and what these must find."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nngen.arch import CellUse
from nngen.cellib import DECK_SUFFIX, Cell
from nngen.errors import CellError, NetlistError
from nngen.netlist import Netlist, check, format_ngspice, parse_netlist, write_pieces
from nngen.netlist.macro import read_view, render_deck
from nngen.sim.analog.spice import run

__all__ = ["run_deck"]

_DIRECTIVE = re.compile(r"\.(op|dc|tran|ac|measure|meas|options|option|temp|ic|nodeset)\b", re.IGNORECASE)
# Nothing that could run a command or open a file: no quotes but those of expressions, no $, no line ends.
_WORDS = re.compile(r"[A-Za-z0-9_ .,()=+\-*/<>&|?:\[\]'{}#]*")
_OPTIONS = frozenset(
    ("reltol", "abstol", "vntol", "gmin", "method", "gear", "trap", "itl1", "itl4", "chgtol", "maxord")
)


def run_deck(use: CellUse, facts: Mapping[str, float | str | bool], *, pair: bool, time_limit_s: float) -> str:
    """Run the deck of a cell and hold its measurements against what the cell expects; return what was found.

    Parameters
    ----------
    use
        The cell and its parameters.
    facts
        What its templates know beside them.
    pair
        Whether bit lines come in pairs.
    time_limit_s
        Seconds that ngspice may take.

    Raises
    ------
    CellError
        The deck holds what it must not, or a measurement is missing or beyond its limits.
    ToolError
        ngspice is missing, or failed, or took too long.
    """
    cell = use.cell
    view = read_view(use, facts, pair=pair)
    text = render_deck(use, facts)
    assert text is not None
    circuit, directives = _split(cell, text)
    file = f"{cell.name}{DECK_SUFFIX}"
    try:
        around = parse_netlist(circuit, name=file)
        whole = Netlist(
            f"deck of cell {cell.name}",
            (*view.subcircuits, *around.subcircuits),
            contents=around.contents,
            constants=around.constants,
            models=around.models,
        )
        check(whole, measured=True)
    except NetlistError as error:
        raise CellError(f"cell '{cell.name}': {error}") from error
    with tempfile.TemporaryDirectory(prefix="nngen-") as folder:
        deck = Path(folder) / f"{cell.name}.cir"
        write_pieces([*format_ngspice(whole), *(f"{line}\n" for line in directives), ".end\n"], deck)
        measures = run(deck, time_limit_s=time_limit_s).measures
    return _judge(cell, measures)


def _split(cell: Cell, text: str) -> tuple[str, list[str]]:
    """Return the circuit, and the lines that say what is simulated and measured, continuations joined."""
    circuit: list[str] = []
    directives: list[str] = []
    last = circuit
    for line in text.replace("\r\n", "\n").split("\n"):
        if line.startswith("+") and last is directives and directives:
            directives[-1] += f" {line[1:].strip()}"
            circuit.append("*")  # so that the lines that messages name stay the same
            continue
        last = directives if _DIRECTIVE.match(line) else circuit
        if last is directives:
            directives.append(line.strip())
        circuit.append("*" if last is directives else line)
    for line in directives:
        _check_directive(cell, line)
    return "\n".join(circuit), directives


def _check_directive(cell: Cell, line: str) -> None:
    where = f"cell '{cell.name}': {cell.name}{DECK_SUFFIX}"
    if not _WORDS.fullmatch(line):
        raise CellError(
            f"{where} must have words, numbers and operators in '{line.split(maxsplit=1)[0]}', not {line[:80]!a}"
        )
    if line.lower().startswith(".option"):
        for name in re.findall(r"([a-z0-9_]+)(?:\s*=\s*\S+)?", line.lower().partition(" ")[2]):
            if name not in _OPTIONS:
                raise CellError(f"{where} must have options of {', '.join(sorted(_OPTIONS))} only, not '{name}'")


def _judge(cell: Cell, measures: Mapping[str, float]) -> str:
    """Return what was found, or raise where it is not what the cell expects."""
    if not cell.expectations:
        raise CellError(f"cell '{cell.name}': expectations must say what the measurements of its deck must find")
    for expected in cell.expectations:
        found = measures.get(expected.measure)
        if found is None:
            known = ", ".join(measures) or "none"
            raise CellError(
                f"cell '{cell.name}': its deck must measure '{expected.measure}'; what it measured: {known}"
            )
        if not expected.lowest <= found <= expected.highest:
            raise CellError(
                f"cell '{cell.name}': {expected.measure} must be {expected.lowest:g} to {expected.highest:g} "
                f"{expected.unit} ({expected.meaning}), not {found:g}"
            )
    count = len(cell.expectations)
    return f"{count} measurement{'s' if count > 1 else ''} as expected"
