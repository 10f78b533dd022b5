"""Schedules a matrix layer: rounds of passes, their runs, settings and accumulators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nngen.arch import Core
from nngen.compiler.mapper import Demand, layer_demand, layer_planes, layer_weights, table_slot
from nngen.ir import (
    Exchange,
    LayerMapping,
    MatrixLayer,
    MatrixSchedule,
    NamedMacro,
    Network,
    Pass,
    Region,
    Round,
    Source,
    Tensor,
)
from nngen.numerics import PlaneFormat

from ._added_macros import named_sums, names_of_macros
from ._passes import PartialSum, PlannedPass, PlannedRound
from ._rounds import mapped_outputs, plan_rounds
from ._runs import Window, pass_runs, with_common_stride
from ._settings import Held, PassSettings, assign_settings
from .partial_sums import SlotRange


def schedule_matrix(
    network: Network,
    layer: MatrixLayer,
    mapping: LayerMapping,
    regions: dict[str, Region],
    core: Core,
    *,
    record: int,
    held: Held,
    exchange: Exchange,
    slots: Sequence[SlotRange] = (),
) -> MatrixSchedule:
    """Schedule what is mapped of a layer on one core.

    Its first constant record is ``record``, and ``held`` are the numbers that the macros hold. Of a layer of partial
    sums, ``slots`` are where they go.
    """
    demand = layer_demand(network, layer, core)
    planned = plan_rounds(mapping, [one.outputs for one in slots] or mapped_outputs(mapping), demand, core)
    settings = assign_settings([p for r in planned for p in r.passes], held)
    tensor, source, target = network.tensors[layer.input], regions[layer.input], regions[layer.output]
    names = names_of_macros(planned)
    rounds = tuple(_rounds(planned, settings, demand, Window.of(layer, tensor, source), record=record, names=names))
    positions = network.output_shape(layer)[:2]
    if slots:
        rounds = tuple(_in_slot(r, slots, positions[0] * target.pitch) for r in rounds)
    planes, weights = layer_planes(network, layer, core), layer_weights(layer, core)
    down, across = layer.strides
    strided = core.strided_access and source.rows is None
    return MatrixSchedule(
        layer=layer.name,
        input=layer.input,
        output=layer.output,
        table=table_slot(network, layer),
        positions=positions,
        input_step=(down * source.pitch, across * source.pixel_bytes),
        output_step=(target.pitch, target.pixel_bytes),
        invert=planes.offset,
        keep=_kept_bits(planes, tensor),
        wide=tensor.element_bytes == 2,
        planes=planes.planes,
        top_plane_negative=planes.top_plane_negative,
        slices=weights.slices,
        last_slice_negative=weights.negative_slice,
        log2_offset=weights.bits - 1 if weights.offset else 0,
        names=tuple(NamedMacro(macro=macro, name=name) for macro, name in names.items()),
        rounds=with_common_stride(rounds, code_bytes=tensor.element_bytes) if strided else rounds,
        exchange=exchange,
    )


def _kept_bits(planes: PlaneFormat, tensor: Tensor) -> int:
    """Return the mask of a code's own bits where the top plane reaches beyond them, into its extended sign; else 0."""
    beyond = planes.offset and planes.planes * planes.dac_bits > planes.bits
    return (1 << planes.bits) - 1 if beyond and planes.bits < 8 * tensor.element_bytes else 0


def _rounds(
    planned: Sequence[PlannedRound],
    settings: Sequence[PassSettings],
    demand: Demand,
    window: Window,
    *,
    record: int,
    names: dict[int, int],
) -> Iterator[Round]:
    """Yield the rounds of a layer; ``settings`` are those of all their passes in order."""
    following = iter(settings)
    for one in planned:
        sources = _sources(named_sums(one, names))
        yield Round(
            passes=tuple(_pass(p, next(following), window) for p in one.passes),
            record=record,
            sources=sources,
            output_offset=one.outputs[0] * demand.output_bytes,
            output_bytes=(one.outputs[1] - one.outputs[0]) * demand.output_bytes,
        )
        record += len(sources)


def _in_slot(one: Round, slots: Sequence[SlotRange], slot_bytes: int) -> Round:
    """Return a round that writes to the slots of its outputs, ``slot_bytes`` apart."""
    own = next(some for some in slots if some.outputs[0] <= one.sources[0].output < some.outputs[1])
    return one.model_copy(
        update={
            "output_offset": one.output_offset + own.slot * slot_bytes,
            "zeros": tuple(one.output_offset + slot * slot_bytes for slot in own.zeros),
        }
    )


def _pass(planned: PlannedPass, settings: PassSettings, window: Window) -> Pass:
    return Pass(
        runs=pass_runs(planned, settings, window),
        settings=settings.settings,
        step=settings.step,
        steps=planned.steps,
        entry=planned.entry,
        overwrite=planned.overwrite,
    )


def _sources(sums: Sequence[PartialSum]) -> tuple[Source, ...]:
    """Return the partial sums in the order of their outputs; the last one of each output closes its sum."""
    outputs = [output for output, _, _, _ in sums]
    following = [*outputs[1:], None]
    return tuple(
        Source(macro=macro, adc=adc, entry=entry, output=output, last=output != after)
        for (output, macro, adc, entry), after in zip(sums, following, strict=True)
    )
