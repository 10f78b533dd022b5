"""Circuit effects for Monte Carlo: seeded, vectorized, without equality to the hardware."""

from ._crossbar import NoisyCrossbar
from ._deviation import Deviation

__all__ = ["Deviation", "NoisyCrossbar"]
