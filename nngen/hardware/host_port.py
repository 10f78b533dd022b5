"""The AXI4-Lite port: registers and memory windows of ``nngen.host.register_map``."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Architecture
from nngen.host import EVENT_BASE, MAGIC, Window, register_map
from nngen.isa import EVENT_NAMES, coefficient_lanes, index_bits, record_words, words_per_row

from .core import WATCHDOG_BITS, host_ports
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
        Out: a program ended and the host asked to be told.
    start
        Out: an accepted start; resets the core in this cycle.
    run, done, cause, cause_pc, event_<name>
        State of the core.
    watchdog, loop_count
        Out: host registers.
    program_*, constant_*, macro_*, coefficient_*, table_*, memory_*, write_data
        See :class:`~nngen.hardware.core.Core`.
    """

    def __init__(self, architecture: Architecture):
        self.architecture = architecture
        self.core = core = architecture.core
        self.map = register_map(core)
        ports = axi_lite_ports(self.map.address_bits) | {
            name: member.flip() for name, member in host_ports(core).items()
        }
        ports |= {
            "interrupt": Out(1),
            "start": Out(1),
            "watchdog": Out(WATCHDOG_BITS, init=self.map.register("WATCHDOG").reset),
            "loop_count": Out(LOOP_COUNT_BITS, init=self.map.register("LOOP_COUNT").reset),
        }
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.finished, self.interrupt_enable, self.interrupt_pending = Signal(), Signal(), Signal()
        with m.If(self.start):
            m.d.sync += [self.run.eq(1), self.finished.eq(0)]
        with m.Elif(self.run & self.done):
            m.d.sync += [self.run.eq(0), self.finished.eq(1), self.interrupt_pending.eq(1)]
        m.d.comb += self.interrupt.eq(self.interrupt_enable & self.interrupt_pending)
        self._write(m)
        self._read(m)
        return m

    def _window(self, address: Value, window: Window) -> tuple[Value, Value]:
        """Return (the address lies in the window, index of its word)."""
        bits = window.span.bit_length() - 1
        index = address[2:bits]
        inside = (address >> bits) == (window.address >> bits)
        if window.words < window.span // 4:
            inside = inside & (index < window.words)
        return inside, index

    def _write(self, m: Module) -> None:
        address, data, strobe = Signal(self.map.address_bits), Signal(32), Signal(4)
        has_address, has_data, fits, wait = Signal(), Signal(), Signal(), Signal()
        act = Signal()
        m.d.comb += [
            self.s_axi_awready.eq(~has_address),
            self.s_axi_wready.eq(~has_data),
            self.write_data.eq(data),
            act.eq(has_address & has_data & ~self.s_axi_bvalid),
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
                self.s_axi_bresp.eq(Mux(fits, OKAY, SLVERR)),
            ]
        whole = strobe == 0b1111
        self._write_registers(m, act & whole, address, data, fits)
        self._write_program(m, act & whole & ~self.run, address, fits)
        core = self.core
        inside, index = self._window(address, self.map.window("ACTIVATIONS"))
        part_bits = (core.word_bytes // 4).bit_length() - 1
        m.d.comb += self.memory_write_address.eq(index[part_bits:])
        with m.If(act & inside):
            m.d.comb += [fits.eq(1), wait.eq(~self.memory_write_ready)]
            for part in range(core.word_bytes // 4):
                selected = index[:part_bits] == part if part_bits else Const(1)
                m.d.comb += self.memory_write[4 * part : 4 * part + 4].eq(Mux(selected, strobe, 0))

    def _write_program(self, m: Module, act: Value, address: Value, fits: Value) -> None:
        """Write what a core holds before its program can start."""
        core = self.core
        inside, index = self._window(address, self.map.window("PROGRAM"))
        m.d.comb += self.program_address.eq(index[1:])
        with m.If(act & inside):
            m.d.comb += [fits.eq(1), self.program_write.eq(Mux(index[0], 0b10, 0b01))]
        inside, index = self._window(address, self.map.window("CONSTANTS"))
        word_bits = record_words(core).bit_length() - 1
        m.d.comb += self.constant_address.eq(index[word_bits:])
        with m.If(act & inside):
            m.d.comb += [fits.eq(1), self.constant_write.eq(1 << index[:word_bits])]
        inside, index = self._window(address, self.map.window("MACROS"))
        low = index_bits(words_per_row(core)) if words_per_row(core) > 1 else 0
        row_bits = index_bits(core.macro.rows)
        word, row, macro = index[:low], index[low : low + row_bits], index[low + row_bits :]
        m.d.comb += [self.macro_word.eq(word), self.macro_row.eq(row)]
        with m.If(act & inside & (word < words_per_row(core)) & (row < core.macro.rows)):
            m.d.comb += fits.eq(1)
            for i in range(core.macros):
                m.d.comb += self.macro_write[i].eq(macro == i if len(macro) else 1)
        if core.vector is not None:
            inside, index = self._window(address, self.map.window("COEFFICIENTS"))
            word_bits = (coefficient_lanes(core) // 2).bit_length() - 1
            m.d.comb += self.coefficient_address.eq(index[word_bits:])
            with m.If(act & inside):
                m.d.comb += [fits.eq(1), self.coefficient_write.eq(1 << index[:word_bits])]
        if core.tables:
            inside, index = self._window(address, self.map.window("TABLES"))
            m.d.comb += self.table_address.eq(index)
            with m.If(act & inside):
                m.d.comb += [fits.eq(1), self.table_write.eq(1)]

    def _write_registers(self, m: Module, act: Value, address: Value, data: Value, fits: Value) -> None:
        def hit(name: str) -> Value:
            return act & (address[2:] == self.map.register(name).address >> 2)

        with m.If(hit("START")):
            m.d.comb += [fits.eq(1), self.start.eq(data[0] & ~self.run)]
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
        address, has_address, fetching = Signal(self.map.address_bits), Signal(), Signal()
        value, known = Signal(32), Signal()
        m.d.comb += self.s_axi_arready.eq(~has_address)
        with m.If(self.s_axi_arvalid & self.s_axi_arready):
            m.d.sync += [address.eq(self.s_axi_araddr), has_address.eq(1)]
        with m.If(self.s_axi_rvalid & self.s_axi_rready):
            m.d.sync += [self.s_axi_rvalid.eq(0), has_address.eq(0)]
        readable = {
            "MAGIC": Const(MAGIC, 32),
            "ARCHITECTURE": Const(int(self.architecture.sha256[:8], 16), 32),
            "STATUS": Cat(self.run, self.finished),
            "CAUSE": self.cause,
            "CAUSE_PC": self.cause_pc,
            "INTERRUPT_ENABLE": self.interrupt_enable,
            "INTERRUPT": self.interrupt_pending,
            "WATCHDOG": self.watchdog,
            "LOOP_COUNT": self.loop_count,
        }
        with m.Switch(address[2:]):
            for name, source in readable.items():
                with m.Case(self.map.register(name).address >> 2):
                    m.d.comb += [value.eq(source), known.eq(1)]
            for i, name in enumerate(EVENT_NAMES):
                with m.Case((EVENT_BASE >> 2) + i):
                    m.d.comb += [value.eq(getattr(self, f"event_{name}")), known.eq(1)]
        inside, index = self._window(address, self.map.window("ACTIVATIONS"))
        part_bits = (self.core.word_bytes // 4).bit_length() - 1
        m.d.comb += [
            self.memory_read_address.eq(index[part_bits:]),
            self.memory_read.eq(has_address & ~self.s_axi_rvalid & ~fetching & inside),
        ]
        part = self.memory_read_data.word_select(index[:part_bits], 32) if part_bits else self.memory_read_data
        with m.If(has_address & ~self.s_axi_rvalid):
            with m.If(inside & ~fetching):
                m.d.sync += fetching.eq(self.memory_read_ready)
            with m.Else():
                m.d.sync += [
                    fetching.eq(0),
                    self.s_axi_rvalid.eq(1),
                    self.s_axi_rdata.eq(Mux(inside, part, value)),
                    self.s_axi_rresp.eq(Mux(inside | known, OKAY, SLVERR)),
                ]
