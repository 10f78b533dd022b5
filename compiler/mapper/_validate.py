"""Checks a mapping, wherever it comes from, against network and chip, and fills in what it leaves open.

Rules, in this order; each has its own sentence:

1. The mapping was made for this architecture, or does not say.
2. Every layer of the network is mapped once, and no other; layers with a weight matrix to the macros, all others to
   VEC and without tiles.
3. Cores that the chip has and that can compute the layer, replica 0, the encoding of the macros: what this machine has.
   Phase 0, but in a chip whose only core can reprogram its macros: there each layer has one phase, and phases follow
   the order of the layers.
4. Tiles name macros, word lines, bit lines, matrix rows and outputs that exist, and gains that the macro has.
5. All slices of a weight lie in the columns of one ADC.
6. No cell is used by two tiles of one phase.
   Where the row ranges of an output lie in several cores, the layer's own core has VEC, which adds the partial sums.
7. Every weight is mapped exactly once.
8. The accumulators of each macro can hold its partial sums of an output.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from nngen.arch import Architecture, Core
from nngen.errors import MappingError, suggestion
from nngen.ir import Layer, LayerMapping, Mapping, MatrixLayer, Network, Tile, macro_name
from nngen.numerics import Encoding

from ._demand import Demand, layer_demand
from ._options import check_layer_options, kind_of, unit_of
from ._partial_sums import partial_sums
from ._strip import Strip


def validate_mapping(mapping: Mapping, network: Network, architecture: Architecture) -> Mapping:
    """Return the mapping with layers in the network's order and optional fields filled in; gains may stay open.

    Raises
    ------
    MappingError
        Where a rule is broken: it names layer, tile and what must be.
    CapacityError
        Where no mapping could make this core compute a layer.
    """
    cores = architecture.cores
    _check_architecture(mapping, architecture)
    _check_layers(mapping, network, cores)
    _check_able(mapping, network, cores)
    demands = [layer_demand(network, layer, _core_of(mapping, layer, cores)) for layer in network.matrix_layers]
    for demand in demands:
        for where, tile in _tiles(mapping.layer(demand.name)):
            _check_machine(where, tile, cores)
            _check_ranges(where, tile, demand, cores[tile.core])
            _check_adc_groups(where, tile, demand, cores[tile.core])
    _check_phases(mapping, demands)
    for phase in sorted({tile.phase for layer in mapping.layers for tile in layer.tiles}):
        of_phase = [d for d in demands if phase in {tile.phase for tile in mapping.layer(d.name).tiles}]
        _check_cells(mapping, of_phase, cores)
    for demand in demands:
        _check_weights(mapping.layer(demand.name), demand)
        _check_sums(mapping.layer(demand.name), demand, cores)
        _check_partial_sums(mapping.layer(demand.name), demand, cores)
    return Mapping(
        architecture_sha256=architecture.sha256,
        layers=tuple(
            _filled(mapping.layer(layer.name), layer, architecture.core.macro.encoding) for layer in network.layers
        ),
    )


def _core_of(mapping: Mapping, layer: MatrixLayer, cores: Sequence[Core]) -> Core:
    """Return a core that computes a layer: what the layer demands is the same on all that can."""
    tiles = mapping.layer(layer.name).tiles
    return cores[tiles[0].core if tiles else 0]


def _filled(mapping: LayerMapping, layer: Layer, encoding: Encoding) -> LayerMapping:
    tiles = tuple(tile.model_copy(update={"encoding": encoding}) for tile in mapping.tiles)
    return mapping.model_copy(update={"tiles": tiles, "unit": unit_of(layer)})


def _tiles(layer: LayerMapping) -> Iterator[tuple[str, Tile]]:
    for i, tile in enumerate(layer.tiles):
        yield f"mapping of layer '{layer.layer}', tile {i}:", tile


def _check_architecture(mapping: Mapping, architecture: Architecture) -> None:
    made_for = mapping.architecture_sha256
    if made_for is not None and made_for != architecture.sha256:
        raise MappingError(
            f"mapping must be for architecture '{architecture.name}' ({architecture.sha256[:12]}…), "
            f"not for {made_for[:12]}…; leave architecture_sha256 out to have it checked anyway"
        )


def _check_layers(mapping: Mapping, network: Network, cores: Sequence[Core]) -> None:
    names = [layer.name for layer in network.layers]
    mapped = [layer.layer for layer in mapping.layers]
    for one in mapping.layers:
        _check_layer(one, names, mapped)
        _check_core(f"mapping of layer '{one.layer}':", one.core, cores)
    for layer in network.layers:
        if layer.name not in mapped:
            raise MappingError(f"mapping must hold layer '{layer.name}', and does not")
        _check_unit(mapping.layer(layer.name), layer)


def _check_layer(layer: LayerMapping, names: Sequence[str], mapped: Sequence[str]) -> None:
    if layer.layer not in names:
        raise MappingError(
            f"mapping names layer '{layer.layer}', which the network has not{suggestion(layer.layer, names)}"
        )
    if mapped.count(layer.layer) > 1:
        raise MappingError(f"mapping of layer '{layer.layer}' must stand once, not {mapped.count(layer.layer)} times")


def _check_core(where: str, core: int, cores: Sequence[Core]) -> None:
    if core >= len(cores):
        which = "0, the only one" if len(cores) == 1 else f"0 to {len(cores) - 1}"
        raise MappingError(f"{where} core must be {which}, not {core}")


def _check_able(mapping: Mapping, network: Network, cores: Sequence[Core]) -> None:
    """Refuse cores that cannot compute what is mapped to them."""
    for layer in network.layers:
        mapped = mapping.layer(layer.name)
        for where, tile in _tiles(mapped):
            _check_core(where, tile.core, cores)
        used = {tile.core for tile in mapped.tiles} if isinstance(layer, MatrixLayer) else {mapped.core}
        for number in sorted(used):
            check_layer_options(network, layer, cores[number])
            if isinstance(layer, MatrixLayer):
                layer_demand(network, layer, cores[number])


def _check_unit(mapping: LayerMapping, layer: Layer) -> None:
    unit = unit_of(layer)
    if mapping.unit not in (None, unit):
        raise MappingError(
            f"mapping of layer '{layer.name}': unit must be {unit}, which runs {kind_of(layer)} layers, "
            f"not {mapping.unit}"
        )
    if unit == "vec" and mapping.tiles:
        raise MappingError(
            f"mapping of layer '{layer.name}': a {kind_of(layer)} layer must have no tiles, not {len(mapping.tiles)}"
        )


def _check_machine(where: str, tile: Tile, cores: Sequence[Core]) -> None:
    _check_core(where, tile.core, cores)
    core = cores[tile.core]
    if tile.encoding not in (None, core.macro.encoding):
        raise MappingError(f"{where} encoding must be {core.macro.encoding}, that of the macros, not {tile.encoding}")
    for field, only in (("replica", True), ("phase", not core.reprogram or len(cores) > 1)):
        value = getattr(tile, field)
        if only and value != 0:
            raise MappingError(f"{where} {field} must be 0, not {value}: this machine has no others yet")


def _check_phases(mapping: Mapping, demands: Iterable[Demand]) -> None:
    last = 0
    for demand in demands:
        for where, tile in _tiles(mapping.layer(demand.name)):
            first = mapping.layer(demand.name).tiles[0].phase
            if tile.phase != first:
                raise MappingError(f"{where} phase must be {first}, that of the layer's first tile, not {tile.phase}")
            if tile.phase < last:
                raise MappingError(f"{where} phase must be at least {last}, that of the layer before, not {tile.phase}")
            last = tile.phase


def _check_ranges(where: str, tile: Tile, demand: Demand, core: Core) -> None:
    macro = core.macro
    for field, limit in (("input_range", demand.rows), ("output_range", demand.outputs)):
        first, end = getattr(tile, field)
        if not 0 <= first < end <= limit:
            raise MappingError(f"{where} {field} must be a part of [0, {limit}), not [{first}, {end})")
    if tile.macro >= core.macros:
        raise MappingError(f"{where} macro must be at most {core.macros - 1}, not {tile.macro}")
    if tile.row + tile.rows > macro.rows:
        raise MappingError(
            f"{where} word lines {tile.row} to {tile.row + tile.rows - 1} must be below {macro.rows}, the macro's rows"
        )
    if tile.column % macro.lines:
        raise MappingError(f"{where} column must be even, a pair's first bit line, not {tile.column}")
    last = tile.column + macro.lines * demand.slices * tile.outputs - 1
    if last >= macro.columns:
        raise MappingError(
            f"{where} bit lines {tile.column} to {last} must be below {macro.columns}, the macro's columns"
        )
    if tile.gain is not None and tile.gain not in macro.usable_gains:
        gains = ", ".join(map(str, macro.usable_gains))
        raise MappingError(f"{where} gain must be one of {gains}, not {tile.gain}")


def _check_adc_groups(where: str, tile: Tile, demand: Demand, core: Core) -> None:
    width, lines = core.macro.columns_per_adc, core.macro.lines
    for output, conversion in _conversions(tile, demand, core):
        if conversion // width != (conversion + demand.slices - 1) // width:
            raise MappingError(
                f"{where} the {demand.slices} slices of output {output} (bit lines {lines * conversion} to "
                f"{lines * (conversion + demand.slices) - 1}) must lie in one ADC's {lines * width} columns"
            )


def _conversions(tile: Tile, demand: Demand, core: Core) -> Iterator[tuple[int, int]]:
    """Yield each output of a tile and its first conversion."""
    for i, output in enumerate(range(*tile.output_range)):
        yield output, tile.column // core.macro.lines + i * demand.slices


def _check_cells(mapping: Mapping, demands: Iterable[Demand], cores: Sequence[Core]) -> None:
    macro = cores[0].macro
    owners = [np.zeros((core.macros, macro.rows, macro.columns), np.int32) for core in cores]
    names = [""]
    for demand in demands:
        for i, tile in enumerate(mapping.layer(demand.name).tiles):
            columns = slice(tile.column, tile.column + macro.lines * demand.slices * tile.outputs)
            cells = owners[tile.core][tile.macro, tile.row : tile.row + tile.rows, columns]
            if cells.any():
                row, column = (int(index[0]) for index in np.nonzero(cells))
                label = macro_name(*tile.place, cores=len(cores))
                raise MappingError(
                    f"mapping of layer '{demand.name}', tile {i}: its cell in {label}, word line "
                    f"{tile.row + row}, bit line {tile.column + column} is taken by {names[cells[row, column]]}"
                )
            cells[:] = len(names)
            names.append(f"tile {i} of layer '{demand.name}'")


def _check_weights(layer: LayerMapping, demand: Demand) -> None:
    count = np.zeros((demand.rows, demand.outputs), np.int32)
    for tile in layer.tiles:
        count[slice(*tile.input_range), slice(*tile.output_range)] += 1
    if (count != 1).any():
        row, output = (int(index[0]) for index in np.nonzero(count != 1))
        times = int(count[row, output])
        raise MappingError(
            f"mapping of layer '{layer.layer}': the weight of input row {row} and output {output} must be mapped once, "
            + (f"not {times} times" if times else "and is not mapped")
        )


def _check_sums(layer: LayerMapping, demand: Demand, cores: Sequence[Core]) -> None:
    first = np.full(demand.outputs, -1, np.int64)
    for tile in layer.tiles:
        held = first[slice(*tile.output_range)]
        other = (held >= 0) & (held != tile.core)
        if other.any() and cores[layer.core].vector is None:
            output = tile.output_range[0] + int(np.argmax(other))
            raise MappingError(
                f"mapping of layer '{layer.layer}': row ranges of output {output} lie in cores {first[output]} and "
                f"{tile.core}, so core must be one with VEC, which adds them, not {layer.core}"
            )
        held[:] = tile.core


def _check_partial_sums(layer: LayerMapping, demand: Demand, cores: Sequence[Core]) -> None:
    for number in sorted({tile.core for tile in layer.tiles}):
        core = cores[number]
        for (macro, output), adcs in sorted(partial_sums(_strips(layer, demand, core, number)).items()):
            if len(adcs) > core.accumulator_entries:
                label = macro_name(number, macro, cores=len(cores))
                raise MappingError(
                    f"mapping of layer '{layer.layer}': row ranges of output {output} lie in {len(adcs)} ADCs of "
                    f"{label}, whose accumulators hold partial sums of at most {core.accumulator_entries}; use the "
                    "same ADC for several, or another macro"
                )


def _strips(layer: LayerMapping, demand: Demand, core: Core, number: int) -> Iterator[Strip]:
    for tile in (tile for tile in layer.tiles if tile.core == number):
        for output, conversion in _conversions(tile, demand, core):
            adc, local = divmod(conversion, core.macro.columns_per_adc)
            yield Strip(
                inputs=tile.input_range,
                outputs=(output, output + 1),
                macro=tile.macro,
                adc=adc,
                row=tile.row,
                conversion=local,
            )
