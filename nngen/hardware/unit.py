"""What all queued units share: their head of the queue, their ports to the counters, how a command runs."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from nngen.isa import COUNTERS, STALL_SEED_BITS, UNIT_CODES, Unit, index_bits

from .command import Kind, command_layout, operand
from .counters import WAIT_BITS
from .retire import RETIRE_PORTS, RetirePipeline
from .stalls import Stalls

STALL_PORTS = {"stall_load": In(1), "stall_seed": In(STALL_SEED_BITS)}


class QueuedUnit(wiring.Component):
    """Base of LOAD, MVM, POST, STORE and VEC.

    A subclass adds its ports, and in :meth:`work` says when a work command may start, when it ends, and what it does.
    One that executes TELL overrides :attr:`told`.

    Ports
    -----
    valid, head, pop
        The unit's queue.
    signal, wait, index, count, grant
        The counters.
    busy, stalled
        Out: the unit executes; a command is there and cannot start.
    empty
        Out: nothing is in the unit's pipeline.
    stall_load, stall_seed
        In, simulation builds: begin the sequence of seeded stalls.
    """

    unit: Unit
    latency: int

    def __init__(self, ports: dict[str, object], *, retire: bool):
        self.retire = retire
        layout: data.StructLayout = command_layout(retire=retire)
        super().__init__(
            {
                "valid": In(1),
                "head": In(layout),
                "pop": Out(1),
                "signal": Out(1),
                "wait": Out(1),
                "index": Out(index_bits(COUNTERS)),
                "count": Out(WAIT_BITS),
                "grant": In(1),
                "busy": Out(1),
                "stalled": Out(1),
                "empty": Out(1),
                **(RETIRE_PORTS | STALL_PORTS if retire else {}),
                **ports,
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        body, kind = self.head.body, self.head.kind
        work = (kind == Kind.WORK) | (kind == Kind.FILL) | (kind == Kind.PROG)
        self.can_start, self.work_ends = Signal(), Signal()
        self.working, self.set_now = Signal(), Signal()
        running, starts, simple = Signal(), Signal(), Signal()
        self.held = held = self._stalls(m) if self.retire else Const(0, 1)
        self.running = running
        m.d.comb += [
            self.wait.eq(self.valid & (kind == Kind.WAIT) & ~held),
            self.index.eq(operand(body, "WAIT", "counter")),
            self.count.eq(operand(body, "WAIT", "count")),
        ]
        with m.Switch(kind):
            with m.Case(Kind.SET, Kind.SIGNAL):
                m.d.comb += simple.eq(self.empty & ~held)
            with m.Case(Kind.TELL):
                m.d.comb += simple.eq(self.told)
            with m.Case(Kind.WAIT):
                m.d.comb += simple.eq(self.grant)
        # A work command that started runs on until it ends; ``starting`` marks its first cycle.
        self.starting = starts
        m.d.comb += [
            starts.eq(self.valid & work & ~running & self.can_start & ~held),
            self.working.eq(starts | running),
            self.set_now.eq(self.valid & (kind == Kind.SET) & simple),
            self.signal.eq(self.valid & (kind == Kind.SIGNAL) & simple),
            self.busy.eq(self.working | (self.valid & ~work & simple)),
            self.stalled.eq(self.valid & ~self.busy),
            self.pop.eq((self.working & self.work_ends) | (self.valid & ~work & simple)),
        ]
        m.d.sync += running.eq(self.working & ~self.work_ends)
        self.work(m, platform)
        if self.retire:
            self._retire(m)
        return m

    def _stalls(self, m: Module) -> Value:
        """Return whether the command at the head is held."""
        m.submodules.stalls = stalls = Stalls(UNIT_CODES[self.unit])
        m.d.comb += [
            stalls.load.eq(self.stall_load),
            stalls.seed.eq(self.stall_seed),
            stalls.valid.eq(self.valid),
            stalls.advance.eq(self.pop),
        ]
        return stalls.held

    def _retire(self, m: Module) -> None:
        m.submodules.retire = pipeline = RetirePipeline(latency=self.latency - 1)
        waited = Signal()  # the command at the head could not start at once
        m.d.sync += waited.eq(~self.pop & (waited | self.stalled))
        write, contribution = self.digest_write(m)
        m.d.comb += [
            pipeline.ended.eq(self.pop),
            pipeline.word.eq(self.head.word),
            pipeline.pc.eq(self.head.pc),
            pipeline.state.eq(Cat(self.head.state, waited)),
            pipeline.write.eq(write),
            pipeline.contribution.eq(contribution),
            *(getattr(self, port).eq(getattr(pipeline, port)) for port in RETIRE_PORTS),
        ]

    def operand(self, mnemonic: str, field: str) -> Value:
        """Return an operand of the command at the head."""
        return operand(self.head.body, mnemonic, field)

    def register(self, m: Module, index: int, width: int, name: str, *, signed: bool = False) -> Signal:
        """Add the configuration register ``index`` that SET writes."""
        target = Signal(width, name=name)
        with m.If(self.set_now & (self.operand("SET", "index") == index)):
            m.d.sync += target.eq(self.operand("SET", "value"))
        return target.as_signed() if signed else target

    @property
    def told(self) -> Value:
        """A TELL at the head is executed; only STORE of a chip with several cores ever has one."""
        return Const(0, 1)

    def work(self, m: Module, platform: object) -> None:
        """Drive ``can_start``, ``work_ends``, ``empty`` and the unit's own ports."""
        raise NotImplementedError

    def digest_write(self, m: Module) -> tuple[Value, Value]:
        """Return (a write takes effect, its folded data) for the digest of simulation builds."""
        raise NotImplementedError
