"""Decides in what order the units of a core work, and where tensors live: everything but the instructions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nngen.arch import Architecture, Core
from nngen.compiler.mapper import Demand, layer_demand, layer_planes, layer_weights
from nngen.errors import CapacityError
from nngen.ir import (
    CoreSchedule,
    LayerSchedule,
    Mapping,
    MatrixLayer,
    Network,
    Pass,
    Region,
    Round,
    Schedule,
    Source,
    Tensor,
)
from nngen.numerics import PlaneFormat

from ._memory import allocate
from ._passes import PlannedPass, PlannedRound
from ._rounds import plan_rounds
from ._runs import pass_runs
from ._settings import Held, PassSettings, assign_settings

_MOST_RECORDS = 1 << 14


def schedule(network: Network, mapping: Mapping, architecture: Architecture) -> Schedule:
    """Schedule a network layer by layer on the one core.

    Parameters
    ----------
    network, mapping
        What runs where; the mapping has passed ``validate_mapping``.
    architecture
        The chip.

    Raises
    ------
    CapacityError
        Where activation memory or constant memory is too small: which layer, how much is needed and available.
    """
    core = architecture.core
    regions = {region.tensor: region for region in allocate(network, core)}
    held = Held.at_start(core)
    layers: list[LayerSchedule] = []
    record = 0
    for layer in network.layers:
        demand = layer_demand(network, layer, core)
        planned = plan_rounds(mapping.layer(layer.name), demand, core)
        settings = assign_settings([p for r in planned for p in r.passes], held)
        rounds = tuple(_rounds(planned, settings, demand, regions[layer.input], record))
        layers.append(_layer(network, layer, rounds, regions, core))
        record += sum(len(r.sources) for r in rounds)
    _check_records(layers, record, core)
    return Schedule(
        architecture_sha256=architecture.sha256,
        cores=(CoreSchedule(core=0, regions=tuple(regions.values()), layers=tuple(layers)),),
    )


def _layer(
    network: Network, layer: MatrixLayer, rounds: tuple[Round, ...], regions: dict[str, Region], core: Core
) -> LayerSchedule:
    planes, weights = layer_planes(network, layer, core), layer_weights(layer, core)
    tensor, source, target = network.tensors[layer.input], regions[layer.input], regions[layer.output]
    height, width, _ = network.tensors[layer.output].shape
    down, across = layer.strides
    return LayerSchedule(
        layer=layer.name,
        input=layer.input,
        output=layer.output,
        positions=(height, width),
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
        rounds=rounds,
    )


def _kept_bits(planes: PlaneFormat, tensor: Tensor) -> int:
    """Return the mask of a code's own bits where the top plane reaches beyond them, into its extended sign; else 0."""
    beyond = planes.offset and planes.planes * planes.dac_bits > planes.bits
    return (1 << planes.bits) - 1 if beyond and planes.bits < 8 * tensor.element_bytes else 0


def _rounds(
    planned: Sequence[PlannedRound], settings: Sequence[PassSettings], demand: Demand, source: Region, record: int
) -> Iterator[Round]:
    """Yield the rounds of a layer; ``settings`` are those of all their passes in order."""
    following = iter(settings)
    for one in planned:
        yield Round(
            passes=tuple(_pass(p, next(following), demand, source) for p in one.passes),
            record=record,
            sources=_sources(one),
            output_offset=one.outputs[0] * demand.output_bytes,
            output_bytes=(one.outputs[1] - one.outputs[0]) * demand.output_bytes,
        )
        record += len(one.sources)


def _pass(planned: PlannedPass, settings: PassSettings, demand: Demand, source: Region) -> Pass:
    return Pass(
        runs=pass_runs(planned, settings, demand, source),
        settings=settings.settings,
        step=settings.step,
        steps=planned.steps,
        entry=planned.entry,
        overwrite=planned.overwrite,
    )


def _sources(planned: PlannedRound) -> tuple[Source, ...]:
    """Return the partial sums in the order of their outputs; the last one of each output closes its sum."""
    outputs = [output for output, _, _, _ in planned.sources]
    following = [*outputs[1:], None]
    return tuple(
        Source(macro=macro, adc=adc, entry=entry, output=output, last=output != after)
        for (output, macro, adc, entry), after in zip(planned.sources, following, strict=True)
    )


def _check_records(layers: Sequence[LayerSchedule], needed: int, core: Core) -> None:
    if needed <= core.constant_records:
        return
    sizes = {layer.layer: sum(len(r.sources) for r in layer.rounds) for layer in layers}
    largest = max(sizes, key=lambda name: sizes[name])
    fix = (
        f"set core[0].memory.constant_records = {needed}" if needed <= _MOST_RECORDS else f"the most is {_MOST_RECORDS}"
    )
    raise CapacityError(
        f"the network needs {needed} constant records, the core has {core.constant_records} (layer '{largest}' alone "
        f"takes {sizes[largest]}): {fix}"
    )
