"""A core: sequencer, units, macro tiles, memories, counters."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Core as CoreParameters
from nngen.isa import (
    COUNTERS,
    EVENT_NAMES,
    STALL_SEED_BITS,
    Unit,
    coefficient_lanes,
    core_units,
    index_bits,
    record_words,
    words_per_row,
)

from .banks import Banks
from .command import PC_BITS, Queue
from .core_memories import add_memories
from .core_tiles import add_tiles
from .core_vector import add_vector
from .counters import Counters
from .events import EVENT_BITS, EventCounters
from .load import Load
from .mvm import Mvm
from .post import TABLE_WORDS, Post
from .retire import RETIRE_PORTS
from .sequencer import LOOP_COUNT_BITS, Sequencer
from .store import Store
from .unit import QueuedUnit
from .vec import Vec

WATCHDOG_BITS = 32
PIPELINE = (Unit.LOAD, Unit.MVM, Unit.POST, Unit.STORE)
UNITS = {Unit.LOAD: Load, Unit.MVM: Mvm, Unit.POST: Post, Unit.STORE: Store, Unit.VEC: Vec}


def host_ports(core: CoreParameters) -> dict[str, wiring.Member]:
    """Return the ports toward the host port, as the core sees them; see :class:`Core`."""
    lanes = core.word_bytes
    words = index_bits(core.activation_bytes // lanes)
    ports = {
        "run": In(1),
        "done": Out(1),
        "cause": Out(3),
        "cause_pc": Out(PC_BITS),
        "loop_count": In(LOOP_COUNT_BITS),
        "watchdog": In(WATCHDOG_BITS),
        "program_write": In(2),
        "program_address": In(index_bits(core.program_instructions)),
        "constant_write": In(record_words(core)),
        "constant_address": In(index_bits(core.constant_records)),
        "macro_write": In(core.macros),
        "macro_row": In(index_bits(core.macro.rows)),
        "macro_word": In(index_bits(words_per_row(core))),
        "write_data": In(32),
        "memory_read": In(1),
        "memory_read_address": In(words),
        "memory_read_ready": Out(1),
        "memory_read_data": Out(8 * lanes),
        "memory_write": In(lanes),
        "memory_write_address": In(words),
        "memory_write_ready": Out(1),
    }
    if core.vector is not None:
        ports |= {
            "coefficient_write": In(coefficient_lanes(core) // 2),
            "coefficient_address": In(index_bits(core.vector.coefficient_words)),
        }
    if core.tables:
        ports |= {"table_write": In(1), "table_address": In(index_bits(core.tables * TABLE_WORDS))}
    return ports | {f"event_{name}": Out(EVENT_BITS) for name in EVENT_NAMES}


def bus_ports(core: CoreParameters) -> dict[str, wiring.Member]:
    """Return the ports toward the other cores, as the core sees them; see :class:`Core`."""
    if core.bus is None:
        return {}
    lanes, cores = core.word_bytes, core.bus.cores
    widths = {"valid": 1, "signal": 1, "index": index_bits(COUNTERS)}
    widths |= {"write": lanes, "address": index_bits(core.reach_bytes // lanes), "data": 8 * lanes}
    ports = {
        "ask": Out(1),
        "ask_bus": Out(1),
        "ask_ports": Out(cores),
        "ask_ends": Out(1),
        "ask_start": In(1),
        "targets": Out(cores),
        "progress": Out(1),
        "chip_progress": In(1),
    }
    for prefix, flow in (("to_bus", Out), ("from_bus", In)):
        ports |= {f"{prefix}_{name}": flow(width) for name, width in widths.items()}
    return ports


class Core(wiring.Component):
    """One core without its host port. Its reset restarts everything but memories and macro contents.

    Parameters
    ----------
    core
        Its numbers.
    retire
        For simulation builds.
    suffix
        Of the names of modules that cores of another kind have otherwise.

    Ports
    -----
    run
        In: the program executes; high from the first cycle after the reset until ``done``.
    done, cause, cause_pc
        Out: last cycle of the program; why and where it stopped, valid from the next cycle.
    loop_count, watchdog
        In: host registers.
    event_<name>
        Out: performance counters.
    program_*, constant_*, macro_*, coefficient_*, table_*
        In: write ports of the host, one 32-bit word; only while the core does not run. The last two are there where the
        core has VEC, or tables.
    memory_read, memory_read_address, memory_read_ready, memory_read_data
        Host read of activation memory: taken in a cycle with ready; the whole word follows in the next cycle.
    memory_write, memory_write_address, memory_write_data, memory_write_ready
        Host write, one bit a byte.
    ask, ask_bus, ask_ports, ask_ends, ask_start
        In a chip with several cores: toward the arbiter (:class:`~nngen.hardware.arbiter.Arbiter`).
    targets, to_bus_valid, to_bus_write, to_bus_address, to_bus_data, to_bus_signal, to_bus_index
        Out, there: a word for the memories of these cores, one write bit a byte; or a signal for their counters.
    from_bus_*
        In, there: a word or a signal of some core for this one.
    progress, chip_progress
        Out, In, there: an instruction issues or a unit executes, in this core and in any.
    retire_<unit>_*
        Out, simulation builds.
    stall_seed
        In, simulation builds: of the stalls of a run, taken in its first cycle; 0: none.
    """

    def __init__(self, core: CoreParameters, *, retire: bool = False, suffix: str = ""):
        self.core = core
        self.retire = retire
        self.suffix = suffix
        ports = host_ports(core) | bus_ports(core)
        if retire:
            for unit in Unit:
                ports |= {name.replace("retire_", f"retire_{unit}_"): port for name, port in RETIRE_PORTS.items()}
            ports["stall_seed"] = In(STALL_SEED_BITS)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self.units: dict[Unit, QueuedUnit] = {
            unit: UNITS[unit](self.core, retire=self.retire) for unit in core_units(self.core)
        }
        for unit, component in self.units.items():
            m.submodules[unit] = component
        m.submodules.sequencer = self.sequencer = Sequencer(self.core, retire=self.retire)
        self._queues(m)
        outputs = add_memories(m, platform, self)
        self._banks(m)
        m.d.comb += outputs.read_address.eq(Cat(self.units[Unit.STORE].buffer_address, self.outputs.read_bank))
        add_tiles(m, platform, self)
        if self.core.vector is not None:
            add_vector(m, platform, self, self.core.vector)
        self._control(m)
        self._events(m)
        if self.retire:
            self._stalls(m)
            retiring: dict[Unit, wiring.Component] = {Unit.SEQUENCER: self.sequencer, **self.units}
            for unit, component in retiring.items():
                for port in RETIRE_PORTS:
                    m.d.comb += getattr(self, port.replace("retire_", f"retire_{unit}_")).eq(getattr(component, port))
        return m

    def _stalls(self, m: Module) -> None:
        """Distribute what simulation builds add."""
        m.d.comb += self.sequencer.stall_seed.eq(self.stall_seed)
        for name, unit in self.units.items():
            m.d.comb += [
                getattr(self.sequencer, f"waiting_{name}").eq(self.queues[name].valid),
                unit.stall_load.eq(self.sequencer.begin),
                unit.stall_seed.eq(self.stall_seed),
            ]

    def _queues(self, m: Module) -> None:
        """Connect sequencer, queues, units and the counters of WAIT and SIGNAL."""
        m.submodules.counters = self.counters = counters = Counters(
            core_units(self.core), bus=self.core.bus is not None
        )
        self.queues = {}
        for name, unit in self.units.items():
            queue = Queue(layout=self.sequencer.layout, depth=self.core.queue_depth)
            m.submodules[f"{name}_queue"] = self.queues[name] = queue
            m.d.comb += [
                queue.push.eq(getattr(self.sequencer, f"push_{name}")),
                queue.push_data.eq(self.sequencer.entry),
                getattr(self.sequencer, f"ready_{name}").eq(queue.ready),
                unit.valid.eq(queue.valid & self.run),
                unit.head.eq(queue.head),
                queue.pop.eq(unit.pop),
                getattr(counters, f"signal_{name}").eq(unit.signal),
                getattr(counters, f"wait_{name}").eq(unit.wait),
                getattr(counters, f"index_{name}").eq(unit.index),
                getattr(counters, f"count_{name}").eq(unit.count),
                unit.grant.eq(getattr(counters, f"grant_{name}")),
            ]

    def _banks(self, m: Module) -> None:
        """Bookkeeping of the three ping-pong buffers between the units."""
        load, mvm, post, store = (self.units[u] for u in PIPELINE)
        m.submodules.row_banks = self.rows = rows = Banks()
        m.submodules.accumulator_banks = self.accumulators = accumulators = Banks()
        m.submodules.output_banks = self.outputs = outputs = Banks()
        m.d.comb += [
            rows.acquire.eq(load.acquire),
            rows.written.eq(load.written),
            rows.filled.eq(load.filled),
            rows.released.eq(mvm.row_released),
            rows.freed.eq(mvm.row_released),
            load.free.eq(rows.free),
            load.write_bank.eq(rows.write_bank),
            mvm.row_full.eq(rows.full),
            accumulators.acquire.eq(mvm.acquire),
            accumulators.written.eq(mvm.written),
            accumulators.filled.eq(mvm.filled),
            accumulators.released.eq(post.released),
            accumulators.freed.eq(post.freed),
            mvm.acc_free.eq(accumulators.free),
            mvm.acc_write_bank.eq(accumulators.write_bank),
            post.full.eq(accumulators.full),
            post.read_bank.eq(accumulators.read_bank),
            outputs.acquire.eq(post.acquire),
            outputs.written.eq(post.written_out),
            outputs.filled.eq(post.filled),
            outputs.released.eq(store.released),
            outputs.freed.eq(store.released),
            post.free.eq(outputs.free),
            store.full.eq(outputs.full),
        ]

    def _control(self, m: Module) -> None:
        """Quiescence, watchdog, end of the program."""
        sequencer = self.sequencer
        waiting = Cat(*[queue.valid for queue in self.queues.values()]).any()
        empty = Cat(*[unit.empty for unit in self.units.values()]).all()
        progress = sequencer.issue | Cat(*[unit.busy for unit in self.units.values()]).any()
        if self.core.bus is not None:
            m.d.comb += self.progress.eq(progress)
            progress = self.chip_progress
            self._bus(m)
        without = Signal(WATCHDOG_BITS)
        m.d.sync += without.eq(Mux(self.run & ~progress, without + 1, 0))
        m.d.comb += [
            sequencer.run.eq(self.run),
            sequencer.loop_count.eq(self.loop_count),
            sequencer.quiescent.eq(~waiting & empty),
            sequencer.watchdog.eq(self.run & ~progress & (self.watchdog != 0) & (without + 1 == self.watchdog)),
            self.done.eq(sequencer.done),
            self.cause.eq(sequencer.cause),
            self.cause_pc.eq(sequencer.cause_pc),
        ]

    def _bus(self, m: Module) -> None:
        """Connect STORE with the arbiter and the bus, and what comes over the bus with the counters."""
        store = self.units[Unit.STORE]
        signal, index = Signal(), Signal(index_bits(COUNTERS))
        m.d.sync += [signal.eq(self.from_bus_signal), index.eq(self.from_bus_index)]
        m.d.comb += [
            self.ask.eq(store.ask & self.run),
            self.ask_bus.eq(store.ask_bus),
            self.ask_ports.eq(store.ports),
            self.ask_ends.eq(store.ends),
            store.start.eq(self.ask_start),
            self.targets.eq(store.targets),
            self.to_bus_valid.eq(store.touched & store.on_bus),
            self.to_bus_write.eq(store.memory_write),
            self.to_bus_address.eq(store.memory_address),
            self.to_bus_data.eq(store.memory_data),
            self.to_bus_signal.eq(store.tells),
            self.to_bus_index.eq(store.told_counter),
            self.counters.signal_bus.eq(signal),
            self.counters.index_bus.eq(index),
        ]

    def _events(self, m: Module) -> None:
        load, mvm, post, store = (self.units[u] for u in PIPELINE)
        added = {
            "cycles": self.run,
            "instructions": self.sequencer.issue,
            "sequencer_stalled": self.sequencer.stalled,
            "memory_reads": load.memory_enable,
            "memory_writes": store.touched,
            "row_writes": load.bytes_written,
            "plane_drives": mvm.plane_drives,
            "conversions": mvm.conversions,
            "outputs": post.output,
        }
        if self.core.bus is not None:
            added["memory_writes"] = store.touched & ~store.on_bus
            added["bus_words"] = self.to_bus_valid
            added["bus_writes"] = self.from_bus_valid
        if self.core.vector is not None:
            added["vector_operations"] = self.units[Unit.VEC].operations
        if self.core.reprogram:
            added["programmed_words"] = load.programmed
        for unit, component in self.units.items():
            added |= {f"{unit}_busy": component.busy, f"{unit}_stalled": component.stalled}
        counters = EventCounters({name: len(value) for name, value in added.items()})
        m.submodules.events = counters
        for name, value in added.items():
            m.d.comb += getattr(counters, f"add_{name}").eq(value)
        for name in EVENT_NAMES:
            m.d.comb += getattr(self, f"event_{name}").eq(getattr(counters, f"value_{name}"))
