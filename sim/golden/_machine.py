"""The machine as the golden model sees it: where each weight is converted, at what gain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core, Macro
from nngen.errors import MappingError
from nngen.ir import LayerMapping, Mapping, MatrixLayer, Network, Tensor
from nngen.numerics import PlaneFormat, WeightFormat

from ._blocks import Block, blocks_of

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class MachineLayer:
    """One layer on the machine.

    Parameters
    ----------
    layer
        The layer.
    macro
        The macros it sits in.
    planes
        How its input codes are driven.
    weights
        How its weights are stored.
    blocks
        What is converted together.
    """

    layer: MatrixLayer
    macro: Macro
    planes: PlaneFormat
    weights: WeightFormat
    blocks: tuple[Block, ...]

    @property
    def driven_offset(self) -> IntArray:
        """What the offset of signed codes in wide planes adds to each accumulator, shape ``(outputs,)``."""
        offset: IntArray = self.planes.offset * self.layer.matrix.sum(axis=0)
        return offset

    def gain_of(self, block: Block, default: int | None = None) -> int:
        """Return a block's gain, or ``default`` where it has none yet.

        Raises
        ------
        MappingError
            Where neither is given, or the macro has no such gain.
        """
        gain = block.gain or default
        where = f"mapping of layer '{self.layer.name}': rows {block.rows[0]} to {block.rows[1]} must"
        if gain is None:
            raise MappingError(f"{where} have a gain, and have none; calibrate the mapping first")
        if gain not in self.macro.usable_gains:
            gains = ", ".join(map(str, self.macro.usable_gains))
            raise MappingError(f"{where} have a gain of the macro ({gains}), not {gain}")
        return gain

    def may_clip(self, block: Block, gain: int) -> bool:
        """Return whether some input could reach a converter's limits: all cells of one sign driven at their highest."""
        return block.largest_level_sum * self.planes.plane_maximum > self.macro.converter(gain).largest_unclipped

    def is_lossless(self, default: int | None = None) -> bool:
        """Return whether the layer provably computes the exact sums: gain = step everywhere, and nothing clips."""
        gains = [(block, self.gain_of(block, default)) for block in self.blocks]
        return all(self.macro.converter(gain).shift == 0 and not self.may_clip(block, gain) for block, gain in gains)


@dataclass(frozen=True, kw_only=True)
class GoldenMachine:
    """Macros and a mapping onto them: what makes a network's arithmetic lossy.

    Parameters
    ----------
    core
        The core whose macros hold the weights.
    mapping
        Which weights are converted together, with their gains.
    """

    core: Core
    mapping: Mapping

    def layer(self, network: Network, layer: MatrixLayer) -> MachineLayer:
        """Return a layer as this machine holds it."""
        macro = self.core.macro
        weights = macro.weight_format(layer.weights)
        return MachineLayer(
            layer=layer,
            macro=macro,
            planes=plane_format(network.tensors[layer.input], macro),
            weights=weights,
            blocks=blocks_of(layer, self.mapping_of(layer), weights),
        )

    def mapping_of(self, layer: MatrixLayer) -> LayerMapping:
        """Return the tiles of a layer."""
        for mapped in self.mapping.layers:
            if mapped.layer == layer.name:
                return mapped
        raise MappingError(f"mapping: layer '{layer.name}' must be mapped, and is not")


def plane_format(tensor: Tensor, macro: Macro) -> PlaneFormat:
    """Return how the codes of a tensor are driven onto the word lines of a macro."""
    return PlaneFormat(bits=tensor.bits, signed=tensor.signed, dac_bits=macro.dac_bits)
