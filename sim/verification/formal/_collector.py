"""Collector of POST: codes fill the output buffer byte by byte, in order, and nothing leaves it."""

from __future__ import annotations

import dataclasses
from types import ModuleType

from amaranth.asserts import AnyConst
from amaranth.hdl import Assert, Assume, Cover, Elaboratable, Module, Mux, Signal

from nngen.hardware import collector
from nngen.sim.verification.faults import SourcePatch

from ._harness import drive_freely, embed, implies
from ._proof import Proof, SeededBug
from ._small_core import SMALL_CORE

_CORE = dataclasses.replace(SMALL_CORE, word_bytes=8, output_buffer_bytes=24)
_BYTES, _LANES = _CORE.output_buffer_bytes, _CORE.word_bytes


class CollectorHarness(Elaboratable):
    """A collector beside one byte of the buffer, any: whether a code is written to it, and which part of the code."""

    def __init__(self, module: ModuleType) -> None:
        self.collector = module.Collector(_CORE)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut = self.collector
        registers = embed(m, "collector", dut)
        drive_freely(m, dut)
        byte, position, bank = Signal(range(_BYTES)), Signal(range(_BYTES + 8)), Signal()
        size, part = Mux(dut.element == 0, 1, Mux(dut.element == 1, 2, 4)), Signal(2)
        start = position & ~(size - 1)
        appended, here, written = Signal(), Signal(), Signal()
        m.d.comb += [
            byte.eq(AnyConst(len(byte))),
            Assume(byte < _BYTES),
            appended.eq(dut.valid & (position + size <= _BYTES)),
            here.eq(appended & (byte >= start) & (byte < start + size)),
            part.eq(byte - start),
            written.eq((dut.address == byte // _LANES) & dut.write.bit_select(byte % _LANES, 1)),
            Assert(position <= _BYTES, "position_stays_in_the_buffer"),
            Assert(registers["pointer"] == position, "codes_lie_side_by_side"),
            Assert(written == here, "byte_is_written_once_and_by_its_code"),
            Assert(
                implies(here, dut.data.word_select(byte % _LANES, 8) == dut.code.word_select(part, 8)),
                "byte_is_its_part_of_the_code",
            ),
            Assert(implies(~appended, ~dut.write.any()), "what_does_not_fit_is_dropped"),
            Assert(dut.bank == bank, "bank_changes_when_it_is_closed"),
            Cover(dut.valid & (dut.element == 0) & (position == _BYTES), "a_byte_is_dropped"),
            Cover(here & dut.element[1] & (byte == _BYTES - 1) & bank, "last_byte_of_the_other_bank"),
            Cover(here & dut.element[1] & (position[:2] == 3), "four_bytes_around_a_position"),
            Cover(here & (dut.element == 1) & position[0], "two_bytes_around_a_position"),
        ]
        with m.If(dut.restart):
            m.d.sync += position.eq(0)
        with m.Elif(appended):
            m.d.sync += position.eq(position + size)
        with m.If(dut.close):
            m.d.sync += bank.eq(~bank)
        return m


PROOF = Proof(
    name="collector",
    states="codes are appended to the output buffer, of one byte, or of two or four in the aligned two or four bytes, "
    "lowest first; what does not fit is dropped whole, and writes nowhere",
    module=collector,
    harness=CollectorHarness,
    depth=2,
    cover_depth=10,
    bugs=(
        SeededBug(
            name="a code may reach beyond the buffer",
            patch=SourcePatch(
                module=collector,
                old="pointer + size <= self.core.output_buffer_bytes",
                new="pointer + 1 <= self.core.output_buffer_bytes + size",
            ),
            caught_by="what_does_not_fit_is_dropped",
            depth=8,
        ),
        SeededBug(
            name="four-byte codes go to the other half of a word",
            patch=SourcePatch(module=collector, old="lane[2:] == i // 4", new="lane[2:] != i // 4"),
            caught_by="byte_is_written_once_and_by_its_code",
            depth=2,
        ),
    ),
)
