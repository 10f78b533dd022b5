"""The AXI4-Lite port: what it does for the whole chip. What it reaches in a core is in :mod:`.host_block`."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Architecture
from nngen.host import MAGIC, chip_map

from .core import WATCHDOG_BITS
from .sequencer import LOOP_COUNT_BITS

OKAY, SLVERR = 0, 2


def axi_lite_ports(address_bits: int) -> dict[str, object]:
    """Return the ports of an AXI4-Lite subordinate, prefix ``s_axi``."""
    return {
        "s_axi_awaddr": In(address_bits),
        "s_axi_awprot": In(3),
        "s_axi_awvalid": In(1),
        "s_axi_awready": Out(1),
        "s_axi_wdata": In(32),
        "s_axi_wstrb": In(4),
        "s_axi_wvalid": In(1),
        "s_axi_wready": Out(1),
        "s_axi_bresp": Out(2),
        "s_axi_bvalid": Out(1),
        "s_axi_bready": In(1),
        "s_axi_araddr": In(address_bits),
        "s_axi_arprot": In(3),
        "s_axi_arvalid": In(1),
        "s_axi_arready": Out(1),
        "s_axi_rdata": Out(32),
        "s_axi_rresp": Out(2),
        "s_axi_rvalid": Out(1),
        "s_axi_rready": In(1),
    }


class HostPort(wiring.Component):
    """One access at a time in each direction. What is not mapped, or not allowed now, answers SLVERR and does nothing.

    Ports
    -----
    s_axi_*
        AXI4-Lite.
    interrupt
        Out: all programs have ended and the host asked to be told.
    start
        Out: an accepted start; resets the cores in this cycle.
    watchdog, loop_count, finished
        Out: host registers; all programs have ended since the last start.
    run, done
        In, one bit a core: its program runs; in its last cycle.
    write, write_address, write_strobe, write_data
        Out: a write of the host to the core that the bit of ``write`` says; address within the core's block.
    write_fits, write_wait
        In, one bit a core: the write is allowed; it cannot be done yet.
    read, read_address
        Out: a read likewise.
    read_ready, read_known
        In, one bit a core: the value is there in this cycle; there is such a register or word.
    read_value_<core>
        In.
    """

    def __init__(self, architecture: Architecture):
        self.architecture = architecture
        self.map = chip_map(architecture.cores)
        self.block_bits = self.map.block_bits
        cores = len(architecture.cores)
        block = self.map.cores[0]
        ports = axi_lite_ports(self.map.address_bits)
        ports |= {
            "interrupt": Out(1),
            "start": Out(1),
            "finished": Out(1),
            "watchdog": Out(WATCHDOG_BITS, init=block.register("WATCHDOG").reset),
            "loop_count": Out(LOOP_COUNT_BITS, init=block.register("LOOP_COUNT").reset),
            "run": In(cores),
            "done": In(cores),
            "write": Out(cores),
            "write_address": Out(self.block_bits),
            "write_strobe": Out(4),
            "write_data": Out(32),
            "write_fits": In(cores),
            "write_wait": In(cores),
            "read": Out(cores),
            "read_address": Out(self.block_bits),
            "read_ready": In(cores),
            "read_known": In(cores),
        }
        super().__init__(ports | {f"read_value_{core}": In(32) for core in range(cores)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.interrupt_enable, self.interrupt_pending = Signal(), Signal()
        with m.If(self.start):
            m.d.sync += self.finished.eq(0)
        with m.Elif(self.run.any() & ~(self.run & ~self.done).any()):
            m.d.sync += [self.finished.eq(1), self.interrupt_pending.eq(1)]
        m.d.comb += self.interrupt.eq(self.interrupt_enable & self.interrupt_pending)
        self._write(m)
        self._read(m)
        return m

    def _selected(self, address: Value) -> Value:
        """Return one bit a core: the address lies in its block."""
        cores = len(self.architecture.cores)
        if cores == 1:
            return Const(1, 1)
        return Cat(*[address[self.block_bits :] == core for core in range(cores)])

    def _hit(self, address: Value, name: str) -> Value:
        """Return whether an address, within a block, is that of a register of the chip."""
        return address[2 : self.block_bits] == self.map.cores[0].register(name).address >> 2

    def _write(self, m: Module) -> None:
        address, data, strobe = Signal(self.map.address_bits), Signal(32), Signal(4)
        has_address, has_data, fits, wait = Signal(), Signal(), Signal(), Signal()
        act = Signal()
        selected = Signal(len(self.architecture.cores), name="write_selected")
        m.d.comb += [
            self.s_axi_awready.eq(~has_address),
            self.s_axi_wready.eq(~has_data),
            self.write_data.eq(data),
            self.write_strobe.eq(strobe),
            self.write_address.eq(address[: self.block_bits]),
            act.eq(has_address & has_data & ~self.s_axi_bvalid),
            selected.eq(self._selected(address)),
            self.write.eq(Mux(act, selected, 0)),
            wait.eq((selected & self.write_wait).any()),
        ]
        with m.If(self.s_axi_awvalid & self.s_axi_awready):
            m.d.sync += [address.eq(self.s_axi_awaddr), has_address.eq(1)]
        with m.If(self.s_axi_wvalid & self.s_axi_wready):
            m.d.sync += [data.eq(self.s_axi_wdata), strobe.eq(self.s_axi_wstrb), has_data.eq(1)]
        with m.If(self.s_axi_bvalid & self.s_axi_bready):
            m.d.sync += self.s_axi_bvalid.eq(0)
        with m.If(act & ~wait):
            m.d.sync += [
                has_address.eq(0),
                has_data.eq(0),
                self.s_axi_bvalid.eq(1),
                self.s_axi_bresp.eq(Mux(fits | (selected & self.write_fits).any(), OKAY, SLVERR)),
            ]
        self._write_registers(m, act & (strobe == 0b1111) & selected.any(), address, data, fits)

    def _write_registers(self, m: Module, act: Value, address: Value, data: Value, fits: Value) -> None:
        def hit(name: str) -> Value:
            return act & self._hit(address, name)

        with m.If(hit("START")):
            m.d.comb += [fits.eq(1), self.start.eq(data[0] & ~self.run.any())]
        with m.If(hit("INTERRUPT_ENABLE")):
            m.d.comb += fits.eq(1)
            m.d.sync += self.interrupt_enable.eq(data[0])
        with m.If(hit("INTERRUPT")):
            m.d.comb += fits.eq(1)
            with m.If(data[0]):
                m.d.sync += self.interrupt_pending.eq(0)
        with m.If(hit("WATCHDOG")):
            m.d.comb += fits.eq(1)
            m.d.sync += self.watchdog.eq(data)
        with m.If(hit("LOOP_COUNT")):
            m.d.comb += fits.eq(1)
            m.d.sync += self.loop_count.eq(data)

    def _read(self, m: Module) -> None:
        cores = len(self.architecture.cores)
        address, has_address = Signal(self.map.address_bits), Signal()
        selected = Signal(cores, name="read_selected")
        value, known, ready = Signal(32), Signal(), Signal()
        m.d.comb += [
            self.s_axi_arready.eq(~has_address),
            self.read_address.eq(address[: self.block_bits]),
            selected.eq(self._selected(address)),
            self.read.eq(Mux(has_address & ~self.s_axi_rvalid, selected, 0)),
            ready.eq((selected & self.read_ready).any() | ~selected.any()),
        ]
        with m.If(self.s_axi_arvalid & self.s_axi_arready):
            m.d.sync += [address.eq(self.s_axi_araddr), has_address.eq(1)]
        with m.If(self.s_axi_rvalid & self.s_axi_rready):
            m.d.sync += [self.s_axi_rvalid.eq(0), has_address.eq(0)]
        readable = {
            "MAGIC": Const(MAGIC, 32),
            "ARCHITECTURE": Const(int(self.architecture.sha256[:8], 16), 32),
            "INTERRUPT_ENABLE": self.interrupt_enable,
            "INTERRUPT": self.interrupt_pending,
            "WATCHDOG": self.watchdog,
            "LOOP_COUNT": self.loop_count,
        }
        of_cores = [Mux(selected[core], getattr(self, f"read_value_{core}"), 0) for core in range(cores)]
        m.d.comb += value.eq(Cat(*[Cat(*[one[bit] for one in of_cores]).any() for bit in range(32)]))
        for name, source in readable.items():
            with m.If(selected.any() & self._hit(address, name)):
                m.d.comb += [value.eq(source), known.eq(1)]
        with m.If(has_address & ~self.s_axi_rvalid & ready):
            m.d.sync += [
                self.s_axi_rvalid.eq(1),
                self.s_axi_rdata.eq(value),
                self.s_axi_rresp.eq(Mux(known | (selected & self.read_known).any(), OKAY, SLVERR)),
            ]
