"""A layer between its regions, and what surrounds it."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core
from nngen.compiler.mapper import VectorLayer
from nngen.ir import Layer, LayerSchedule, MatrixLayer, MatrixSchedule, Network, Region, Tensor, VectorSchedule
from nngen.isa import Instruction, Unit
from nngen.numerics import ROUNDINGS

from ._writer import RegisterFile

_TABLE_ENABLED = 1 << 4  # of POST's register TABLE


@dataclass(frozen=True, kw_only=True)
class Place:
    """What layers of both kinds have around them."""

    network: Network
    target: Region
    core: Core

    @property
    def any_layer(self) -> Layer:
        """The layer."""
        raise NotImplementedError

    @property
    def part(self) -> LayerSchedule:
        """Its schedule in this core."""
        raise NotImplementedError

    @property
    def bus(self) -> int:
        """1 where its output goes over the bus."""
        return int(bool(self.part.exchange.targets))

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
            "TABLE": 0 if self.part.table is None else _TABLE_ENABLED | self.part.table,
            "NEGATIVE": int(constants.has_negative),
        }
        return [made for name, value in values.items() for made in registers.set(Unit.POST, name, value)]


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
    def part(self) -> LayerSchedule:
        """Its schedule in this core."""
        return self.scheduled

    @property
    def looped(self) -> bool:
        """Whether there is more than one output position."""
        return self.scheduled.positions != (1, 1)

    @property
    def input_address(self) -> int:
        """Address of the first byte under the kernel at output position (0, 0)."""
        top, left, _, _ = self.layer.pads
        return self.source.interior(-top, -left)


@dataclass(frozen=True, kw_only=True)
class VectorPlace(Place):
    """A vector layer."""

    layer: VectorLayer
    scheduled: VectorSchedule

    @property
    def any_layer(self) -> Layer:
        """The layer."""
        return self.layer

    @property
    def part(self) -> LayerSchedule:
        """Its schedule in this core."""
        return self.scheduled
