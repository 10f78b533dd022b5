"""Controllers of analog-to-digital converters: run, sample and done toward the core, whatever the converter."""

from amaranth.lib import wiring

from ._flash import FlashController
from ._ramp import RampController
from ._sar import SarController

CONTROLLERS: dict[str, type[wiring.Component]] = {
    "sar": SarController,
    "ramp": RampController,
    "flash": FlashController,
}

__all__ = ["CONTROLLERS", "FlashController", "RampController", "SarController"]
