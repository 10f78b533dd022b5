"""LOAD: copies runs of activation memory into the macros' row buffers or the vector buffer; PROG, into their cells."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import LOAD_LATENCY, Unit, index_bits, register, words_per_row

from .command import Kind
from .programming import Programming, program_macros
from .retire import fold
from .runs import RunWord, rotate_lanes, walk_runs
from .unit import QueuedUnit

WORD_BITS = 13
SINGLE_PLACE_BITS = 17  # of a row after one run; signed
PLACE_BITS = 23  # of a row, or a byte of the vector buffer, after all runs; signed


class Load(QueuedUnit):
    """One memory word a cycle, placed at any row from any byte address.

    Ports
    -----
    memory_enable, memory_address, memory_data
        Read port of activation memory.
    free, write_bank
        In: bookkeeping of the row buffers. ``acquire``, ``written``, ``filled`` go back to it.
    row_hit
        Out, one bit a macro: this cycle's word goes to its row buffer.
    row_bank
        Out: bank it goes to.
    row_index
        Out: row-buffer word of the lowest row, minus one where the first lanes lie before row 0 (then all ones).
    row_low, row_high
        Out, one bit a lane: written in that word; in the one after it.
    row_data
        Out: one code a lane.
    bytes_written
        Out, for the event counters.
    vector_free, vector_write_bank, vector_acquire, vector_written, vector_filled
        Bookkeeping of the vector buffers, in cores with VEC.
    vector_write, vector_bank, vector_word, vector_data
        Out, in cores with VEC: this cycle's word goes to the vector buffer, from its word ``vector_word`` on, in the
        lanes of ``row_low`` and ``row_high``.
    program_macro, program_row, program_word, program_data
        Out, in cores with PROG: programming ports; one bit a macro.
    programmed
        Out, in cores with PROG: a programming word was read, for the event counters.
    """

    unit = Unit.LOAD
    latency = LOAD_LATENCY

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        lanes = core.word_bytes
        ports = {
            "memory_enable": Out(1),
            "memory_address": Out(index_bits(core.activation_bytes // lanes)),
            "memory_data": In(8 * lanes),
            "free": In(1),
            "write_bank": In(1),
            "acquire": Out(1),
            "written": Out(1),
            "filled": Out(1),
            "row_hit": Out(core.macros),
            "row_bank": Out(1),
            "row_index": Out(index_bits(core.macro.rows // lanes + 1)),
            "row_low": Out(lanes),
            "row_high": Out(lanes),
            "row_data": Out(lanes * core.activation_bits),
            "bytes_written": Out(range(lanes * core.macros + 1)),
        }
        if core.vector is not None:
            ports |= {f"vector_{name}": In(1) for name in ("free", "write_bank")}
            ports |= {f"vector_{name}": Out(1) for name in ("acquire", "written", "filled", "write", "bank")}
            ports |= {"vector_word": Out(range(core.vector.buffer_bytes // lanes)), "vector_data": Out(8 * lanes)}
        if core.reprogram:
            ports |= {
                "program_macro": Out(core.macros),
                "program_row": Out(index_bits(core.macro.rows)),
                "program_word": Out(index_bits(words_per_row(core))),
                "program_data": Out(32),
                "programmed": Out(1),
            }
        super().__init__(ports, retire=retire)

    def work(self, m: Module, platform: object) -> None:
        core = self.core
        self.wide = self.operand("LOAD", "wide") if core.activation_bits > 8 else Const(0)
        self.vec = self.operand("LOAD", "vec") if core.vector is not None else Const(0)
        is_prog = self.head.kind == Kind.PROG if core.reprogram else Const(0)
        self.loads = self.working & ~is_prog
        run = walk_runs(
            m,
            self,
            core,
            active=self.loads,
            length=self.operand("LOAD", "length"),
            word_bits=WORD_BITS,
            strided=self.operand("LOAD", "strided"),
            even=self.wide if core.activation_bits > 8 else None,
        )
        m.d.comb += [self.memory_enable.eq(self.working), self.memory_address.eq(run.address)]
        ends = run.ends
        if core.reprogram:
            self.prog = program_macros(m, self, core, active=self.working & is_prog, memory_data=self.memory_data)
            ends = Mux(is_prog, self.prog.ends, run.ends)
            self._program(m, is_prog, self.prog)
        m.d.comb += self.work_ends.eq(ends)
        self._hand_over(m, is_prog)
        position = self._position(m, run)
        self._place(m, run, position)
        self._busy_before = Signal()
        m.d.sync += self._busy_before.eq(self.working)
        m.d.comb += self.empty.eq(~self._busy_before)

    def _program(self, m: Module, is_prog: Value, prog: Programming) -> None:
        with m.If(is_prog):
            m.d.comb += self.memory_address.eq(prog.address)
        m.d.comb += [
            self.program_macro.eq(prog.macros),
            self.program_row.eq(prog.row),
            self.program_word.eq(prog.word),
            self.program_data.eq(prog.data),
            self.programmed.eq(prog.written),
        ]

    def _hand_over(self, m: Module, is_prog: Value) -> None:
        """Acquire a bank and hand it over: of the row buffers, or with ``vec`` of the vector buffer."""
        first, last = self.operand("LOAD", "first"), self.operand("LOAD", "last")
        free = Mux(self.vec, self.vector_free, self.free) if self.core.vector is not None else self.free
        acquire, written = self.starting & ~is_prog & first, self.loads & self.work_ends & last
        m.d.comb += [
            self.can_start.eq(is_prog | ~first | free),
            self.acquire.eq(acquire & ~self.vec),
            self.written.eq(written & ~self.vec),
        ]
        m.d.sync += self.filled.eq(self.written)
        if self.core.vector is not None:
            m.d.comb += [self.vector_acquire.eq(acquire & self.vec), self.vector_written.eq(written & self.vec)]
            m.d.sync += self.vector_filled.eq(self.vector_written)

    def _position(self, m: Module, run: RunWord) -> Signal:
        """Return the row, or byte of the vector buffer, of the word's first element, were the word all in its run."""
        lane_bits = (self.core.word_bytes - 1).bit_length()
        row = self.operand("LOAD", "row")
        if self.core.strided_access:
            done, elements = Signal(PLACE_BITS), self.operand("LOAD", "length") >> self.wide
            with m.If(self.loads & run.last):
                m.d.sync += done.eq(Mux(run.ends, 0, done + elements))
            row = row + done
        self._run_row, self._first_word = row, run.first
        bits = PLACE_BITS if self.core.strided_access else SINGLE_PLACE_BITS
        position = Signal(signed(bits), name="position")
        m.d.comb += position.eq(row - (run.low >> self.wide) + ((run.number << lane_bits) >> self.wide))
        return position

    def _place(self, m: Module, run: RunWord, position: Signal) -> None:
        """The word read in this cycle is placed in the next: keep where its lanes go."""
        core, lanes = self.core, self.core.word_bytes
        lane_bits = (lanes - 1).bit_length()
        shift, lane_valid = Signal(lane_bits), Signal(lanes)
        groups = self._groups(m)
        dropped = (position >> lane_bits) >= core.macro.rows // lanes if core.strided_access else Const(0)
        m.d.sync += [
            self.row_hit.eq(Mux(self.loads & ~self.vec & ~dropped, groups, 0)),
            self.row_bank.eq(self.write_bank),
            self.row_index.eq(position >> lane_bits),
            shift.eq(position[:lane_bits]),
            lane_valid.eq(run.lanes),
        ]
        if core.strided_access or core.vector is not None:
            receivers = Signal(range(core.macros + 1))
            of_groups = sum(groups[i] for i in range(core.macros))
            m.d.sync += receivers.eq(Mux(self.loads, Mux(self.vec, 1, of_groups), 0))
        else:
            receivers = sum(self.row_hit[i] for i in range(core.macros))
        elements, valid = self._elements(m, run, lane_valid)
        self._valid = rotate_lanes(m, "valid", valid, shift, lanes=lanes)
        width, bits = len(elements) // lanes, core.activation_bits
        # KEEP comes after the rotation and INVERT before: in look-up tables of four inputs neither costs one.
        keep = Signal(width, name="kept")
        m.d.comb += keep.eq(Mux(self._late["vec"], (1 << width) - 1, self._keep(m)))
        self._rotated = rotate_lanes(m, "codes", elements, shift, lanes=lanes) & keep.replicate(lanes)
        above = Cat(*[lane >= shift for lane in range(lanes)])
        m.d.comb += [
            self.row_low.eq(self._valid & above),
            self.row_high.eq(self._valid & ~above),
            self.row_data.eq(Cat(*[self._rotated[i * width : i * width + bits] for i in range(lanes)])),
            self.bytes_written.eq(sum(lane_valid[i] for i in range(lanes)) * receivers),
        ]
        if core.vector is not None:
            self._place_in_vector(m, position >> lane_bits, width)
        self._position_now = position

    def _place_in_vector(self, m: Module, word: Value, width: int) -> None:
        m.d.sync += [
            self.vector_write.eq(self.loads & self.vec),
            self.vector_bank.eq(self.vector_write_bank),
            self.vector_word.eq(word),
        ]
        bytes_ = [self._rotated[i * width : i * width + 8] for i in range(self.core.word_bytes)]
        m.d.comb += self.vector_data.eq(Cat(*bytes_))

    def _groups(self, m: Module) -> Value:
        """Return which macros the command at the head is for."""
        known, group = register(Unit.LOAD, "GROUP"), self.operand("LOAD", "group")
        return Cat(
            *[self.register(m, known.index + i, known.width, f"group{i}") == group for i in range(self.core.macros)]
        )

    def _elements(self, m: Module, run: RunWord, lane_valid: Signal) -> tuple[Value, Value]:
        """Return the elements of the word that was read, inverted, lowest first, and which lanes hold one."""
        core, lanes, bits = self.core, self.core.word_bytes, self.core.activation_bits
        late = {name: Signal(name=f"late_{name}") for name in ("wide", "vec", "beyond")}
        m.d.sync += [late["wide"].eq(self.wide), late["vec"].eq(self.vec), late["beyond"].eq(run.beyond)]
        self._late = late
        data = self.memory_data
        if core.strided_access:
            data = Signal(8 * lanes, name="read_or_nothing")
            m.d.comb += data.eq(self.memory_data & ~late["beyond"].replicate(8 * lanes))
        width = max(8, bits) if core.vector is not None else bits
        invert = self.register(m, register(Unit.LOAD, "INVERT").index, bits, "invert")
        invert = Mux(late["vec"], 0, invert) if core.vector is not None else invert
        elements, valid = [], []
        for lane in range(lanes):
            byte, holds = data.word_select(lane, 8), lane_valid[lane]
            element: Value = byte
            if bits > 8:
                has_pair = 2 * lane < lanes
                pair, its = (data.word_select(lane, 16), lane_valid[2 * lane]) if has_pair else (Const(0), Const(0))
                element, holds = Mux(late["wide"], pair, byte), Mux(late["wide"], its, holds)
            elements.append((element ^ invert | Const(0, width))[:width])
            valid.append(holds)
        return Cat(*elements), Cat(*valid)

    def _keep(self, m: Module) -> Value:
        """Add the register KEEP, in which 0 becomes all ones."""
        described, bits = register(Unit.LOAD, "KEEP"), self.core.activation_bits
        keep, value = Signal(bits, name="keep", init=(1 << bits) - 1), self.operand("SET", "value")
        with m.If(self.set_now & (self.operand("SET", "index") == described.index)):
            m.d.sync += keep.eq(value | (value[: described.width] == 0).replicate(bits))
        return keep

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        core, lanes = self.core, self.core.word_bytes
        place = Signal(PLACE_BITS)
        m.d.sync += place.eq(Mux(self._first_word, self._run_row, self._position_now))
        if core.vector is not None:
            bits = core.vector.buffer_bytes.bit_length() - 1
            place = Mux(self._late["vec"], place[:bits], place)
        width = len(self._rotated) // lanes
        kept = [self._rotated[i * width : (i + 1) * width] & self._valid[i].replicate(width) for i in range(lanes)]
        written = fold(Cat(*[Cat(lane, Const(0, 8))[:8] for lane in kept]))
        if core.activation_bits > 8:
            pairs = [Cat(kept[i] | kept[i + lanes // 2], Const(0, 16))[:16] for i in range(lanes // 2)]
            written = Mux(self._late["wide"], fold(Cat(*pairs)), written)
        digest = written ^ place
        if core.reprogram:
            digest = Mux(self.prog.written, self.prog.data ^ self.prog.row, digest)
        return self._busy_before, digest
