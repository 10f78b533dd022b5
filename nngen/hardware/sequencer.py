"""Fetches instructions, runs loops, resolves addresses, refuses illegal instructions, feeds the units' queues."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core
from nngen.isa import (
    ADDRESS_REGISTERS,
    BY_MNEMONIC,
    LOOP_DEPTH,
    OPCODE_OFFSET,
    STALL_SEED_BITS,
    UNIT_CODES,
    Cause,
    Unit,
    core_units,
    index_bits,
    register,
)

from .command import ADDRESS_FIELD_BITS, BODY_BITS, PC_BITS, Kind, command_layout, operand
from .legality import breaks, core_instructions, illegal
from .retire import RETIRE_PORTS
from .stalls import Stalls

LOOP_COUNT_BITS = 16


def address_bits(core: Core) -> int:
    """Return the width of a number of bytes up to the whole activation memory."""
    return core.reach_bytes.bit_length()


class Sequencer(wiring.Component):
    """Issues one instruction a cycle (docs/core.md, "Sequencer").

    Ports
    -----
    run
        In: the core works.
    program_enable, program_address, program_data
        Program memory.
    push_<unit>, ready_<unit>, entry
        Queues of the units.
    quiescent
        In: all queues and pipelines are empty.
    loop_count
        In: the host's repetitions.
    issue
        Out: an instruction issues in this cycle.
    stalled
        Out: an instruction is there and cannot issue.
    done
        Out: the program ends in this cycle (HALT, or an error once quiescent).
    cause, cause_pc
        Out: the first error and the address of its instruction; 0 and 0 after HALT.
    watchdog
        In: the core made no progress for too long; ends the program at once.
    waiting_<unit>
        In, simulation builds: the unit's queue is not empty.
    begin, stall_seed
        Out: first cycle of a program. In: of the seeded stalls. Simulation builds.
    retire_valid, retire_word, retire_pc, retire_state, retire_digest
        Out, simulation builds: instructions that the sequencer executes itself.
    """

    def __init__(self, core: Core, *, retire: bool):
        self.core = core
        self.units = core_units(core)
        self.instructions = core_instructions(core)
        self.retire = retire
        self.layout = command_layout(retire=retire)
        ports = {
            "run": In(1),
            "program_enable": Out(1),
            "program_address": Out(index_bits(core.program_instructions)),
            "program_data": In(64),
            "entry": Out(self.layout),
            "quiescent": In(1),
            "loop_count": In(LOOP_COUNT_BITS),
            "issue": Out(1),
            "stalled": Out(1),
            "done": Out(1),
            "cause": Out(3),
            "cause_pc": Out(PC_BITS),
            "watchdog": In(1),
        }
        for unit in self.units:
            ports |= {f"push_{unit}": Out(1), f"ready_{unit}": In(1)}
        if retire:
            ports |= RETIRE_PORTS | {"begin": Out(1), "stall_seed": In(STALL_SEED_BITS)}
            ports |= {f"waiting_{unit}": In(1) for unit in self.units}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.word = Signal(64)
        self.pc = Signal(range(self.core.program_instructions + 1))
        self.next_pc = Signal.like(self.pc)
        self.opcode = Signal(6)
        self.valid, self.stopping = Signal(), Signal()
        m.d.comb += [
            self.word.eq(self.program_data),
            self.opcode.eq(self.word[OPCODE_OFFSET:]),
            self.program_enable.eq(1),
            self.program_address.eq(Mux(self.issue, self.next_pc, self.pc)),
        ]
        self.is_ = {}
        for format_ in self.instructions:
            self.is_[format_.mnemonic] = Signal(name=f"is_{format_.mnemonic.lower()}")
            m.d.comb += self.is_[format_.mnemonic].eq(self.opcode == format_.opcode)
        self.runs = [name for name in ("LOAD", "STORE", "FILL", "PROG") if name in self.is_]
        self.takes_run = Cat(*[self.is_[mnemonic] for mnemonic in self.runs]).any()
        self._addresses(m)
        self._loops(m)
        self._checks(m)
        self._issue(m)
        return m

    def _field(self, mnemonic: str, name: str) -> Value:
        return operand(self.word, mnemonic, name)

    def _addresses(self, m: Module) -> None:
        """Address registers: resolve LOAD, STORE, FILL and PROG, execute ADD and SET."""
        bits = address_bits(self.core)
        bases = Array([Signal(bits, name=f"base{i}") for i in range(ADDRESS_REGISTERS)])
        sizes = Array([Signal(bits, name=f"size{i}") for i in range(ADDRESS_REGISTERS)])
        positions = Array([Signal(bits, name=f"position{i}") for i in range(ADDRESS_REGISTERS)])
        index = self._field("ADD", "register")
        base, size, position = Signal(bits), Signal(bits), Signal(bits)
        moved, wrapped = Signal(signed(26)), Signal(signed(26))
        step = Mux(self.is_["ADD"], self._field("ADD", "value"), self._field("LOAD", "offset"))
        self.inside, self.address = Signal(), Signal(bits + 1)
        m.d.comb += [
            base.eq(bases[index]),
            size.eq(sizes[index]),
            position.eq(positions[index]),
            moved.eq(position + step),
            wrapped.eq(moved + Mux(moved < 0, size, Mux(moved >= size, -size, 0))),
            self.inside.eq((wrapped >= 0) & (wrapped < size)),
            self.address.eq(base + wrapped[:bits]),
        ]
        with m.If(self.issue & self.is_["ADD"]):
            m.d.sync += positions[index].eq(wrapped)
        for name, registers in (("BASE", bases), ("SIZE", sizes), ("POSITION", positions)):
            first = register(Unit.SEQUENCER, name).index
            for i, target in enumerate(registers):
                hit = (self._field("SET", "unit") == 0) & (self._field("SET", "index") == first + i)
                with m.If(self.issue & self.is_["SET"] & hit):
                    m.d.sync += target.eq(self._field("SET", "value"))

    def _loops(self, m: Module) -> None:
        """The loop stack; its top is entry 0."""
        pc_bits = len(self.pc)
        starts = [Signal(pc_bits, name=f"loop_start{i}") for i in range(LOOP_DEPTH)]
        end_bits = max(pc_bits, BY_MNEMONIC["LOOP"].field("length").width) + 1
        ends = [Signal(end_bits, name=f"loop_end{i}") for i in range(LOOP_DEPTH)]
        rests = [Signal(LOOP_COUNT_BITS, name=f"loop_rest{i}") for i in range(LOOP_DEPTH)]
        self.depth = depth = Signal(range(LOOP_DEPTH + 1))
        count = Mux(self._field("LOOP", "host"), self.loop_count, self._field("LOOP", "count"))
        end, at_end = Signal(end_bits), Signal()
        m.d.comb += [
            end.eq(self.pc + self._field("LOOP", "length")),
            at_end.eq((depth != 0) & (self.pc == ends[0])),
            self.next_pc.eq(Mux(at_end & (rests[0] != 1), starts[0], self.pc + 1)),
        ]
        self.loop_fault = Signal()
        m.d.comb += self.loop_fault.eq((count == 0) | (depth == LOOP_DEPTH) | ((depth != 0) & (end >= ends[0])))
        with m.If(self.issue & self.is_["LOOP"]):
            m.d.sync += [starts[0].eq(self.pc + 1), ends[0].eq(end), rests[0].eq(count), depth.eq(depth + 1)]
            for i in range(1, LOOP_DEPTH):
                m.d.sync += [starts[i].eq(starts[i - 1]), ends[i].eq(ends[i - 1]), rests[i].eq(rests[i - 1])]
        with m.Elif(self.issue & at_end):
            with m.If(rests[0] != 1):
                m.d.sync += rests[0].eq(rests[0] - 1)
            with m.Else():
                m.d.sync += depth.eq(depth - 1)
                for i in range(1, LOOP_DEPTH):
                    m.d.sync += [starts[i - 1].eq(starts[i]), ends[i - 1].eq(ends[i]), rests[i - 1].eq(rests[i])]

    def _checks(self, m: Module) -> None:
        """Find the cause, if any, for which the instruction must not issue."""
        core = self.core
        invalid = Signal()
        for format_ in self.instructions:
            with m.If(self.is_[format_.mnemonic] & breaks(self.word, core, format_)):
                m.d.comb += invalid.eq(1)
        size, alignment = Signal(18), Signal(2)
        for mnemonic in self.runs:
            with m.If(self.is_[mnemonic]):
                m.d.comb += size.eq(self._field(mnemonic, "length") * BY_MNEMONIC[mnemonic].bytes_each)
        if core.activation_bits > 8:
            m.d.comb += alignment[0].eq(self.is_["LOAD"] & self._field("LOAD", "wide"))
        if core.reprogram:
            with m.If(self.is_["PROG"]):
                m.d.comb += alignment.eq(0b11)
        limit: Value = Const(core.activation_bytes)
        if core.bus is not None:
            on_bus = (self.is_["STORE"] & self._field("STORE", "bus")) | (self.is_["FILL"] & self._field("FILL", "bus"))
            limit = Mux(on_bus, core.reach_bytes, core.activation_bytes)
        beyond = (self.address + size > limit) | (self.address & alignment).any()
        unreachable = (self.is_["ADD"] & ~self.inside) | (self.takes_run & (~self.inside | beyond))
        wrong = illegal(m, self.word, core)
        self.fault = Signal(3)
        with m.If(self.pc == core.program_instructions):
            m.d.comb += self.fault.eq(Cause.PROGRAM)
        with m.Elif(wrong):
            m.d.comb += self.fault.eq(Cause.ILLEGAL)
        with m.Elif(invalid):
            m.d.comb += self.fault.eq(Cause.OPERAND)
        with m.Elif(self.is_["LOOP"] & self.loop_fault):
            m.d.comb += self.fault.eq(Cause.LOOP)
        with m.Elif(unreachable):
            m.d.comb += self.fault.eq(Cause.ADDRESS)

    def _entry(self, m: Module) -> Signal:
        """Compose the queue entry; returns the unit the instruction is for."""
        unit, kind = Signal(3), Signal(3)
        with m.Switch(self.opcode):
            for format_ in self.instructions:
                with m.Case(format_.opcode):
                    if format_.unit is None:
                        m.d.comb += [unit.eq(self.word[:3]), kind.eq(Kind[format_.mnemonic])]
                    else:
                        m.d.comb += unit.eq(UNIT_CODES[format_.unit])
                    if format_.mnemonic in ("FILL", "PROG", "TELL"):
                        m.d.comb += kind.eq(Kind[format_.mnemonic])
        low = Mux(self.takes_run, self.address, self.word[:ADDRESS_FIELD_BITS])
        m.d.comb += [
            self.entry.body.eq(Cat(low[:ADDRESS_FIELD_BITS], self.word[ADDRESS_FIELD_BITS:BODY_BITS])),
            self.entry.kind.eq(kind),
        ]
        return unit

    def _issue(self, m: Module) -> None:
        """Issue, stall, or stop."""
        unit = self._entry(m)
        queued = unit != UNIT_CODES[Unit.SEQUENCER]
        ready = Signal()
        with m.Switch(unit):
            for name in self.units:
                with m.Case(UNIT_CODES[name]):
                    m.d.comb += ready.eq(getattr(self, f"ready_{name}"))
            with m.Default():
                m.d.comb += ready.eq(~self.is_["HALT"] | self.quiescent)
        active, stop_now, legal = Signal(), Signal(), Signal()
        held = self._stalls(m, legal) if self.retire else Const(0, 1)
        m.d.comb += [
            active.eq(self.run & self.valid & ~self.stopping),
            stop_now.eq(active & (self.fault != 0)),
            legal.eq(active & (self.fault == 0)),
            self.issue.eq(legal & ready & ~held),
            self.stalled.eq(legal & ~self.issue),
            self.done.eq(
                (self.issue & self.is_["HALT"]) | ((stop_now | self.stopping) & self.quiescent) | self.watchdog
            ),
        ]
        for name in self.units:
            m.d.comb += getattr(self, f"push_{name}").eq(self.issue & queued & (unit == UNIT_CODES[name]))
        with m.If(self.run):
            m.d.sync += self.valid.eq(1)
        with m.If(self.issue):
            m.d.sync += self.pc.eq(self.next_pc)
        with m.If(stop_now):
            m.d.sync += [self.stopping.eq(1), self.cause.eq(self.fault), self.cause_pc.eq(self.pc)]
        with m.Elif(self.watchdog & ~self.stopping):
            m.d.sync += [self.cause.eq(Cause.WATCHDOG), self.cause_pc.eq(self.pc)]
        with m.If(self.done):
            m.d.sync += self.valid.eq(0)
        if self.retire:
            self._retire(m, unit, queued=queued, waits=legal & ~held & ~ready)

    def _stalls(self, m: Module, valid: Value) -> Value:
        """Return whether the instruction is held."""
        m.submodules.stalls = stalls = Stalls(UNIT_CODES[Unit.SEQUENCER])
        m.d.comb += [
            self.begin.eq(self.run & ~self.valid),
            stalls.load.eq(self.begin),
            stalls.seed.eq(self.stall_seed),
            stalls.valid.eq(valid),
            stalls.advance.eq(self.issue),
        ]
        return stalls.held

    def _retire(self, m: Module, unit: Signal, *, queued: Value, waits: Value) -> None:
        """Retire what the sequencer executes itself; tell the units what the others met."""
        waited, empty = Signal(), Signal()
        m.d.sync += waited.eq(~self.issue & (waited | waits))
        with m.Switch(unit):
            for name in self.units:
                with m.Case(UNIT_CODES[name]):
                    m.d.comb += empty.eq(~getattr(self, f"waiting_{name}"))
        m.d.comb += [
            self.entry.word.eq(self.word),
            self.entry.pc.eq(self.pc),
            self.entry.state.eq(Cat(self.depth, empty, waited)),
            self.retire_valid.eq(self.issue & ~queued),
            self.retire_word.eq(self.word),
            self.retire_pc.eq(self.pc),
            self.retire_state.eq(Cat(self.depth, Const(0, 2), waited)),
        ]
