"""VEC's buffers, coefficients and accumulators in a core."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amaranth.hdl import Module, Mux, Signal, Value

from nngen.arch import Vector
from nngen.isa import Unit, coefficient_lanes

from .banks import Banks
from .memory import Memory, add_memory
from .vector_buffer import VectorBuffer

if TYPE_CHECKING:
    from .core import Core


def add_vector(m: Module, platform: object, top: Core, vector: Vector) -> None:
    """Add what lies between LOAD, VEC and POST."""
    load, vec, post = (top.units[unit] for unit in (Unit.LOAD, Unit.VEC, Unit.POST))
    m.submodules.vector_banks = buffers = Banks()
    m.submodules.sum_banks = sums = Banks()
    m.d.comb += [
        buffers.acquire.eq(load.vector_acquire),
        buffers.written.eq(load.vector_written),
        buffers.filled.eq(load.vector_filled),
        buffers.released.eq(vec.vector_released),
        buffers.freed.eq(vec.vector_released),
        load.vector_free.eq(buffers.free),
        load.vector_write_bank.eq(buffers.write_bank),
        vec.vector_full.eq(buffers.full),
        sums.acquire.eq(vec.acquire),
        sums.written.eq(vec.written),
        sums.filled.eq(vec.filled),
        sums.released.eq(post.vector_released),
        sums.freed.eq(post.vector_freed),
        vec.free.eq(sums.free),
        vec.write_bank.eq(sums.write_bank),
        post.vector_full.eq(sums.full),
        post.vector_read_bank.eq(sums.read_bank),
    ]
    m.submodules.vector_buffer = buffer = VectorBuffer(top.core, vector)
    m.d.comb += [
        buffer.write.eq(load.vector_write),
        buffer.write_bank.eq(load.vector_bank),
        buffer.write_word.eq(load.vector_word),
        buffer.write_low.eq(load.row_low),
        buffer.write_high.eq(load.row_high),
        buffer.write_data.eq(load.vector_data),
        buffer.read.eq(vec.buffer_enable),
        buffer.read_bank.eq(buffers.read_bank),
        buffer.read_place.eq(vec.buffer_place),
        vec.buffer_data.eq(buffer.read_data),
    ]
    _coefficients(m, platform, top, vector)
    _sums(m, platform, top, vector)


def _coefficients(m: Module, platform: object, top: Core, vector: Vector) -> None:
    vec, lanes = top.units[Unit.VEC], coefficient_lanes(top.core)
    memory = Memory(depth=vector.coefficient_words, width=16 * lanes, granularity=32)
    coefficients = add_memory(m, platform, "coefficients", memory)
    m.d.comb += [
        coefficients.read_enable.eq(vec.coefficient_enable),
        coefficients.read_address.eq(vec.coefficient_address),
        vec.coefficient_data.eq(coefficients.read_data),
        coefficients.write_enable.eq(top.coefficient_write),
        coefficients.write_address.eq(top.coefficient_address),
        coefficients.write_data.eq(top.write_data.replicate(lanes // 2)),
    ]


def _sums(m: Module, platform: object, top: Core, vector: Vector) -> None:
    """Two banks of accumulators: VEC adds to one, POST reads the other."""
    vec, post, core = top.units[Unit.VEC], top.units[Unit.POST], top.core
    lanes, width = core.word_bytes, core.accumulator_bits
    lane_bits = (lanes - 1).bit_length()
    memories = []
    for b in range(2):
        memory = Memory(depth=vector.accumulators // lanes, width=width * lanes, granularity=width)
        memories.append(add_memory(m, platform, f"sums{b}", memory))
        mine = Signal(name=f"vec_reads{b}")
        m.d.comb += [
            mine.eq(vec.old_enable & (vec.old_bank == b)),
            memory.read_enable.eq(mine | (post.vector_read & (post.vector_bank == b))),
            memory.read_address.eq(Mux(mine, vec.old_word, post.vector_entry >> lane_bits)),
            memory.write_enable.eq(Mux(vec.sum_bank == b, vec.sum_write, 0)),
            memory.write_address.eq(vec.sum_word),
            memory.write_data.eq(vec.sum_data),
        ]
    lane, post_bank, vec_bank = Signal(lane_bits), Signal(), Signal()
    m.d.sync += [
        lane.eq(post.vector_entry[:lane_bits]),
        post_bank.eq(post.vector_bank),
        vec_bank.eq(vec.old_bank),
    ]
    m.d.comb += [
        vec.old_data.eq(_of_bank(vec_bank, memories)),
        post.vector_value.eq(_of_bank(post_bank, memories).word_select(lane, width).as_signed()),
    ]


def _of_bank(bank: Value, memories: list[Memory]) -> Value:
    return Mux(bank, memories[1].read_data, memories[0].read_data)
