"""Queues: nothing is lost, doubled or reordered."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from amaranth.asserts import AnySeq
from amaranth.hdl import Array, Assert, Assume, Const, Cover, Elaboratable, Module, Mux, Signal, Value
from amaranth.lib import data

from nngen.hardware import command
from nngen.sim.verification.faults import SourcePatch

from ._harness import drive_freely, embed, implies
from ._proof import Proof, SeededBug

DEPTHS = (1, 2, 3, 4)
_TAG_BITS = 3


class QueueHarness(Elaboratable):
    """A queue, and one entry that is followed from its push to its pop.

    Any entry may be the one: the solver says when, so that what holds for it holds for all. Assumed: nothing is popped
    from an empty queue. Pushes onto a full one are allowed; they must be ignored.
    """

    def __init__(self, module: ModuleType, depth: int) -> None:
        self.depth = depth
        self.queue = module.Queue(layout=data.StructLayout({"tag": _TAG_BITS}), depth=depth)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        queue, name = self.queue, f"depth{self.depth}"
        registers = embed(m, "queue", queue)
        drive_freely(m, queue)
        level = registers["level"]
        # A ring of one place has pointers of no bits, which are no registers.
        read, write = (registers["read"], registers["write"]) if self.depth > 1 else (Const(0), Const(0))
        accept = Signal()
        m.d.comb += [accept.eq(queue.push & queue.ready), Assume(implies(queue.pop, queue.valid))]
        held = Signal(range(2 * self.depth + 1))  # wide enough to see an overflow
        m.d.sync += held.eq(held + accept - queue.pop)
        m.d.comb += [
            Assert(held <= self.depth, f"{name}_holds_at_most_its_depth"),
            Assert(level == held, f"{name}_level_is_pushes_minus_pops"),
            Assert(queue.ready == (held < self.depth), f"{name}_ready_unless_full"),
            Assert(queue.valid == (held != 0), f"{name}_valid_unless_empty"),
            Assert((read < self.depth) & (write < self.depth), f"{name}_pointers_stay_in_the_ring"),
            Assert(self._after(read, level) == write, f"{name}_pointers_enclose_the_entries"),
        ]
        ring = Array(registers[f"entry{i}"] for i in range(self.depth))
        self._follow(m, held, accept, lambda ahead: ring[self._after(read, ahead)])
        return m

    def _after(self, pointer: Signal, distance: Value) -> Value:
        """Return the place of the ring ``distance`` (at most its depth) after a pointer."""
        place = pointer + distance
        return Mux(place >= self.depth, place - self.depth, place)

    def _follow(self, m: Module, held: Signal, accept: Signal, entry: Callable[[Value], Value]) -> None:
        """Follow one entry: it comes to the head when all entries before it have left, unchanged, and then leaves."""
        queue, name = self.queue, f"depth{self.depth}"
        inside, ahead, tag = Signal(), Signal(range(self.depth + 1)), Signal(_TAG_BITS)
        with m.If(~inside & accept & AnySeq(1)):
            m.d.sync += [inside.eq(1), ahead.eq(held - queue.pop), tag.eq(queue.push_data.tag)]
        with m.Elif(inside & queue.pop):
            m.d.sync += [inside.eq(ahead != 0), ahead.eq(ahead - (ahead != 0))]
        m.d.comb += [
            Assert(implies(inside, ahead < held), f"{name}_entry_is_not_lost"),
            Assert(implies(inside, entry(ahead) == tag), f"{name}_entry_keeps_its_value"),
            Assert(implies(inside & (ahead == 0), queue.head.tag == tag), f"{name}_entry_comes_out_in_order"),
            Cover(inside & (ahead == self.depth - 1) & queue.push, f"{name}_pushed_while_full_of_older"),
        ]


class QueuesHarness(Elaboratable):
    """A queue of each depth."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def elaborate(self, platform: object) -> Module:
        m = Module()
        for depth in DEPTHS:
            m.submodules[f"depth{depth}"] = QueueHarness(self.module, depth)
        return m


PROOF = Proof(
    name="queues",
    states=f"queues of depth {', '.join(map(str, DEPTHS))} hold at most their depth and give every entry out once, in "
    "order and unchanged",
    module=command,
    harness=QueuesHarness,
    depth=2,
    cover_depth=8,
    bugs=(
        SeededBug(
            name="a full queue takes another entry",
            patch=SourcePatch(module=command, old="accept = self.push & self.ready", new="accept = self.push"),
            caught_by="depth1_level_is_pushes_minus_pops",
            depth=4,
        ),
        SeededBug(
            name="pointers wrap only at powers of two",
            patch=SourcePatch(
                module=command,
                old="from_last = pointer == depth - 1",
                new="from_last = pointer == (1 << len(pointer)) - 1",
            ),
            caught_by="depth3_pointers_enclose_the_entries",
            depth=6,
        ),
    ),
)
