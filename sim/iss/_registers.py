"""Configuration registers of the units, in the order of their own commands, and what the engines derive from them."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core
from nngen.isa import COEFFICIENTS, REGISTERS, UNIT_CODES, Unit, register

from ._operation import UNITS_BY_CODE, Operation

INVERT = register(Unit.LOAD, "INVERT").index
KEEP = register(Unit.LOAD, "KEEP").index
LOAD_RUNS = register(Unit.LOAD, "RUNS").index
LOAD_STRIDE = register(Unit.LOAD, "STRIDE").index
GROUP = register(Unit.LOAD, "GROUP").index
PLANES = register(Unit.MVM, "PLANES").index
NEGATE_TOP = register(Unit.MVM, "NEGATE_TOP").index
SLICES = register(Unit.MVM, "SLICES").index
NEGATE_SLICE = register(Unit.MVM, "NEGATE_SLICE").index
OFFSET = register(Unit.MVM, "OFFSET").index
MACRO = register(Unit.MVM, "MACRO").index
SUM = register(Unit.POST, "SUM").index
_POST = UNIT_CODES[Unit.POST]
LOWEST = register(Unit.POST, "LOWEST").index
HIGHEST = register(Unit.POST, "HIGHEST").index
ZERO_POINT = register(Unit.POST, "ZERO_POINT").index
ROUNDING = register(Unit.POST, "ROUNDING").index
POST_ELEMENT = register(Unit.POST, "ELEMENT").index
TABLE = register(Unit.POST, "TABLE").index
NEGATIVE = register(Unit.POST, "NEGATIVE").index
STORE_RUNS = register(Unit.STORE, "RUNS").index
STORE_STRIDE = register(Unit.STORE, "STRIDE").index
TARGETS = register(Unit.STORE, "TARGETS").index
TAPS = register(Unit.VEC, "TAPS").index
VEC_STRIDE = register(Unit.VEC, "STRIDE").index
VEC_ELEMENT = register(Unit.VEC, "ELEMENT").index
SIGNED = register(Unit.VEC, "SIGNED").index
ZERO = register(Unit.VEC, "ZERO").index
COEFFICIENT = register(Unit.VEC, "COEFFICIENT").index

_TARGET_BITS = register(Unit.STORE, "TARGETS").width
_ZERO_POINT_BITS = register(Unit.POST, "ZERO_POINT").width
_BOUND_BITS = register(Unit.POST, "LOWEST").width
_ZERO_BITS = register(Unit.VEC, "ZERO").width
_COEFFICIENT_BITS = register(Unit.VEC, "COEFFICIENT").width
_CODE_MASK = (1 << register(Unit.LOAD, "KEEP").width) - 1
_LARGEST_ELEMENT = 2  # log2 of its bytes: 3 acts as 2
_TABLE_ENABLED = 4  # bit of TABLE


@dataclass(frozen=True, kw_only=True)
class Participant:
    """A macro that takes part in an MVM."""

    macro: int
    first_step: int
    log2_gain: int


@dataclass(frozen=True, kw_only=True)
class Runs:
    """How many runs of memory, and the bytes from one to the next."""

    count: int
    stride: int


class Registers:
    """Registers of all units; reset value 0. A SET empties the caches of what derives from them."""

    def __init__(self, core: Core) -> None:
        self._macros = core.macros
        self._cores = 1 if core.bus is None else core.bus.cores
        counts = [max((r.index + r.count for r in REGISTERS if r.unit is unit), default=0) for unit in UNITS_BY_CODE]
        self._values = [[0] * count for count in counts]
        _, self._load, self._mvm, self._post, self._store, self._vec = self._values
        self._tables = core.tables
        self._negative_slope = core.negative_slope
        self._groups: dict[int, tuple[int, ...]] = {}
        self._classes: dict[int, tuple[Participant, ...]] = {}
        self._added: list[list[int]] | None = None

    def write(self, operation: Operation) -> None:
        """Execute a SET."""
        self._values[operation.unit][operation.fields["index"]] = operation.fields["value"]
        self._groups.clear()
        self._classes.clear()
        if operation.unit == _POST and operation.fields["index"] >= SUM:
            self._added = self._macros_added()

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
    def added_macros(self) -> list[list[int]] | None:
        """For each macro that a record may name, the macros whose accumulators it adds; None: itself alone."""
        return self._added

    def _macros_added(self) -> list[list[int]] | None:
        names = [m ^ self._post[SUM + m] for m in range(self._macros)]
        if names == list(range(self._macros)):
            return None
        return [[m for m, name in enumerate(names) if name == named] for named in range(self._macros)]

    @property
    def invert(self) -> int:
        """What LOAD XORs onto every code."""
        return self._load[INVERT]

    @property
    def keep(self) -> int:
        """The bits of a code that LOAD keeps."""
        return self._load[KEEP] or _CODE_MASK

    def load_runs(self, *, wide: int) -> Runs:
        """Return the runs of a strided LOAD; elements of two bytes (``wide``) are never cut."""
        return Runs(count=self._load[LOAD_RUNS] or 1, stride=self._load[LOAD_STRIDE] & ~wide)

    def store_runs(self) -> Runs:
        """Return the runs of a strided STORE."""
        return Runs(count=self._store[STORE_RUNS] or 1, stride=self._store[STORE_STRIDE])

    @property
    def targets(self) -> tuple[int, ...]:
        """The cores that the bus reaches, ascending."""
        mask = self._store[TARGETS] | self._store[TARGETS + 1] << _TARGET_BITS
        return tuple(core for core in range(self._cores) if mask >> core & 1)

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
    def negate_slice(self) -> int:
        """1 where the last slice counts negative."""
        return self._mvm[NEGATE_SLICE]

    @property
    def weight_offset(self) -> int:
        """log2 of what the encoding `offset` adds to every weight."""
        return self._mvm[OFFSET]

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
    def output_bytes(self) -> int:
        """Bytes of an output."""
        return 1 << min(self._post[POST_ELEMENT], _LARGEST_ELEMENT)

    @property
    def table(self) -> int | None:
        """Look-up table of the outputs; None: they are not looked up."""
        value = self._post[TABLE]
        if not self._tables or not value >> _TABLE_ENABLED:
            return None
        return value % (1 << _TABLE_ENABLED) % self._tables

    @property
    def negative(self) -> bool:
        """Whether negative sums have constants of their own."""
        return self._negative_slope and bool(self._post[NEGATIVE])

    @property
    def taps(self) -> int:
        """Taps of a VEC."""
        return self._vec[TAPS] or 1

    @property
    def vec_stride(self) -> int:
        """Bytes from one tap to the next."""
        return self._vec[VEC_STRIDE]

    @property
    def vec_element_bytes(self) -> int:
        """Bytes of an element of VEC."""
        return 1 << min(self._vec[VEC_ELEMENT], _LARGEST_ELEMENT)

    @property
    def vec_signed(self) -> bool:
        """Whether elements of VEC are two's complement."""
        return bool(self._vec[SIGNED])

    @property
    def zeros(self) -> tuple[int, int]:
        """What is subtracted from the factors of a product: from even and from odd taps."""
        even, odd = (_signed(value, _ZERO_BITS) for value in self._vec[ZERO : ZERO + 2])
        return even, odd

    @property
    def coefficients(self) -> list[int]:
        """The factors of taps."""
        return [_signed(value, _COEFFICIENT_BITS) for value in self._vec[COEFFICIENT : COEFFICIENT + COEFFICIENTS]]


def _signed(value: int, bits: int) -> int:
    return value - (value >> (bits - 1) << bits)
