"""Accumulators of a lossy machine: every row range, plane and slice through its converter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ._blocks import Block
from ._machine import MachineLayer
from ._patches import pad, patches
from ._products import Matrix, exact_type, largest_sum, product
from ._transfer import Transfer, transfer

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class _Columns:
    """A block ready to compute: its rows and outputs, levels in the type of products, and a transfer for each gain."""

    rows: slice
    outputs: slice | IntArray
    levels: Matrix
    transfers: tuple[Transfer, ...]


class Conversions:
    """Computes the accumulators of one layer on a machine.

    Parameters
    ----------
    machine
        The layer on its macros.
    zero_point
        Code of the padding.
    gains
        What stands in for the gain of blocks that have none, one or several at once; the others keep theirs. All gains
        share one product.
    """

    def __init__(self, machine: MachineLayer, *, zero_point: int, gains: Sequence[int | None] = (None,)) -> None:
        self._machine = machine
        self._zero_point = zero_point
        self._gains = gains
        self._dtype = _type_of_products(machine)
        self._columns = [self._prepare(block) for block in machine.blocks]
        self._halo = machine.planes.split(np.array(zero_point)).tolist()

    def accumulators(self, codes: IntArray) -> IntArray:
        """Return the sums for codes (samples, height, width, channels).

        Their shape is ``(gains, samples x positions, outputs)``.
        """
        planes, layer = self._machine.planes, self._machine.layer
        sums: IntArray | None = None
        for plane, halo, weight in zip(planes.split(codes), self._halo, planes.weights, strict=True):
            driven = patches(pad(plane, layer, halo, self._dtype), layer)
            if sums is None:
                sums = np.empty((len(self._gains), len(driven), layer.outputs), np.int64)
                sums[:] = -self._corrections(codes)
            self._convert(driven, weight, sums)
        assert sums is not None
        return sums

    def _prepare(self, block: Block) -> _Columns:
        machine = self._machine
        largest = block.largest_level_sum * machine.planes.plane_maximum
        return _Columns(
            rows=slice(*block.rows),
            outputs=_as_slice(block.outputs),
            levels=block.levels.astype(self._dtype),
            transfers=tuple(
                transfer(machine.macro.converter(machine.gain_of(block, gain)), largest) for gain in self._gains
            ),
        )

    def _convert(self, driven: Matrix, weight: int, sums: IntArray) -> None:
        """Add what one plane contributes, for every gain."""
        for columns in self._columns:
            q = product(driven[:, columns.rows], columns.levels)
            for accumulators, reconstructed in zip(sums, columns.transfers, strict=True):
                accumulators[:, columns.outputs] += self._over_slices(reconstructed(q)) * weight

    def _over_slices(self, terms: IntArray) -> IntArray:
        """Return the sum over the slices of each output; slices are adjacent."""
        weights = self._machine.weights.slice_weights
        if weights == (1,):
            return terms
        result: IntArray = terms.reshape(len(terms), -1, len(weights)) @ np.array(weights)
        return result

    def _corrections(self, codes: IntArray) -> IntArray:
        """Return what offsets of codes and weights add to the sums, shape ``(1 or samples x positions, outputs)``.

        The core counts what it drives for each row range and plane. As every weight is mapped once, these counts add up
        to the codes of all rows.
        """
        machine, layer, driven = self._machine, self._machine.layer, self._machine.planes.offset
        if not machine.weights.offset:
            return machine.driven_offset[None]
        dtype = exact_type(layer.rows << machine.planes.bits)
        rows = patches(pad(codes + driven, layer, self._zero_point + driven, dtype), layer)
        counts = product(rows, np.ones((layer.rows, 1), dtype))
        return machine.driven_offset + counts * machine.weights.offset


def _as_slice(outputs: IntArray) -> slice | IntArray:
    """Return contiguous channels as a slice: five times faster to add to than single ones."""
    first, last = int(outputs[0]), int(outputs[-1])
    return slice(first, last + 1) if last - first + 1 == len(outputs) else outputs


def _type_of_products(machine: MachineLayer) -> np.dtype[Any]:
    return exact_type(max(largest_sum(block.levels, machine.planes.plane_maximum) for block in machine.blocks))
