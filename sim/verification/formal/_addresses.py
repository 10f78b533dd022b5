"""Sequencer: addresses lie in their register's window, which the program moves and wraps."""

from __future__ import annotations

from types import ModuleType

from amaranth.asserts import AnyConst
from amaranth.hdl import Array, Assert, Cover, Elaboratable, Module, Mux, Signal, Value, signed

from nngen.hardware import sequencer
from nngen.isa import ADDRESS_REGISTERS, UNIT_CODES, Unit, register
from nngen.sim.verification.faults import SourcePatch

from ._harness import Registers, drive_freely, embed, implies
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
        registers = embed(m, "sequencer", self.sequencer)
        drive_freely(m, self.sequencer)
        assume_host(m, self.sequencer)
        self.index = Signal(range(ADDRESS_REGISTERS))
        self.base, self.size, self.position = (
            Signal(_REGISTER_BITS, name=name) for name in ("base", "size", "position")
        )
        m.d.comb += self.index.eq(AnyConst(len(self.index)))
        self._check_address(m)
        self._follow(m, registers)
        return m

    def _check_address(self, m: Module) -> None:
        """Resolve the address, or the new position, of an instruction that uses the register."""
        dut, word, size = self.sequencer, self.sequencer.program_data, self.size
        self.adds, self.uses, self.resolved = Signal(), Signal(), Signal(_REGISTER_BITS)
        moved, inside = Signal(signed(_WIDE_BITS)), Signal()
        takes_run = is_instruction(word, "LOAD") | is_instruction(word, "STORE") | is_instruction(word, "FILL")
        m.d.comb += [
            self.adds.eq(is_instruction(word, "ADD")),
            self.uses.eq((self.adds | takes_run) & (field(word, "ADD", "register") == self.index)),
            moved.eq(self.position + Mux(self.adds, field(word, "ADD", "value"), field(word, "LOAD", "offset"))),
            inside.eq((moved >= -size) & (moved < 2 * size)),  # wrapped once, in either direction
            # Modulo the register's numbers is enough: what does not fit lies outside.
            self.resolved.eq(moved[:_REGISTER_BITS] + Mux(moved < 0, size, 0) - Mux(moved >= size, size, 0)),
        ]
        address = self.base + self.resolved
        m.d.comb += [
            Assert(implies(self.uses, dut.inside == inside), "window_is_kept_after_one_wrap"),
            Assert(implies(self.uses & inside, dut.address == address), "address_is_base_plus_wrapped_position"),
            Cover(self.uses & inside & takes_run & (moved < 0) & (self.base == 3), "wraps_below_its_window"),
            Cover(self.uses & inside & self.adds & (moved >= size), "wraps_above_its_window"),
        ]

    def _follow(self, m: Module, registers: Registers) -> None:
        """Change the register as the program says."""
        dut = self.sequencer
        with m.If(dut.issue & self.adds & self.uses):
            m.d.sync += self.position.eq(self.resolved)
        for name, value in (("BASE", self.base), ("SIZE", self.size), ("POSITION", self.position)):
            with m.If(dut.issue & _sets(dut.program_data, register(Unit.SEQUENCER, name).index + self.index)):
                m.d.sync += value.eq(field(dut.program_data, "SET", "value"))
            followed = Array(registers[f"{name.lower()}{i}"] for i in range(ADDRESS_REGISTERS))[self.index]
            m.d.comb += Assert(followed == value, f"{name.lower()}_is_what_the_program_made_it")


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
