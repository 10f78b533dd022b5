"""Constant records: what POST adds, and how it requantizes the sums."""

from __future__ import annotations

from collections.abc import Iterator

from nngen.arch import Core
from nngen.compiler.mapper import machine_offset
from nngen.ir import ConstantRecord, LayerSchedule, MatrixLayer, Network


def layer_records(
    network: Network, layer: MatrixLayer, scheduled: LayerSchedule, core: Core
) -> Iterator[ConstantRecord]:
    """Yield the records of a layer's rounds in order."""
    constants = layer.requantization
    offset = machine_offset(network, layer, core)
    for one in scheduled.rounds:
        for source in one.sources:
            last = source.last
            yield ConstantRecord(
                macro=source.macro,
                adc=source.adc,
                entry=source.entry,
                last=last,
                multiplier=int(constants.multiplier[source.output]) if last else 0,
                offset=int(offset[source.output]) if last else 0,
                shift=int(constants.shift[source.output]) if last else 0,
            )
