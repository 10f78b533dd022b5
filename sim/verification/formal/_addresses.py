"""Sequencer: addresses lie in their register's window, which the program moves and wraps."""

from __future__ import annotations

from types import ModuleType

from amaranth.asserts import AnyConst
from amaranth.hdl import Array, Assert, Cover, Elaboratable, Module, Mux, Signal, Value, signed

from nngen.hardware import sequencer
from nngen.isa import ADDRESS_REGISTERS, UNIT_CODES, Unit, register

from ..faults import SourcePatch
from ._harness import drive_freely, embed, implies
from ._proof import Proof, SeededBug
from ._small_core import SMALL_CORE, assume_host, field, is_instruction

_REGISTER_BITS = SMALL_CORE.activation_bytes.bit_length()
_WIDE_BITS = 26  # holds any address register plus any offset


class AddressesHarness(Elaboratable):
    """A sequencer beside one of its address registers, any, as docs/core.md says that SET and ADD change it."""

    def __init__(self, module: ModuleType) -> None:
        self.sequencer = module.Sequencer(SMALL_CORE, retire=False)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut, word = self.sequencer, self.sequencer.program_data
        registers = embed(m, "sequencer", dut)
        drive_freely(m, dut)
        assume_host(m, dut)
        index = Signal(range(ADDRESS_REGISTERS))
        base, size, position = followed = [Signal(_REGISTER_BITS, name=name) for name in ("base", "size", "position")]
        moved, resolved = Signal(signed(_WIDE_BITS)), Signal(_REGISTER_BITS)
        adds = is_instruction(word, "ADD")
        takes_run = is_instruction(word, "LOAD") | is_instruction(word, "STORE") | is_instruction(word, "FILL")
        uses = (adds | takes_run) & (field(word, "ADD", "register") == index)
        inside = (moved >= -size) & (moved < 2 * size)  # wrapped once, in either direction
        m.d.comb += [
            index.eq(AnyConst(len(index))),
            moved.eq(position + Mux(adds, field(word, "ADD", "value"), field(word, "LOAD", "offset"))),
            # Modulo the register's numbers is enough: what does not fit lies outside.
            resolved.eq(moved[:_REGISTER_BITS] + Mux(moved < 0, size, 0) - Mux(moved >= size, size, 0)),
            Assert(implies(uses, dut.inside == inside), "window_is_kept_after_one_wrap"),
            Assert(implies(uses & inside, dut.address == base + resolved), "address_is_base_plus_wrapped_position"),
            Cover(uses & inside & takes_run & (moved < 0) & (base == 3), "wraps_below_its_window"),
            Cover(uses & inside & adds & (moved >= size), "wraps_above_its_window"),
        ]
        with m.If(dut.issue & adds & uses):
            m.d.sync += position.eq(resolved)
        for name, value in zip(("BASE", "SIZE", "POSITION"), followed, strict=True):
            with m.If(dut.issue & _sets(word, register(Unit.SEQUENCER, name).index + index)):
                m.d.sync += value.eq(field(word, "SET", "value"))
            alike = Array(registers[f"{name.lower()}{i}"] for i in range(ADDRESS_REGISTERS))[index]
            m.d.comb += Assert(alike == value, f"{name.lower()}_is_what_the_program_made_it")
        return m


def _sets(word: Value, index: Value) -> Value:
    unit = field(word, "SET", "unit") == UNIT_CODES[Unit.SEQUENCER]
    return is_instruction(word, "SET") & unit & (field(word, "SET", "index") == index)


PROOF = Proof(
    name="sequencer_addresses",
    states="base, size and position of every address register are what SET and ADD made them, and an address is base "
    "plus position plus offset, wrapped once into the window; outside the window it is refused",
    module=sequencer,
    harness=AddressesHarness,
    depth=2,
    cover_depth=8,
    bugs=(
        SeededBug(
            name="a window wraps a byte late",
            patch=SourcePatch(module=sequencer, old="moved >= size", new="moved > size"),
            caught_by="window_is_kept_after_one_wrap",
            depth=5,
        ),
    ),
)
