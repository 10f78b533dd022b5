"""What travels the queues between sequencer and units."""

from __future__ import annotations

from enum import IntEnum

from amaranth.hdl import Cat, Module, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from nngen.isa import BY_MNEMONIC, OPCODE_OFFSET

BODY_BITS = OPCODE_OFFSET
ADDRESS_FIELD_BITS = 23
PC_BITS = 16
ISSUE_STATE_BITS = 5  # loops open (3), queue empty, had to wait for room in the queue


class Kind(IntEnum):
    """How a unit treats a command."""

    WORK = 0
    SET = 1
    WAIT = 2
    SIGNAL = 3
    FILL = 4
    PROG = 5
    TELL = 6


def command_layout(*, retire: bool) -> data.StructLayout:
    """Return the layout of a queue entry.

    ``body`` holds the operand bits of the instruction; for LOAD, STORE, FILL and PROG the resolved memory address
    stands in the place of register and offset. Simulation builds add the instruction, its address and what it met at
    its issue.
    """
    fields = {"body": BODY_BITS, "kind": 3}
    return data.StructLayout(fields | ({"word": 64, "pc": PC_BITS, "state": ISSUE_STATE_BITS} if retire else {}))


def operand(body: Value, mnemonic: str, field: str) -> Value:
    """Return the bits of a field in a command's body."""
    f = BY_MNEMONIC[mnemonic].field(field)
    bits = body[f.offset : f.offset + f.width]
    return bits.as_signed() if f.signed else bits


def address(body: Value, bits: int) -> Value:
    """Return the resolved address of LOAD, STORE, FILL and PROG."""
    return body[:bits]


class Queue(wiring.Component):
    """First-in first-out buffer whose entries stay at the head until they are popped.

    Ports
    -----
    push, push_data
        In; ignored while full.
    ready
        Out: an entry can be pushed in this cycle (fewer than ``depth`` are held).
    valid, head
        Out: the oldest entry.
    pop
        In: remove it at the end of the cycle.
    """

    def __init__(self, *, layout: data.StructLayout, depth: int):
        self.depth = depth
        super().__init__(
            {
                "push": In(1),
                "push_data": In(layout),
                "ready": Out(1),
                "valid": Out(1),
                "head": Out(layout),
                "pop": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        layout = self.push_data.shape()
        entries = [Signal(layout, name=f"entry{i}") for i in range(self.depth)]
        level = Signal(range(self.depth + 1))
        write, read = Signal(range(self.depth)), Signal(range(self.depth))
        accept = self.push & self.ready
        m.d.comb += [self.ready.eq(level != self.depth), self.valid.eq(level != 0)]
        with m.Switch(read):
            for i, entry in enumerate(entries):
                with m.Case(i):
                    m.d.comb += self.head.eq(entry)
        with m.If(accept):
            m.d.sync += write.eq(_next(write, self.depth))
            with m.Switch(write):
                for i, entry in enumerate(entries):
                    with m.Case(i):
                        m.d.sync += entry.eq(self.push_data)
        with m.If(self.pop):
            m.d.sync += read.eq(_next(read, self.depth))
        m.d.sync += level.eq(level + accept - self.pop)
        return m


def _next(pointer: Signal, depth: int) -> Value:
    from_last = pointer == depth - 1
    return Cat(*[(bit & ~from_last) for bit in (pointer + 1)[: len(pointer)]])
