"""The requantizer of POST: ``clip(round((acc * m + b) / 2^s) + z, lo, hi)``, pipelined, one sum a cycle.

Where ``acc * m + b`` is negative, it can take second constants.
"""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

ROUNDING_CODES = {"half_even": 0, "half_up": 1, "floor": 2}
REQUANTIZER_STAGES = 3


@dataclass(frozen=True, kw_only=True)
class RequantizerWidths:
    """Widths in bits: sum, m, b, s and result (two's complement but for s); whether there are second m and b."""

    accumulator: int
    multiplier: int
    offset: int
    shift: int
    zero_point: int = 17
    result: int = 32
    second: bool = False


class Requantizer(wiring.Component):
    """Three register stages: product, sum with b, shift and rounding; then z and clipping.

    Ports
    -----
    accumulator, multiplier, offset, shift
        In: one sum with its constants, each cycle.
    negative_multiplier, negative_offset, negative
        In, with ``second``: second constants, each cycle; whether a negative sum takes them, constant while sums are in
        flight.
    rounding, zero_point, lowest, highest
        In: constant while sums are in flight.
    result
        Out: three cycles after its sum.
    """

    def __init__(self, widths: RequantizerWidths):
        self.widths = w = widths
        second = {"negative_multiplier": In(signed(w.multiplier)), "negative_offset": In(signed(w.offset))}
        super().__init__(
            (second | {"negative": In(1)} if w.second else {})
            | {
                "accumulator": In(signed(w.accumulator)),
                "multiplier": In(signed(w.multiplier)),
                "offset": In(signed(w.offset)),
                "shift": In(w.shift),
                "rounding": In(2),
                "zero_point": In(signed(w.zero_point)),
                "lowest": In(signed(w.result)),
                "highest": In(signed(w.result)),
                "result": Out(signed(w.result)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        w = self.widths
        wide = max(w.accumulator + w.multiplier, w.offset) + 1
        product, total = Signal(signed(w.accumulator + w.multiplier)), Signal(signed(wide))
        offset, shift, shift_late = Signal.like(self.offset), Signal.like(self.shift), Signal.like(self.shift)
        m.d.sync += [
            product.eq(self.accumulator * self.multiplier),
            offset.eq(self.offset),
            shift.eq(self.shift),
            shift_late.eq(shift),
        ]
        m.d.sync += total.eq(self._choose(m, product + offset) if w.second else product + offset)
        # Shift right by s with one more bit below the point; what falls off is remembered as sticky.
        value, sticky = Cat(Const(0, 1), total), Const(0, 1)
        sign = total[-1]
        for bit in range(w.shift):
            step = 1 << bit
            dropped = value[: min(step, len(value))].any()
            moved = Cat(value[step:], sign.replicate(min(step, len(value))))
            sticky = sticky | (shift_late[bit] & dropped)
            # A signal for each stage: an expression used twice would be emitted twice.
            stage = Signal(len(value), name=f"shifted{bit}")
            m.d.comb += stage.eq(Mux(shift_late[bit], moved, value))
            value = stage
        half, floor = value[0], value[1:].as_signed()
        up = Signal()
        with m.Switch(self.rounding):
            with m.Case(ROUNDING_CODES["half_even"]):
                m.d.comb += up.eq(half & (sticky | floor[0]))
            with m.Case(ROUNDING_CODES["half_up"]):
                m.d.comb += up.eq(half)
        # Beyond the result's range by more than z can bring back, only the sign matters.
        narrow = w.result + 2
        rounded, far_above, far_below = Signal(signed(narrow)), Signal(), Signal()
        upper = floor[narrow - 2 :] if len(floor) > narrow - 1 else floor[-1:]
        m.d.sync += [
            rounded.eq(floor[: narrow - 1].as_signed() + up),
            far_above.eq(~sign & upper.any()),
            far_below.eq(sign & ~upper.all()),
        ]
        shifted = Signal(signed(narrow + 1))
        m.d.comb += shifted.eq(rounded + self.zero_point)
        with m.If(far_above | (~far_below & (shifted > self.highest))):
            m.d.comb += self.result.eq(self.highest)
        with m.Elif(far_below | (shifted < self.lowest)):
            m.d.comb += self.result.eq(self.lowest)
        with m.Else():
            m.d.comb += self.result.eq(shifted)
        return m

    def _choose(self, m: Module, total: Value) -> Value:
        """Return the sum with the second constants where the first is negative."""
        product = Signal((self.accumulator * self.negative_multiplier).shape(), name="negative_product")
        offset, first = Signal.like(self.negative_offset, name="late_offset"), Signal(total.shape(), name="first_total")
        m.d.sync += [product.eq(self.accumulator * self.negative_multiplier), offset.eq(self.negative_offset)]
        m.d.comb += first.eq(total)
        return Mux(self.negative & first[-1], product + offset, first)
