"""Modules placed by name: every distinct component is emitted once, however often it is instantiated.

Amaranth emits a copy of a module for each instance. Under :class:`VerilogPlatform` a placed component becomes an
``Instance`` of a named module, and the platform remembers what it still has to emit; on any other platform (Amaranth's
own simulator) it is an ordinary submodule.
"""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance, Module, ResetSignal
from amaranth.lib import wiring


class VerilogPlatform:
    """Collects the components that were placed by name.

    Attributes
    ----------
    modules
        Component by module name, in order of first use.
    """

    def __init__(self) -> None:
        self.modules: dict[str, wiring.Component] = {}


def port_connections(component: wiring.Component) -> dict[str, object]:
    """Return the keyword arguments of ``Instance`` that connect every port of ``component`` to itself."""
    connections: dict[str, object] = {}
    for path, member, value in component.signature.flatten(component):
        prefix = "i" if member.flow is wiring.In else "o"
        connections[f"{prefix}_{'__'.join(str(part) for part in path)}"] = value
    return connections


def place(
    module: Module, platform: object, name: str, component: wiring.Component, *, kind: str, reset: object = None
) -> None:
    """Add ``component`` to ``module`` as submodule ``name``, in Verilog as an instance of the module ``kind``.

    ``reset`` replaces the reset of the clock domain ``sync``.
    """
    if isinstance(platform, VerilogPlatform):
        platform.modules.setdefault(kind, component)
        silence(component)
        module.submodules[name] = Instance(
            kind,
            i_clk=ClockSignal(),
            i_rst=ResetSignal() if reset is None else reset,
            **port_connections(component),
        )
    else:
        module.submodules[name] = component


def silence(component: wiring.Component) -> None:
    """Keep Amaranth from warning that a component was made and not elaborated: its instance stands for it."""
    component._MustUse__silence = True
