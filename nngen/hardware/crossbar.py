"""The crossbar macro in the design: a black box in Verilog, its behavioural twin everywhere else."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance, Module, Signal

from nngen.arch import Core

from ._placement import VerilogPlatform, silence
from .crossbar_pins import CROSSBAR_MODULE
from .crossbar_twin import CrossbarTwin


class Crossbar:
    """Signals of one macro's pins, by name, and how the macro enters the design."""

    def __init__(self, core: Core) -> None:
        self._twin = CrossbarTwin(core)

    def __getitem__(self, pin: str) -> Signal:
        """Return the signal of a pin."""
        return getattr(self._twin, pin)

    def add_to(self, module: Module, platform: object, name: str) -> None:
        """Add the macro: in Verilog as an instance of its black box, on any other platform as its twin."""
        if isinstance(platform, VerilogPlatform):
            silence(self._twin)
            connections = {f"{pin.direction[0]}_{pin.name}": self[pin.name] for pin in self._twin.pins}
            module.submodules[name] = Instance(CROSSBAR_MODULE, i_clk=ClockSignal(), **connections)
        else:
            module.submodules[name] = self._twin
