"""The memory words of one run, or of several at a stride, one a cycle: what LOAD and STORE share."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value

from nngen.arch import Core
from nngen.isa import register

from .command import address
from .sequencer import address_bits
from .unit import QueuedUnit


@dataclass(frozen=True, kw_only=True)
class RunWord:
    """Where in its command the word of this cycle stands.

    Parameters
    ----------
    low
        Byte of a word at which its run begins.
    number
        Of the word in its run.
    first, last
        Of its run.
    lanes
        One bit a byte: it belongs to the run.
    address
        In words of activation memory, as far as the run reaches.
    beyond
        No such word is in memory; never in a command's first run.
    ends
        It is the command's last.
    """

    low: Value
    number: Value
    first: Value
    last: Value
    lanes: Value
    address: Value
    beyond: Value
    ends: Value


def walk_runs(
    m: Module,
    unit: QueuedUnit,
    core: Core,
    *,
    active: Value,
    length: Value,
    word_bits: int,
    strided: Value,
    even: Value | None = None,
    words: Value | None = None,
) -> RunWord:
    """Walk through the words of the command at the head of a unit, while ``active``.

    Parameters
    ----------
    length
        Bytes of a run.
    word_bits
        Width of a word's number in its run.
    strided
        There are RUNS runs, STRIDE bytes apart. Without ``strided_access`` a command has one.
    even
        The lowest bit of STRIDE counts as 0.
    words
        Of the memory that is walked through; those of the core's own unless given.
    """
    lanes = core.word_bytes
    lane_bits = (lanes - 1).bit_length()
    start = address(unit.head.body, address_bits(core))
    number, stop, run_ends = Signal(word_bits), Signal(word_bits + 1), Signal()
    begin, last_run = start, Const(1)
    if core.strided_access:
        begin, last_run = _runs(m, unit, core, active=active, strided=strided, run_ends=run_ends, even=even)
    low = begin[:lane_bits]
    place = Signal(max(len(begin) - lane_bits, word_bits) + 1, name="run_address")
    m.d.comb += [
        stop.eq(low + length),
        run_ends.eq(number == (stop - 1) >> lane_bits),
        place.eq((begin >> lane_bits) + number),
    ]
    m.d.sync += number.eq(Mux(active & ~run_ends, number + 1, 0))
    return RunWord(
        low=low,
        number=number,
        first=number == 0,
        last=run_ends,
        lanes=lane_mask(low, stop[:lane_bits], number == 0, run_ends, lanes),
        address=place,
        beyond=place >= (core.activation_bytes // lanes if words is None else words)
        if core.strided_access
        else Const(0),
        ends=run_ends & last_run,
    )


def _runs(
    m: Module, unit: QueuedUnit, core: Core, *, active: Value, strided: Value, run_ends: Value, even: Value | None
) -> tuple[Value, Value]:
    """Return where the current run begins, and whether it is the last."""
    described = {name: register(unit.unit, name) for name in ("RUNS", "STRIDE")}
    runs, stride = (unit.register(m, r.index, r.bits(core), r.name.lower()) for r in described.values())
    if even is not None:
        stride = Cat(stride[0] & ~even, stride[1:])
    offset, run = Signal(address_bits(core), name="run_offset"), Signal(described["RUNS"].width)
    begin, last_run = Signal(address_bits(core), name="run_begin"), Signal()
    m.d.comb += [begin.eq(address(unit.head.body, len(begin)) + offset), last_run.eq(~strided | (run + 1 >= runs))]
    with m.If(active & run_ends):
        m.d.sync += [offset.eq(Mux(last_run, 0, offset + stride)), run.eq(Mux(last_run, 0, run + 1))]
    return begin, last_run


def lane_mask(low: Value, stop_low: Value, first: Value, last: Value, lanes: int) -> Value:
    """Return the lanes a run covers: from ``low`` in its first word, below ``stop_low`` in its last (0: all)."""
    return Cat(*[~(first & (low > lane)) & ~(last & (stop_low != 0) & (stop_low <= lane)) for lane in range(lanes)])


def rotate_lanes(m: Module, name: str, value: Value, shift: Value, *, lanes: int) -> Value:
    """Move lane i to lane (i + shift) mod lanes; ``lanes`` is a power of two."""
    width = len(value) // lanes
    for bit in range((lanes - 1).bit_length()):
        cut = (lanes - (1 << bit)) * width
        stage = Signal(len(value), name=f"{name}_rotated{bit}")
        m.d.comb += stage.eq(Mux(shift[bit], Cat(value[cut:], value[:cut]), value))
        value = stage
    return value
