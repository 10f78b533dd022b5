"""Requantizer: equal to its specification for every sum and every constant, at a narrow width."""

from __future__ import annotations

from types import ModuleType

from amaranth.asserts import AnyConst
from amaranth.hdl import Assert, Const, Cover, Elaboratable, Module, Mux, Signal, Value, signed

from nngen.hardware import requantizer
from nngen.sim.verification.faults import SourcePatch

from ._harness import drive_freely, embed, implies
from ._proof import Proof, SeededBug

# Wide enough that sums lie far beyond the result's range on both sides and that the largest shift drops all bits.
_WIDTHS = requantizer.RequantizerWidths(accumulator=3, multiplier=3, offset=6, shift=3, zero_point=2, result=3)
_LATENCY = 3
_EXACT_BITS = 12  # holds acc * m + b, and the rounded quotient with z added
_HALF_EVEN, _HALF_UP = 0, 1  # every other code rounds down


class RequantizerHarness(Elaboratable):
    """A requantizer beside ``clip(round((acc * m + b) / 2^s) + z, lo, hi)``, computed from the inputs of 3 cycles ago.

    Assumed: rounding, z, lo and hi stay as they are.
    """

    def __init__(self, module: ModuleType) -> None:
        self.requantizer = module.Requantizer(_WIDTHS)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        dut, w = self.requantizer, _WIDTHS
        embed(m, "requantizer", dut)
        drive_freely(m, dut, keep=("rounding", "zero_point", "lowest", "highest"))
        m.d.comb += [
            dut.rounding.eq(AnyConst(2)),
            dut.zero_point.eq(AnyConst(w.zero_point)),
            dut.lowest.eq(AnyConst(w.result)),
            dut.highest.eq(AnyConst(w.result)),
        ]
        accumulator, multiplier, offset, shift = (
            _delayed(m, port) for port in (dut.accumulator, dut.multiplier, dut.offset, dut.shift)
        )
        expected, filled = Signal(signed(w.result)), _delayed(m, Const(1))
        rounded = self._rounded(m, accumulator * multiplier + offset, shift)
        shifted = Signal(signed(_EXACT_BITS))
        m.d.comb += [
            shifted.eq(rounded + dut.zero_point),
            expected.eq(_clip(shifted, dut.lowest, dut.highest)),
            Assert(implies(filled, dut.result == expected), "result_is_specified"),
            Cover(filled & (dut.result == expected) & (dut.result == -2) & (shift == 2), "negative_result"),
            Cover(filled & (shifted > dut.highest) & (dut.rounding == _HALF_EVEN), "result_clipped"),
        ]
        return m

    def _rounded(self, m: Module, exact: Value, shift: Value) -> Signal:
        """Divide by 2^shift: down, then up by one where the rest is above half, or half and the mode says so."""
        value, quotient, rest, half = (
            Signal(signed(_EXACT_BITS), name=name) for name in ("value", "quotient", "rest", "half")
        )
        up = Signal()
        tie = (rest == half) & (shift != 0)
        m.d.comb += [
            value.eq(exact),
            quotient.eq(value >> shift),
            rest.eq(value - (quotient << shift)),
            half.eq((1 << shift) >> 1),
        ]
        with m.Switch(self.requantizer.rounding):
            with m.Case(_HALF_EVEN):
                m.d.comb += up.eq(((rest > half) & (shift != 0)) | (tie & quotient[0]))
            with m.Case(_HALF_UP):
                m.d.comb += up.eq(((rest > half) & (shift != 0)) | tie)
        rounded = Signal(signed(_EXACT_BITS))
        m.d.comb += rounded.eq(quotient + up)
        return rounded


def _delayed(m: Module, value: Value) -> Signal:
    """Return a value of ``_LATENCY`` cycles ago; 0 in the first ones."""
    for _ in range(_LATENCY):
        register = Signal(value.shape(), name="delayed")
        m.d.sync += register.eq(value)
        value = register
    return value


def _clip(value: Value, lowest: Value, highest: Value) -> Value:
    return Mux(value > highest, highest, Mux(value < lowest, lowest, value))


PROOF = Proof(
    name="requantizer",
    states="three cycles after a sum the result is clip(round((acc * m + b) / 2^s) + z, lo, hi), for all sums and "
    f"constants of {_WIDTHS.accumulator}, {_WIDTHS.multiplier}, {_WIDTHS.offset} and {_WIDTHS.shift} bits and all "
    "four rounding codes, of which 3 acts as floor",
    module=requantizer,
    harness=RequantizerHarness,
    depth=_LATENCY + 1,
    cover_depth=_LATENCY + 1,
    bugs=(
        SeededBug(
            name="ties round to odd",
            patch=SourcePatch(module=requantizer, old="half & (sticky | floor[0])", new="half & (sticky | ~floor[0])"),
            caught_by="result_is_specified",
            depth=_LATENCY + 1,
        ),
        SeededBug(
            name="sums far below the range are taken for sums in it",
            patch=SourcePatch(module=requantizer, old="far_below.eq(sign & ~upper.all())", new="far_below.eq(0)"),
            caught_by="result_is_specified",
            depth=_LATENCY + 1,
        ),
    ),
)
