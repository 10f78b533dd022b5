"""Constant records: what POST adds, and how it requantizes the sums."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from nngen.arch import Core
from nngen.compiler.mapper import VectorLayer, driven_offset, machine_constants
from nngen.ir import (
    ConstantRecord,
    Layer,
    LayerSchedule,
    MatrixLayer,
    MatrixSchedule,
    Network,
    PoolLayer,
    VectorSchedule,
)
from nngen.numerics import Requantization

_NAMES = (("multiplier", "offset"), ("negative_multiplier", "negative_offset"))

Constants = Callable[[int], dict[str, int]]


def layer_records(network: Network, layer: Layer, scheduled: LayerSchedule, core: Core) -> Iterator[ConstantRecord]:
    """Return the records of a layer in order."""
    if isinstance(layer, MatrixLayer):
        assert isinstance(scheduled, MatrixSchedule)
        return _matrix_records(network, layer, scheduled, core)
    assert isinstance(scheduled, VectorSchedule)
    return _vector_records(layer, scheduled)


def _matrix_records(
    network: Network, layer: MatrixLayer, scheduled: MatrixSchedule, core: Core
) -> Iterator[ConstantRecord]:
    driven = driven_offset(network, layer, core)
    for one in scheduled.rounds:
        for source in one.sources:
            constants = (
                _constants(layer.requantization, source.output, int(driven[source.output])) if source.last else {}
            )
            yield ConstantRecord(macro=source.macro, adc=source.adc, entry=source.entry, last=source.last, **constants)


def _vector_records(layer: VectorLayer, scheduled: VectorSchedule) -> Iterator[ConstantRecord]:
    """Yield records whose accumulator means nothing: POST takes VEC's in order."""
    for record in scheduled.records:
        requantization = layer.requantization
        if record.covered is not None and isinstance(layer, PoolLayer):
            requantization = layer.requantization_of(record.covered)
        yield ConstantRecord(macro=0, adc=0, entry=0, last=True, **_constants(requantization, record.output, 0))


def _constants(requantization: Requantization, output: int, driven: int) -> dict[str, int]:
    """Return the fields of a record for an output whose accumulators hold ``driven`` beside the sum."""
    of_output = requantization.channels(output, output + 1)
    fields = {"shift": int(of_output.shift[0])}
    pairs = machine_constants(of_output, np.array([driven]))
    for names, values in zip(_NAMES, pairs, strict=False):
        fields |= {name: int(value[0]) for name, value in zip(names, values, strict=True)}
    return fields
