"""VEC's two vector buffers: a memory word is written, and one is read, at any byte, in each cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core, Vector
from nngen.isa import index_bits

from .memory import Memory, add_memory
from .runs import rotate_lanes


class VectorBuffer(wiring.Component):
    """Words with an even and those with an odd number lie in memories of their own: of two neighbours, one in each.

    Ports
    -----
    write, write_bank, write_word, write_low, write_high, write_data
        In: write the lanes ``write_low`` of a word, and ``write_high`` of the one after it, modulo the buffer.
    read, read_bank, read_place
        In: read as many bytes as a memory word has, from this byte on, modulo the buffer.
    read_data
        Out: in the next cycle.
    """

    def __init__(self, core: Core, vector: Vector) -> None:
        self.core = core
        self.words = vector.buffer_bytes // core.word_bytes
        lanes, word_bits = core.word_bytes, index_bits(self.words)
        super().__init__(
            {
                "write": In(1),
                "write_bank": In(1),
                "write_word": In(word_bits),
                "write_low": In(lanes),
                "write_high": In(lanes),
                "write_data": In(8 * lanes),
                "read": In(1),
                "read_bank": In(1),
                "read_place": In(range(vector.buffer_bytes)),
                "read_data": Out(8 * lanes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        lanes = self.core.word_bytes
        lane_bits = (lanes - 1).bit_length()
        read_word = self.read_place[lane_bits:]
        memories = [add_memory(m, platform, name, self._memory()) for name in ("even", "odd")]
        for odd, memory in enumerate(memories):
            low = self.write_word[0] == odd
            m.d.comb += [
                memory.write_enable.eq(Mux(self.write, Mux(low, self.write_low, self.write_high), 0)),
                memory.write_address.eq(self._address(self.write_word, odd, self.write_bank)),
                memory.write_data.eq(self.write_data),
                memory.read_enable.eq(self.read),
                memory.read_address.eq(self._address(read_word, odd, self.read_bank)),
            ]
        from_odd, first = Signal(), Signal(lane_bits)
        m.d.sync += [from_odd.eq(read_word[0]), first.eq(self.read_place[:lane_bits])]
        even, odd_data = (memory.read_data for memory in memories)
        low, high = Mux(from_odd, odd_data, even), Mux(from_odd, even, odd_data)
        taken = Signal(8 * lanes)
        m.d.comb += [
            taken.eq(Cat(*[Mux(lane < first, high, low).word_select(lane, 8) for lane in range(lanes)])),
            # Lane ``first`` moves to lane 0: to the left by as many lanes as a word has less ``first``.
            self.read_data.eq(rotate_lanes(m, "read", taken, (lanes - first)[:lane_bits], lanes=lanes)),
        ]
        return m

    def _memory(self) -> Memory:
        return Memory(depth=self.words, width=8 * self.core.word_bytes, granularity=8)

    def _address(self, word: Value, odd: int, bank: Value) -> Value:
        """Return where a memory holds its one of two neighbours, the first of which is ``word``."""
        own = word[1:]
        return Cat(own if odd else (own + word[0])[: len(own)], bank)
