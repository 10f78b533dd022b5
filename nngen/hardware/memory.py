"""The one memory of the design: one read and one write port, behind a wrapper that a foundry SRAM can replace."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Instance, Module, unsigned
from amaranth.lib import memory, wiring
from amaranth.lib.wiring import In, Out

from nngen.isa import index_bits

from ._placement import VerilogPlatform, silence

# Module of templates/verilog/nngen_memory.v.
MEMORY_MODULE = "nngen_memory"


class Memory(wiring.Component):
    """1R1W memory, ``depth`` words of ``width`` bits, written in lanes of ``granularity`` bits.

    A read in the cycle of a write to the same word returns the old word. Contents are not reset.

    Ports
    -----
    read_enable, read_address
        In; the word appears on ``read_data`` in the next cycle and stays until the next read.
    write_enable
        In, one bit a lane, lowest lane first.
    write_address, write_data
        In.
    """

    def __init__(self, *, depth: int, width: int, granularity: int | None = None):
        self.depth = max(2, depth)
        self.width = width
        self.granularity = granularity or width
        address = index_bits(self.depth)
        super().__init__(
            {
                "read_enable": In(1),
                "read_address": In(address),
                "read_data": Out(width),
                "write_enable": In(width // self.granularity),
                "write_address": In(address),
                "write_data": In(width),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        if isinstance(platform, VerilogPlatform):
            raise TypeError("a memory must be added with add_memory, which makes it an instance of its wrapper")
        storage = memory.Memory(shape=unsigned(self.width), depth=self.depth, init=[])
        m.submodules.storage = storage
        write = storage.write_port(granularity=self.granularity if self.granularity < self.width else None)
        read = storage.read_port()
        m.d.comb += [
            write.addr.eq(self.write_address),
            write.data.eq(self.write_data),
            write.en.eq(self.write_enable),
            read.addr.eq(self.read_address),
            read.en.eq(self.read_enable),
            self.read_data.eq(read.data),
        ]
        return m


def add_memory(module: Module, platform: object, name: str, component: Memory) -> Memory:
    """Add a memory to ``module`` as submodule ``name``; in Verilog an instance of the wrapper."""
    if isinstance(platform, VerilogPlatform):
        silence(component)
        module.submodules[name] = Instance(
            MEMORY_MODULE,
            p_DEPTH=component.depth,
            p_WIDTH=component.width,
            p_GRANULARITY=component.granularity,
            p_ADDRESS_BITS=index_bits(component.depth),
            i_clk=ClockSignal(),
            i_read_enable=component.read_enable,
            i_read_address=component.read_address,
            o_read_data=component.read_data,
            i_write_enable=component.write_enable,
            i_write_address=component.write_address,
            i_write_data=component.write_data,
        )
    else:
        module.submodules[name] = component
    return component
