"""Cells written for a test: small, ideal, and easy to spoil."""

from pathlib import Path

BITCELL = """\
name = "mine"
kind = "bitcell"
interface = 1
description = "a conductance"
encodings = ["differential", "twos_complement", "offset"]
signal = "current"
code_error = 0
pins = [
  { name = "input_line", domain = "analog", direction = "in", line = "row", meaning = "input" },
  { name = "bit_line", domain = "analog", direction = "out", line = "column", meaning = "output" },
]

[storage]
quantity = "conductance"
parameters = ["conductance"]
highest = "on_resistance"
read = "read_voltage"

[parameters.bits]
default = 4
lowest = 1
highest = 8
unit = "bit"
integer = true
meaning = "bits of a level"

[parameters.on_resistance]
default = 1e5
lowest = 1
highest = 1e9
unit = "ohm"
meaning = "of the highest level"

[parameters.read_voltage]
default = 0.2
lowest = 0.01
highest = 1
unit = "V"
meaning = "of a driven row"
"""

BITCELL_VIEW = """\
* mine
.subckt mine input_line bit_line params: conductance=0
Gcell input_line bit_line input_line bit_line 'conductance'
.ends mine
"""


def write_bitcell(folder: Path, *, toml: str = BITCELL, view: str | None = BITCELL_VIEW) -> Path:
    """Write the bitcell `mine` below ``folder``; returns the folder of cells."""
    cell = folder / "mine"
    cell.mkdir(parents=True)
    (cell / "cell.toml").write_text(toml)
    if view is not None:
        (cell / "mine.sp.j2").write_text(view)
    return folder
