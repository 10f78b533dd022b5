"""Layers whose outputs have rows on several cores, as two layers that a chip can run: partial sums, and their sum.

1. Each core with rows of an output passes its accumulators through, as words of 32 bits, to the core that the layer's
   mapping names. There VEC adds them, and POST requantizes with the layer's constants.
2. Of an output the core of rank r, counted from the lowest that has rows of it, writes slot r of a tensor: slots of
   the output's height stand one below the other. Outputs with rows on fewer cores than others have zeros in the rest,
   which the core of rank 0 writes.
3. All outputs of such a layer take this way.

What converters add to accumulators for codes that are driven with an offset is taken away once, from the sum.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.compiler.mapper import driven_offset, machine_constants
from nngen.ir import ElementwiseLayer, LayerMapping, Mapping, MatrixLayer, Network, Region, Tensor
from nngen.numerics import Requantization

IntArray = npt.NDArray[np.int64]

_WORD_BITS = 32
_LOWEST, _HIGHEST = -(1 << (_WORD_BITS - 1)), (1 << (_WORD_BITS - 1)) - 1


@dataclass(frozen=True, kw_only=True)
class Slots:
    """The tensor of a layer's partial sums.

    Parameters
    ----------
    layer
        The layer whose sums they are.
    names
        Tensors of one slot each, as the sum reads them; the first has the name of all of them.
    contributors
        Cores that have rows of each output, ascending.
    """

    layer: str
    names: tuple[str, ...]
    contributors: tuple[tuple[int, ...], ...]

    def ranges(self, core: int) -> tuple[SlotRange, ...]:
        """Return the outputs that a core has rows of, cut where rank or number of ranks change."""
        found: list[SlotRange] = []
        for output, cores in enumerate(self.contributors):
            if core not in cores:
                continue
            rank = cores.index(core)
            zeros = tuple(range(len(cores), len(self.names))) if rank == 0 else ()
            last = found[-1] if found else None
            if last and (last.outputs[1], last.slot, last.zeros) == (output, rank, zeros):
                found[-1] = replace(last, outputs=(last.outputs[0], output + 1))
            else:
                found.append(SlotRange(outputs=(output, output + 1), slot=rank, zeros=zeros))
        return tuple(found)

    def views(self, region: Region, height: int) -> dict[str, Region]:
        """Return the regions of the slots in that of all of them; ``height`` is that of a slot."""
        return {
            name: region.model_copy(
                update={"tensor": name, "address": region.interior(slot * height), "size": height * region.pitch}
            )
            for slot, name in enumerate(self.names)
            if slot
        }


@dataclass(frozen=True, kw_only=True)
class SlotRange:
    """Outputs [a, b) that a core writes to one slot, and other slots where it writes zeros instead."""

    outputs: tuple[int, int]
    slot: int
    zeros: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Lowered:
    """A network and its mapping as the cores run them.

    Parameters
    ----------
    network, mapping
        With layers of partial sums, and what adds them in place of the layers whose sums they are.
    slots
        Partial sums, by the name of their layer.
    """

    network: Network
    mapping: Mapping
    slots: dict[str, Slots]

    def origin(self, layer: str) -> str:
        """Return the layer of the source network that a layer belongs to."""
        return self.slots[layer].layer if layer in self.slots else layer


def lowered(network: Network, mapping: Mapping, core: Core) -> Lowered:
    """Return a network whose layers have all rows of an output on one core; ``core`` is any of the chip."""
    made = Lowered(network=network, mapping=mapping, slots={})
    for layer in network.matrix_layers:
        contributors = _contributors(layer, mapping.layer(layer.name))
        if max(map(len, contributors)) > 1:
            made = _with_slots(made, layer, contributors, core)
    return made


def _contributors(layer: MatrixLayer, mapping: LayerMapping) -> tuple[tuple[int, ...], ...]:
    cores: list[set[int]] = [set() for _ in range(layer.outputs)]
    for tile in mapping.tiles:
        for output in range(*tile.output_range):
            cores[output].add(tile.core)
    return tuple(tuple(sorted(some)) for some in cores)


def _with_slots(made: Lowered, layer: MatrixLayer, contributors: tuple[tuple[int, ...], ...], core: Core) -> Lowered:
    network, count = made.network, max(map(len, contributors))
    names = _free_names(f"{layer.name} partial sums", count, network)
    slots = Slots(layer=layer.name, names=names, contributors=contributors)
    driven = driven_offset(network, layer, core)
    sums = replace(layer, name=names[0], output=names[0], table=None, requantization=_pass_through(driven))
    total = ElementwiseLayer(
        name=layer.name,
        inputs=names,
        output=layer.output,
        coefficients=(1,) * count,
        requantization=_machine_requantization(layer.requantization, driven),
        table=layer.table,
    )
    height, width, channels = network.tensors[layer.output].shape
    slot = Tensor(
        name=names[0],
        shape=(height * count, width, channels),
        bits=_WORD_BITS,
        signed=True,
        zero_point=0,
        lowest=_LOWEST,
        highest=_HIGHEST,
    )
    views = {name: replace(slot, name=name, shape=(height, width, channels)) for name in names[1:]}
    at = network.layers.index(layer)
    layers = (*network.layers[:at], sums, total, *network.layers[at + 1 :])
    mapped = made.mapping.layer(layer.name)
    of_sums = mapped.model_copy(update={"layer": names[0]})
    of_total = mapped.model_copy(update={"tiles": (), "unit": "vec"})
    others = tuple(one for one in made.mapping.layers if one.layer != layer.name)
    return Lowered(
        network=replace(network, tensors=network.tensors | {slot.name: slot} | views, layers=layers),
        mapping=made.mapping.model_copy(update={"layers": (*others, of_sums, of_total)}),
        slots=made.slots | {names[0]: slots},
    )


def _free_names(name: str, count: int, network: Network) -> tuple[str, ...]:
    """Return names that begin with ``name`` and that no tensor has."""
    while any(tensor.startswith(name) for tensor in network.tensors):
        name += "'"
    return (name, *(f"{name} {slot}" for slot in range(1, count)))


def _pass_through(driven: IntArray) -> Requantization:
    """Return constants that leave accumulators as they are, what was ``driven`` beside the sum included."""
    outputs = len(driven)
    return Requantization(
        multiplier=np.ones(outputs, np.int64),
        offset=driven,
        shift=np.zeros(outputs, np.int64),
        zero_point=0,
        lowest=_LOWEST,
        highest=_HIGHEST,
    )


def _machine_requantization(constants: Requantization, driven: IntArray) -> Requantization:
    """Return constants for sums of accumulators, from which nobody takes away what was ``driven`` beside them."""
    pairs = machine_constants(constants, driven)
    changes = {"offset": pairs[0][1], "correction": np.zeros(0, np.int64)}
    if constants.has_negative:
        changes["negative_offset"] = pairs[1][1]
    return replace(constants, **changes)  # type: ignore[arg-type]  # arrays all
