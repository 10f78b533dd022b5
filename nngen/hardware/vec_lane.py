"""The arithmetic of VEC: one element a cycle, in three stages, for each byte of a memory word."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

FACTOR_BITS = 24
ZERO_BITS = 17
_ELEMENT_BITS = 17  # two bytes, with or without sign


class VecLane(wiring.Component):
    """Extends an element, weights it, and adds it to its accumulator or takes the larger.

    Parameters
    ----------
    accumulator_bits
        Width of an accumulator.
    bytes_
        Bytes of the largest element of this lane: 1, 2 or 4.

    Ports
    -----
    element, has_sign
        In, stable while elements are on their way: an element has 0: one byte, 1: two, 2, 3: four; it is two's
        complement.
    data, factor, zero, second, pairs
        In, stage 1: the element; what it is multiplied with; what is subtracted from it. ``second``: it is itself what
        the element before is multiplied with; ``pairs``: only such products count.
    plain
        In, stage 2: the element counts as it is, whole.
    works, largest, first, overwrite, forwarded, old
        In, stage 3: there is an element. The larger of accumulator and element, not their sum. ``first``: the
        accumulator is nothing with ``overwrite``, what was written last with ``forwarded``, else ``old``; without, it
        is the last sum.
    total
        Out, stage 3: the sum, or the larger.
    """

    def __init__(self, *, accumulator_bits: int, bytes_: int) -> None:
        self.bytes_ = bytes_
        width = signed(accumulator_bits)
        flags = ("has_sign", "second", "pairs", "plain", "works", "largest", "first", "overwrite", "forwarded")
        super().__init__(
            {
                "element": In(2),
                "data": In(8 * bytes_),
                "factor": In(signed(FACTOR_BITS)),
                "zero": In(signed(ZERO_BITS)),
                "old": In(width),
                "total": Out(width),
                **dict.fromkeys(flags, In(1)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        width = len(self.total)
        small, whole = self._extend()
        shifted = Signal(signed(_ELEMENT_BITS + 1))
        factors = Signal(signed(_ELEMENT_BITS + 1)), Signal(signed(FACTOR_BITS))
        element, addend, last = Signal(width), Signal(signed(width)), Signal(signed(width))
        counts = Signal()
        m.d.comb += shifted.eq(small - self.zero)
        m.d.sync += [
            factors[1].eq(Mux(self.pairs, shifted, self.factor)),
            element.eq(whole),
            counts.eq(~self.pairs | self.second),
        ]
        with m.If(~self.second):
            m.d.sync += factors[0].eq(shifted)
        product = Signal(width)
        m.d.comb += product.eq(factors[0] * factors[1])
        m.d.sync += addend.eq(Mux(self.plain, element, Mux(counts, product, 0)))
        before, nothing = Signal(signed(width)), Mux(self.largest, 1 << (width - 1), 0)
        m.d.comb += before.eq(last)
        with m.If(self.first):
            m.d.comb += before.eq(Mux(self.overwrite, nothing, Mux(self.forwarded, last, self.old)))
        larger = Mux(before > addend, before, addend)
        m.d.comb += self.total.eq(Mux(self.largest, larger, before + addend))
        with m.If(self.works):
            m.d.sync += last.eq(self.total)
        return m

    def _extend(self) -> tuple[Value, Value]:
        """Return the low two bytes of the element as a number, and the whole of it."""
        byte, sign = self.data[:8], self.has_sign & self.data[7]
        one = Cat(byte, sign.replicate(_ELEMENT_BITS - 8))
        small: Value = one
        if self.bytes_ > 1:
            upper = self.data[:16]
            small = Mux(self.element == 0, one, Cat(upper, self.has_sign & upper[-1]))
        small = small.as_signed()
        return small, Mux(self.element[1], self.data.as_signed(), small) if self.bytes_ == 4 else small
