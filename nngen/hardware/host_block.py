"""What the host reaches in one core: its registers and its memory windows, of ``nngen.host.register_map``."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.host import EVENT_BASE, Window, register_map
from nngen.isa import EVENT_NAMES, coefficient_lanes, index_bits, record_words, words_per_row

from .core import host_ports

# Host ports of a core that do not come from its block.
_OF_THE_CHIP = ("watchdog", "loop_count")


def access_ports(block_bits: int) -> dict[str, wiring.Member]:
    """Return the ports toward the host port, as a core's block sees them; see :class:`HostBlock`."""
    return {
        "start": In(1),
        "finished": In(1),
        "write": In(1),
        "write_address": In(block_bits),
        "write_strobe": In(4),
        "access_data": In(32),
        "write_fits": Out(1),
        "write_wait": Out(1),
        "read": In(1),
        "read_address": In(block_bits),
        "read_ready": Out(1),
        "read_known": Out(1),
        "read_value": Out(32),
    }


class HostBlock(wiring.Component):
    """The host's block of one core.

    Ports
    -----
    start, finished
        In: an accepted start; all programs of the chip have ended since then.
    write, write_address, write_strobe, access_data, write_fits, write_wait
        A write of the host to this core: see :class:`~nngen.hardware.host_port.HostPort`.
    read, read_address, read_ready, read_known, read_value
        A read likewise.
    run, done, cause, cause_pc, event_<name>
        State of the core.
    program_*, constant_*, macro_*, coefficient_*, table_*, memory_*, write_data
        See :class:`~nngen.hardware.core.Core`.
    """

    def __init__(self, core: Core, *, block_bits: int):
        self.core = core
        self.map = register_map(core)
        self.block_bits = block_bits
        ports = {name: member.flip() for name, member in host_ports(core).items() if name not in _OF_THE_CHIP}
        super().__init__(ports | access_ports(block_bits))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        with m.If(self.start):
            m.d.sync += self.run.eq(1)
        with m.Elif(self.run & self.done):
            m.d.sync += self.run.eq(0)
        m.d.comb += self.write_data.eq(self.access_data)
        self._write_program(m)
        self._write_memory(m)
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

    def _write_memory(self, m: Module) -> None:
        core = self.core
        inside, index = self._window(self.write_address, self.map.window("ACTIVATIONS"))
        part_bits = (core.word_bytes // 4).bit_length() - 1
        m.d.comb += self.memory_write_address.eq(index[part_bits:])
        with m.If(self.write & inside):
            m.d.comb += [self.write_fits.eq(1), self.write_wait.eq(~self.memory_write_ready)]
            for part in range(core.word_bytes // 4):
                selected = index[:part_bits] == part if part_bits else Const(1)
                m.d.comb += self.memory_write[4 * part : 4 * part + 4].eq(Mux(selected, self.write_strobe, 0))

    def _write_program(self, m: Module) -> None:
        """Write what a core holds before its program can start."""
        core, address, fits = self.core, self.write_address, self.write_fits
        act = self.write & (self.write_strobe == 0b1111) & ~self.run
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

    def _read(self, m: Module) -> None:
        address, fetching = self.read_address, Signal()
        value, known = Signal(32), Signal()
        readable = {"STATUS": Cat(self.run, self.finished), "CAUSE": self.cause, "CAUSE_PC": self.cause_pc}
        with m.Switch(address[2:]):
            for name, source in readable.items():
                with m.Case(self.map.register(name).address >> 2):
                    m.d.comb += [value.eq(source), known.eq(1)]
            for i, name in enumerate(EVENT_NAMES):
                with m.Case((EVENT_BASE >> 2) + i):
                    m.d.comb += [value.eq(getattr(self, f"event_{name}")), known.eq(1)]
        inside, index = self._window(address, self.map.window("ACTIVATIONS"))
        part_bits = (self.core.word_bytes // 4).bit_length() - 1
        part = self.memory_read_data.word_select(index[:part_bits], 32) if part_bits else self.memory_read_data
        m.d.comb += [
            self.memory_read_address.eq(index[part_bits:]),
            self.memory_read.eq(self.read & ~fetching & inside),
            self.read_ready.eq(~inside | fetching),
            self.read_known.eq(inside | known),
            self.read_value.eq(Mux(inside, part, value)),
        ]
        m.d.sync += fetching.eq(self.memory_read & self.memory_read_ready)
