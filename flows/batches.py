"""Samples as a chip takes them: one at each start, or, in a pipeline, as many as its memories have places for."""

from __future__ import annotations

from collections.abc import Mapping as Arrays
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Batches"]

IntArray = npt.NDArray[np.int64]
Codes = Arrays[str, IntArray]


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Samples divided among starts; the last sample also takes the places of the last start that are left over.

    A tensor has a name for each of its places, as if the network had an input and an output for every inference of a
    start.

    Parameters
    ----------
    samples
        How many there are.
    places
        Inferences of a start.
    """

    samples: int
    places: int

    @classmethod
    def of(cls, inputs: Codes, places: int) -> Batches:
        """Return the batches of some codes, shape ``(samples, height, width, channels)``."""
        return cls(samples=len(next(iter(inputs.values()))), places=places)

    @property
    def starts(self) -> int:
        """How often the chip starts."""
        return -(-self.samples // self.places)

    def names(self, tensor: str) -> tuple[str, ...]:
        """Return a name for each place of a tensor; its own where it has one place."""
        return (tensor,) if self.places == 1 else tuple(f"{tensor}[{place}]" for place in range(self.places))

    def divided(self, inputs: Codes) -> dict[str, IntArray]:
        """Return codes by place, shape ``(starts, height, width, channels)`` each."""
        order = np.minimum(np.arange(self.starts * self.places), self.samples - 1).reshape(self.starts, self.places)
        return {
            name: codes[order[:, place]]
            for tensor, codes in inputs.items()
            for place, name in enumerate(self.names(tensor))
        }

    def joined(self, codes: Codes, tensors: tuple[str, ...]) -> dict[str, IntArray]:
        """Return the codes of some tensors, shape ``(samples, height, width, channels)``, from those by place."""
        stacked = {tensor: np.stack([codes[name] for name in self.names(tensor)], axis=1) for tensor in tensors}
        return {
            tensor: values.reshape(self.starts * self.places, *values.shape[2:])[: self.samples]
            for tensor, values in stacked.items()
        }
