"""Controllers of analog-to-digital converters: start and done toward the core, whatever the converter."""

from ._sar import SarController

CONTROLLERS = {"sar": SarController}

__all__ = ["CONTROLLERS", "SarController"]
