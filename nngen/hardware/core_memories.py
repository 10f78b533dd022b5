"""The memories of a core, and who reads and writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from amaranth.hdl import Cat, Module, Mux, Signal, Value

from nngen.isa import Unit, index_bits, record_words

from .memory import Memory, add_memory
from .post import TABLE_WORDS

if TYPE_CHECKING:
    from .core import Core


def add_memories(m: Module, platform: object, top: Core) -> Memory:
    """Add memories for programs, constants, activations, outputs and tables; return that of outputs.

    Its read address still has to be connected.
    """
    core, lanes = top.core, top.core.word_bytes
    load, post, store = top.units[Unit.LOAD], top.units[Unit.POST], top.units[Unit.STORE]
    program = add_memory(m, platform, "program", Memory(depth=core.program_instructions, width=64, granularity=32))
    constants = add_memory(
        m, platform, "constants", Memory(depth=core.constant_records, width=32 * record_words(core), granularity=32)
    )
    activations = add_memory(
        m, platform, "activations", Memory(depth=core.activation_bytes // lanes, width=8 * lanes, granularity=8)
    )
    written = _written(m, top)
    bank_bits = index_bits(core.output_buffer_bytes // lanes)
    outputs = add_memory(m, platform, "outputs", Memory(depth=2 << bank_bits, width=8 * lanes, granularity=8))
    m.d.comb += [
        program.read_enable.eq(top.sequencer.program_enable),
        program.read_address.eq(top.sequencer.program_address),
        top.sequencer.program_data.eq(program.read_data),
        program.write_enable.eq(top.program_write),
        program.write_address.eq(top.program_address),
        program.write_data.eq(top.write_data.replicate(2)),
        constants.read_enable.eq(post.record_enable),
        constants.read_address.eq(post.record_address),
        post.record_data.eq(constants.read_data),
        constants.write_enable.eq(top.constant_write),
        constants.write_address.eq(top.constant_address),
        constants.write_data.eq(top.write_data.replicate(record_words(core))),
        # The core's own accesses come first; the host takes what is left.
        top.memory_read_ready.eq(~load.memory_enable),
        activations.read_enable.eq(load.memory_enable | top.memory_read),
        activations.read_address.eq(Mux(load.memory_enable, load.memory_address, top.memory_read_address)),
        load.memory_data.eq(activations.read_data),
        top.memory_read_data.eq(activations.read_data),
        top.memory_write_ready.eq(~written.write.any()),
        activations.write_enable.eq(Mux(top.memory_write_ready, top.memory_write, written.write)),
        activations.write_address.eq(Mux(top.memory_write_ready, top.memory_write_address, written.address)),
        activations.write_data.eq(Mux(top.memory_write_ready, top.write_data.replicate(lanes // 4), written.data)),
        outputs.write_enable.eq(post.buffer_write),
        outputs.write_address.eq(Cat(post.buffer_address, post.buffer_bank)),
        outputs.write_data.eq(post.buffer_data),
        outputs.read_enable.eq(store.buffer_enable),
        store.buffer_data.eq(outputs.read_data),
    ]
    if core.tables:
        tables = add_memory(m, platform, "tables", Memory(depth=core.tables * TABLE_WORDS, width=32))
        m.d.comb += [
            tables.read_enable.eq(post.table_enable),
            tables.read_address.eq(post.table_address),
            post.table_data.eq(tables.read_data),
            tables.write_enable.eq(top.table_write),
            tables.write_address.eq(top.table_address),
            tables.write_data.eq(top.write_data),
        ]
    return outputs


@dataclass(frozen=True, kw_only=True)
class _Written:
    """What is written into activation memory in this cycle by a core; ``write`` has a bit a byte."""

    write: Value
    address: Value
    data: Value


def _written(m: Module, top: Core) -> _Written:
    """Return what STORE writes; in a chip with several cores, what it or the bus wrote in the cycle before."""
    core, store = top.core, top.units[Unit.STORE]
    if core.bus is None:
        return _Written(write=store.memory_write, address=store.memory_address, data=store.memory_data)
    words = core.activation_bytes // core.word_bytes
    late = _Written(
        write=Signal(core.word_bytes, name="late_write"),
        address=Signal(len(top.from_bus_address), name="late_address"),
        data=Signal(8 * core.word_bytes, name="late_data"),
    )
    own = Mux(store.on_bus, 0, store.memory_write)
    there = top.from_bus_address < words
    m.d.sync += [
        late.write.eq(Mux(top.from_bus_valid, Mux(there, top.from_bus_write, 0), own)),
        late.address.eq(Mux(top.from_bus_valid, top.from_bus_address, store.memory_address)),
        late.data.eq(Mux(top.from_bus_valid, top.from_bus_data, store.memory_data)),
    ]
    return late
