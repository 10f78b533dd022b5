"""A core with the host's block of it: what a chip with several cores places, with few ports."""

from __future__ import annotations

from amaranth.hdl import Module, ResetInserter, ResetSignal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core as CoreParameters
from nngen.isa import STALL_SEED_BITS, Unit

from ._placement import VerilogPlatform, place
from .core import WATCHDOG_BITS, Core, bus_ports
from .host_block import HostBlock, access_ports
from .retire import RETIRE_PORTS
from .sequencer import LOOP_COUNT_BITS

CORE_MODULE = "nngen_core"


class Node(wiring.Component):
    """A core that the host reaches, and other cores.

    Parameters
    ----------
    suffix
        Of the names of its modules: cores of another kind have others.

    Ports
    -----
    start, finished, watchdog, loop_count
        In: of the chip.
    run, done
        Out: the program runs; in its last cycle.
    write*, access_data, read*
        Accesses of the host: see :class:`~nngen.hardware.host_block.HostBlock`.
    retire_<unit>_*, stall_seed
        Simulation builds.
    others
        In a chip with several cores: see :class:`~nngen.hardware.core.Core`.
    """

    def __init__(self, parameters: CoreParameters, *, block_bits: int, suffix: str, retire: bool):
        self.parameters = parameters
        self.block_bits = block_bits
        self.suffix = suffix
        self.retire = retire
        ports: dict[str, object] = {**access_ports(block_bits), **bus_ports(parameters)}
        ports |= {"watchdog": In(WATCHDOG_BITS), "loop_count": In(LOOP_COUNT_BITS), "run": Out(1), "done": Out(1)}
        if retire:
            for unit in Unit:
                ports |= {name.replace("retire_", f"retire_{unit}_"): port for name, port in RETIRE_PORTS.items()}
            ports["stall_seed"] = In(STALL_SEED_BITS)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        core = Core(self.parameters, retire=self.retire, suffix=self.suffix)
        block = HostBlock(self.parameters, block_bits=self.block_bits)
        m.submodules.block = block
        if isinstance(platform, VerilogPlatform):
            place(m, platform, "core", core, kind=f"{CORE_MODULE}{self.suffix}", reset=ResetSignal() | self.start)
        else:
            m.submodules.core = ResetInserter(self.start)(core)
        for name, member in core.signature.members.items():
            outside = block if name in block.signature.members else self
            source, target = (core, outside) if member.flow is Out else (outside, core)
            m.d.comb += getattr(target, name).eq(getattr(source, name))
        for name, member in access_ports(self.block_bits).items():
            source, target = (block, self) if member.flow is Out else (self, block)
            m.d.comb += getattr(target, name).eq(getattr(source, name))
        m.d.comb += [self.run.eq(block.run), self.done.eq(core.done)]
        return m
