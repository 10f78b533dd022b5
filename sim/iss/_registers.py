"""Configuration registers of the units, in the order of their own commands, and what the engines derive from them."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core
from nngen.isa import REGISTERS, Unit, register

from ._operation import UNITS_BY_CODE, Operation

INVERT = register(Unit.LOAD, "INVERT").index
GROUP = register(Unit.LOAD, "GROUP").index
PLANES = register(Unit.MVM, "PLANES").index
NEGATE_TOP = register(Unit.MVM, "NEGATE_TOP").index
SLICES = register(Unit.MVM, "SLICES").index
MACRO = register(Unit.MVM, "MACRO").index
LOWEST = register(Unit.POST, "LOWEST").index
HIGHEST = register(Unit.POST, "HIGHEST").index
ZERO_POINT = register(Unit.POST, "ZERO_POINT").index
ROUNDING = register(Unit.POST, "ROUNDING").index
WORDS = register(Unit.POST, "WORDS").index

_ZERO_POINT_BITS = register(Unit.POST, "ZERO_POINT").width
_BOUND_BITS = register(Unit.POST, "LOWEST").width


@dataclass(frozen=True, kw_only=True)
class Participant:
    """A macro that takes part in an MVM."""

    macro: int
    first_step: int
    log2_gain: int


class Registers:
    """Registers of all units; reset value 0. A SET empties the caches of what derives from them."""

    def __init__(self, core: Core) -> None:
        self._macros = core.macros
        counts = [max((r.index + r.count for r in REGISTERS if r.unit is unit), default=0) for unit in UNITS_BY_CODE]
        self._values = [[0] * count for count in counts]
        _, self._load, self._mvm, self._post, _ = self._values
        self._groups: dict[int, tuple[int, ...]] = {}
        self._classes: dict[int, tuple[Participant, ...]] = {}

    def write(self, operation: Operation) -> None:
        """Execute a SET."""
        self._values[operation.unit][operation.fields["index"]] = operation.fields["value"]
        self._groups.clear()
        self._classes.clear()

    def macros_of_group(self, group: int) -> tuple[int, ...]:
        """Return the macros that a LOAD to this group writes, ascending."""
        macros = self._groups.get(group)
        if macros is None:
            macros = tuple(m for m in range(self._macros) if self._load[GROUP + m] == group)
            self._groups[group] = macros
        return macros

    def participants(self, classes: int) -> tuple[Participant, ...]:
        """Return the macros that take part in an MVM with this field ``classes``, ascending."""
        known = self._classes.get(classes)
        if known is None:
            values = [(m, self._mvm[MACRO + m]) for m in range(self._macros)]
            known = tuple(
                Participant(macro=m, first_step=value >> 4 & 0xFF, log2_gain=value >> 12 & 0xF)
                for m, value in values
                if value >> 16 & classes >> (value & 0xF) & 1
            )
            self._classes[classes] = known
        return known

    @property
    def invert(self) -> int:
        """What LOAD XORs onto every byte."""
        return self._load[INVERT] & 0xFF

    @property
    def planes(self) -> int:
        """Planes of an MVM."""
        return self._mvm[PLANES] or 1

    @property
    def slices(self) -> int:
        """Slices of a weight."""
        return self._mvm[SLICES] or 1

    @property
    def negate_top(self) -> int:
        """1 where the top plane counts negative."""
        return self._mvm[NEGATE_TOP]

    @property
    def bounds(self) -> tuple[int, int]:
        """LOWEST and HIGHEST, signed."""
        return _signed(self._post[LOWEST], _BOUND_BITS), _signed(self._post[HIGHEST], _BOUND_BITS)

    @property
    def zero_point(self) -> int:
        """What POST adds after rounding, signed."""
        return _signed(self._post[ZERO_POINT], _ZERO_POINT_BITS)

    @property
    def rounding(self) -> int:
        """Code of the rounding."""
        return self._post[ROUNDING]

    @property
    def words(self) -> int:
        """1 where outputs are 32-bit words."""
        return self._post[WORDS]


def _signed(value: int, bits: int) -> int:
    return value - (value >> (bits - 1) << bits)
