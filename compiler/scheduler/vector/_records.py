"""Constant records of a vector layer: one where all channels share their constants, else one for each."""

from __future__ import annotations

from nngen.compiler.mapper import VectorLayer
from nngen.ir import PoolLayer, VectorRecord
from nngen.numerics import Requantization

Constants = tuple[int, ...]


class RecordBook:
    """The records of one layer in the order in which they are first needed; equal ones stand there once."""

    def __init__(self, layer: VectorLayer, first: int) -> None:
        self.records: list[VectorRecord] = []
        self._layer = layer
        self._first = first
        self._known: dict[tuple[Constants, ...], int] = {}

    def trial(self) -> RecordBook:
        """Return a copy for a plan that may be dropped."""
        copied = RecordBook(self._layer, self._first)
        copied.records = list(self.records)
        copied._known = dict(self._known)
        return copied

    def place(self, channels: tuple[int, int], covered: int | None, *, times: int = 1) -> tuple[int, bool]:
        """Return the first record for channels [a, b), and whether it serves all of them.

        Where it does not, there are records for all of them ``times`` times.
        """
        constants = _constants(self._layer, covered)
        wanted = [_of_channel(constants, channel) for channel in range(*channels)]
        single = len(set(wanted)) == 1
        key = tuple(wanted[:1] if single else wanted * times)
        if key not in self._known:
            self._known[key] = self._first + len(self.records)
            outputs = range(*channels)
            self.records += [
                VectorRecord(output=output, covered=covered)
                for output in (outputs[:1] if single else [*outputs] * times)
            ]
        return self._known[key], single


def is_uniform(layer: VectorLayer) -> bool:
    """Return whether all channels of a layer share their constants."""
    return RecordBook(layer, 0).place((0, layer.outputs), None)[1]


def _constants(layer: VectorLayer, covered: int | None) -> Requantization:
    if covered is not None and isinstance(layer, PoolLayer):
        return layer.requantization_of(covered)
    return layer.requantization


def _of_channel(constants: Requantization, channel: int) -> Constants:
    pairs = [constants.multiplier, constants.corrected_offset, constants.shift]
    if constants.has_negative:
        pairs += [constants.negative_multiplier, constants.corrected_negative_offset]
    return tuple(int(values[channel]) for values in pairs)
