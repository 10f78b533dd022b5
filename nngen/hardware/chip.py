"""The chip: host port and core."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Architecture
from nngen.isa import STALL_SEED_BITS, Unit

from ._placement import VerilogPlatform, place
from .core import Core
from .host_port import HostPort, axi_lite_ports
from .retire import RETIRE_PORTS

CHIP_MODULE = "nngen_chip"
CORE_MODULE = "nngen_core"


class Chip(wiring.Component):
    """Top of the design.

    Ports
    -----
    s_axi_*
        AXI4-Lite subordinate, map in ``nngen.host.register_map``.
    interrupt
        Out: level, until the host clears it.
    retire_<unit>_*
        Out, simulation builds.
    stall_seed
        In, simulation builds: see :class:`~nngen.hardware.core.Core`.
    running
        Out, simulation builds: the core runs; first high in cycle 0 of a program.
    """

    def __init__(self, architecture: Architecture, *, retire: bool = False):
        self.architecture = architecture
        self.retire = retire
        self.core = Core(architecture.core, retire=retire)
        self.host_port = HostPort(architecture)
        ports = axi_lite_ports(self.host_port.map.address_bits) | {"interrupt": Out(1)}
        if retire:
            for unit in Unit:
                ports |= {name.replace("retire_", f"retire_{unit}_"): port for name, port in RETIRE_PORTS.items()}
            ports |= {"stall_seed": In(STALL_SEED_BITS), "running": Out(1)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        core, host = self.core, self.host_port
        m.submodules.host_port = host
        if isinstance(platform, VerilogPlatform):
            place(m, platform, "core", core, kind=CORE_MODULE, reset=ResetSignal() | host.start)
        else:
            m.submodules.core = ResetInserter(host.start)(core)
        for name, member in core.signature.members.items():
            if name.startswith("retire_"):
                m.d.comb += getattr(self, name).eq(getattr(core, name))
            elif name == "stall_seed":
                m.d.comb += core.stall_seed.eq(self.stall_seed)
            elif member.flow is Out:
                m.d.comb += getattr(host, name).eq(getattr(core, name))
            else:
                m.d.comb += getattr(core, name).eq(getattr(host, name))
        for name, member in self.signature.members.items():
            if name.startswith("s_axi_") or name == "interrupt":
                if member.flow is Out:
                    m.d.comb += getattr(self, name).eq(getattr(host, name))
                else:
                    m.d.comb += getattr(host, name).eq(getattr(self, name))
        if self.retire:
            m.d.comb += self.running.eq(host.run)
        return m
