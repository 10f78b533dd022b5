"""Reads a host script back, for simulators that are driven from Python."""

from __future__ import annotations

import re
from typing import NamedTuple

from nngen.errors import InputError

from ._script import Op

# As the Verilog bench reads it: into registers of 32 bits.
_LINE = re.compile(r"[0-9a-f]{1,8}( [0-9a-f]{1,8}){4}", re.ASCII)


class Operation(NamedTuple):
    """One line of a script, see :class:`~nngen.sim.cosim.scripted.HostScript`."""

    op: Op
    pause: int
    style: int
    address: int
    data: int

    @property
    def address_delay(self) -> int:
        """Cycles by which the address of a transfer comes late."""
        return self.style & 3

    @property
    def data_delay(self) -> int:
        """Cycles by which the data of a write come late."""
        return self.style >> 2 & 3

    @property
    def answer_delay(self) -> int:
        """Cycles by which the readiness for the answer comes late."""
        return self.style >> 4 & 3


def read_script(text: str) -> list[Operation]:
    """Return the operations of a script.

    Raises
    ------
    InputError
        Names the first line that is none.
    """
    return [_operation(number, line) for number, line in enumerate(text.splitlines(), 1)]


def _operation(number: int, line: str) -> Operation:
    if not _LINE.fullmatch(line):
        raise InputError(f"line {number} of a host script must be 5 hexadecimal numbers below 2^32, not '{line}'")
    op, *rest = (int(word, 16) for word in line.split())
    if op > max(Op):
        raise InputError(f"operation in line {number} of a host script must be at most {max(Op):d}, not {op}")
    return Operation(Op(op), *rest)
