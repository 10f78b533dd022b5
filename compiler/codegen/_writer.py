"""Writes instructions down, leaving out SETs of registers that hold the value already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nngen.errors import CapacityError
from nngen.isa import BY_MNEMONIC, UNIT_CODES, Instruction, Unit, instruction, register

_LONGEST_BODY = BY_MNEMONIC["LOOP"].field("length").highest
_MOST_REPETITIONS = BY_MNEMONIC["LOOP"].field("count").highest


def set_register(unit: Unit, name: str, value: int, *, element: int = 0) -> Instruction:
    """Return the SET of one register, its value cut to the register's width."""
    target = register(unit, name)
    return instruction("SET", unit=unit, index=target.index + element, value=value & ((1 << target.width) - 1))


class RegisterFile:
    """The values that registers hold at the point of the program that is being written; at first, by default, of START.

    Attributes
    ----------
    values
        By unit and index; those that are left out hold 0, and a negative one is not known.
    """

    def __init__(self, values: Mapping[tuple[Unit, int], int] | None = None) -> None:
        # PLANES and SLICES of 0 act as 1.
        started = {(Unit.MVM, register(Unit.MVM, name).index): 1 for name in ("PLANES", "SLICES")}
        self.values: dict[tuple[Unit, int], int] = dict(started if values is None else values)

    def set(self, unit: Unit, name: str, value: int, *, element: int = 0) -> list[Instruction]:
        """Return the SET that a register needs to hold a value: one instruction or none."""
        made = set_register(unit, name, value, element=element)
        key = unit, made["index"]
        if self.values.get(key, 0) == made["value"]:
            return []
        self.values[key] = made["value"]
        return [made]

    def assume(self, values: Mapping[tuple[Unit, int], int]) -> list[Instruction]:
        """Return the SETs after which registers hold other values, where these are known."""
        wanted = {key: value for key, value in values.items() if value >= 0 and self.values.get(key, 0) != value}
        self.values = dict(values)
        return [
            instruction("SET", unit=unit, index=index, value=value)
            for (unit, index), value in sorted(wanted.items(), key=lambda item: (UNIT_CODES[item[0][0]], item[0][1]))
        ]

    def get(self, unit: Unit, name: str, *, element: int = 0) -> int:
        """Return what a register holds."""
        return self.values.get((unit, register(unit, name).index + element), 0)

    def forget(self, unit: Unit, name: str, *, element: int = 0) -> None:
        """Note that a register holds something unknown: the next :meth:`set` writes it."""
        self.values[unit, register(unit, name).index + element] = -1


def loop(count: int, body: Sequence[Instruction], *, layer: str) -> list[Instruction]:
    """Return a loop around ``body``.

    Raises
    ------
    CapacityError
        Where count or body exceed what LOOP can express.
    """
    for what, value, most in (("repetitions", count, _MOST_REPETITIONS), ("instructions", len(body), _LONGEST_BODY)):
        if value > most:
            raise CapacityError(f"layer '{layer}' needs a loop of {value} {what}, a loop has at most {most}")
    return [instruction("LOOP", count=count, length=len(body)), *body]
