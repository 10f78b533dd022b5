"""A core's part of a layer between its regions, and what surrounds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nngen.arch import Core
from nngen.compiler.mapper import VectorLayer
from nngen.ir import Exchange, Layer, MatrixLayer, MatrixSchedule, Network, Region, Tensor, VectorSchedule
from nngen.isa import Instruction, Unit, instruction
from nngen.numerics import ROUNDINGS

from ._addresses import INPUT, OUTPUT, POINTERS
from ._exchange import target_sets, uses_bus, wait, wait_before_fills
from ._halo import gap_bytes, gap_fills, outer_fills
from ._writer import RegisterFile

_TABLE_ENABLED = 1 << 4  # of POST's register TABLE


@dataclass(frozen=True, kw_only=True)
class Place:
    """What layers of both kinds have around them, on core ``number``.

    ``windows`` are the sizes of the windows around which address registers run that tensors have to themselves.
    """

    network: Network
    target: Region
    core: Core
    number: int
    windows: Mapping[int, int]

    @property
    def any_layer(self) -> Layer:
        """The layer."""
        raise NotImplementedError

    @property
    def table(self) -> int | None:
        """Its look-up table."""
        raise NotImplementedError

    @property
    def exchange(self) -> Exchange:
        """How the part works together with those on other cores."""
        raise NotImplementedError

    @property
    def bus(self) -> bool:
        """Whether what it stores goes over the bus."""
        return uses_bus(self.exchange.targets, self.number)

    @property
    def output_tensor(self) -> Tensor:
        """What the layer writes."""
        return self.network.tensors[self.any_layer.output]

    def post_sets(self, registers: RegisterFile) -> list[Instruction]:
        """Return the SETs of POST: limits, rounding, and form of the outputs."""
        constants = self.any_layer.requantization
        values = {
            "LOWEST": constants.lowest,
            "HIGHEST": constants.highest,
            "ZERO_POINT": constants.zero_point,
            "ROUNDING": ROUNDINGS.index(constants.rounding),
            "ELEMENT": self.output_tensor.element_bytes.bit_length() - 1,
            "TABLE": 0 if self.table is None else _TABLE_ENABLED | self.table,
            "NEGATIVE": int(constants.has_negative),
        }
        return [made for name, value in values.items() for made in registers.set(Unit.POST, name, value)]

    def store_sets(self, registers: RegisterFile) -> list[Instruction]:
        """Return what STORE waits for before it writes anything, and the SETs that say whom it writes to."""
        return [
            *wait(Unit.STORE, self.exchange.room),
            *target_sets(registers, self.exchange.targets, self.number),
        ]

    def moves(self, *steps: tuple[int, int]) -> list[Instruction]:
        """Return the ADDs of some address registers; none goes around its window more than once."""
        found = []
        for register, step in steps:
            window = self.windows.get(register)
            within = step if window is None or abs(step) < window else step % window
            found += [instruction("ADD", register=register, value=within)] if within else []
        return found

    def outer_fills(self, registers: RegisterFile) -> list[Instruction]:
        """Return the FILLs above and below the output, where the part writes its halo, and what they wait for."""
        if not self.exchange.fills_halo:
            return []
        fills = outer_fills(self.target, self.output_tensor, registers, self.core, bus=self.bus)
        return [*wait_before_fills(self.exchange), *fills]

    def gap_fills(self, register: int, offset: int) -> list[Instruction]:
        """Return the FILL of the gap after the row that an address register is in, where the part writes the halo."""
        if not self.exchange.fills_halo or not gap_bytes(self.target):
            return []
        return gap_fills(self.target, register, offset, bus=self.bus)


@dataclass(frozen=True, kw_only=True)
class MatrixPlace(Place):
    """A matrix layer."""

    layer: MatrixLayer
    scheduled: MatrixSchedule
    source: Region

    @property
    def any_layer(self) -> Layer:
        """The layer."""
        return self.layer

    @property
    def table(self) -> int | None:
        """Its look-up table."""
        return self.scheduled.table

    @property
    def exchange(self) -> Exchange:
        """How the part works together with those on other cores."""
        return self.scheduled.exchange

    @property
    def looped(self) -> bool:
        """Whether there is more than one output position, or something happens between rows."""
        return self.scheduled.positions != (1, 1) or self.exchange.by_rows

    @property
    def input_address(self) -> int:
        """Address of the first byte under the kernel at output position (0, 0)."""
        top, left, _, _ = self.layer.pads
        return self.source.interior(-top, -left)

    @property
    def input_register(self) -> int:
        """Address register that moves over the input."""
        own = self.exchange.input_register
        return INPUT if own is None else own

    @property
    def output_register(self) -> int:
        """Address register that moves over the output."""
        own = self.exchange.output_register
        return OUTPUT if own is None else own


@dataclass(frozen=True, kw_only=True)
class VectorPlace(Place):
    """A vector layer."""

    layer: VectorLayer
    scheduled: VectorSchedule

    @property
    def registers(self) -> tuple[int, ...]:
        """Address register of each pointer."""
        free = iter([register for register in POINTERS if register not in self.windows])
        own = [pointer.address_register for pointer in self.scheduled.pointers]
        return tuple(next(free) if register is None else register for register in own)

    @property
    def any_layer(self) -> Layer:
        """The layer."""
        return self.layer

    @property
    def table(self) -> int | None:
        """Its look-up table."""
        return self.scheduled.table

    @property
    def exchange(self) -> Exchange:
        """How the part works together with those on other cores."""
        return self.scheduled.exchange
