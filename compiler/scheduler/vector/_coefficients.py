"""Coefficient memory of VEC: kernels of depthwise layers, as often as chunks of several pixels want them side by side.

1. The same taps of the same channels for the same number of pixels stand there once.
2. A kernel stands there several times only where that leaves room for those of all later layers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from nngen.compiler.scheduler.cores import NumberedCore
from nngen.errors import CapacityError
from nngen.ir import CoefficientBlock, DepthwiseLayer, Layer, Network

_MOST_WORDS = 1 << 14


@dataclass(kw_only=True)
class LayerCoefficients:
    """The blocks of one layer.

    Parameters
    ----------
    first, end
        Its first word, and the word that several copies of a kernel must not reach.
    lanes
        Elements of its input in a memory word.
    blocks
        What is there so far.
    """

    first: int
    end: int
    lanes: int
    blocks: list[CoefficientBlock] = field(default_factory=list)

    @property
    def next(self) -> int:
        """First word that is free."""
        return self.first + sum(block.words for block in self.blocks)

    def trial(self) -> LayerCoefficients:
        """Return a copy for a plan that may be dropped."""
        return LayerCoefficients(first=self.first, end=self.end, lanes=self.lanes, blocks=list(self.blocks))

    def place(self, taps: tuple[int, ...], channels: tuple[int, int], pixels: int) -> int | None:
        """Return the first word of a block; None where several copies of a kernel have no room."""
        block = CoefficientBlock(word=self.next, taps=taps, channels=channels, pixels=pixels, lanes=self.lanes)
        for known in self.blocks:
            if known.model_copy(update={"word": block.word}) == block:
                return known.word
        if pixels > 1 and block.word + block.words > self.end:
            return None
        self.blocks.append(block)
        return block.word


class CoefficientMemory:
    """Hands the memory out, layer by layer in the network's order."""

    def __init__(self, needs: dict[str, int], core: NumberedCore) -> None:
        self._needs = needs
        self._core = core
        self._words = core.core.vector.coefficient_words if core.core.vector else 0
        self._used = 0

    @classmethod
    def of(cls, network: Network, layers: Iterable[Layer], core: NumberedCore) -> CoefficientMemory:
        """Return the empty memory of a core; it knows what each of the core's layers needs at least."""
        needs = {}
        for layer in layers:
            if isinstance(layer, DepthwiseLayer):
                lanes = core.core.word_bytes // network.tensors[layer.input].element_bytes
                needs[layer.name] = layer.rows * -(-layer.outputs // lanes)
        return cls(needs, core)

    def layer(self, name: str, *, element_bytes: int) -> LayerCoefficients:
        """Return the place for a layer's blocks."""
        names = list(self._needs)
        later = sum(self._needs[other] for other in names[names.index(name) + 1 :]) if name in names else 0
        lanes = self._core.core.word_bytes // element_bytes
        return LayerCoefficients(first=self._used, end=self._words - later, lanes=lanes)

    def keep(self, name: str, coefficients: LayerCoefficients) -> None:
        """Note what a layer takes.

        Raises
        ------
        CapacityError
            Where the memory is too small: what the network needs, what there is, and the fix.
        """
        self._used = coefficients.next
        if self._used > self._words:
            names = list(self._needs)
            needed = self._used + sum(self._needs[other] for other in names[names.index(name) + 1 :])
            enough = 1 << (needed - 1).bit_length()
            fix = (
                f"set {self._core.table}.vector.coefficient_words = {enough}"
                if enough <= _MOST_WORDS
                else f"the most is {_MOST_WORDS}"
            )
            raise CapacityError(
                f"the depthwise layers up to '{name}' need {self._used} coefficient words, and {needed} with those "
                f"that follow; {self._core.name} has {self._words}: {fix}"
            )
