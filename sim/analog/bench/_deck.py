"""A deck that reads a macro through its pins, with the registers of its converters, and measures the codes.

Time runs in cycles. A read takes: one cycle at rest (rows off, bit lines that add charges are reset), ``SETTLING`` with
the rows driven, one that samples, the cycles of the converter, and one in which the code stands::

            rest   driven ...      sample  convert ...  result
    enable  _____|~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~|
    sample  ________________________|~~~~~|___________________

The registers are those of the RTL, as digital elements of ngspice (XSPICE): a bit under trial is captured before its
cycle ends, and the next one is tried only in the next cycle.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from nngen.arch import Core
from nngen.hardware import has_trials
from nngen.netlist.macro import MacroNetlist, adc_terminals, pin_terminals
from nngen.templating import templates

from ._reads import Read

CYCLE_SECONDS = 200e-9
_EDGE_SECONDS = 1e-9
_REST, SETTLING, _RESULT = 1, 2, 1  # cycles
_RELEASE = 0.1  # of a cycle: bit lines that add charges are released before rows move
_CAPTURE = 0.8  # of a cycle: the code under trial has settled


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """When what happens in a bench, in seconds from its start."""

    core: Core

    @property
    def converting(self) -> int:
        """Cycles between the sample and the result."""
        macro = self.core.macro
        return {"sar": macro.adc_bits, "ramp": (1 << macro.adc_bits) - 1, "flash": 1}[macro.controller]

    @property
    def cycles(self) -> int:
        """Cycles of a read."""
        return _REST + SETTLING + 1 + self.converting + _RESULT

    def at(self, read: int, cycle: float) -> float:
        """Return the time of a (fraction of a) cycle of a read."""
        return (read * self.cycles + cycle) * CYCLE_SECONDS

    def result(self, read: int) -> float:
        """Return when the code of a read is measured."""
        return self.at(read, self.cycles - 0.5)

    @property
    def sample_cycle(self) -> int:
        """The cycle that samples."""
        return _REST + SETTLING


def bench_deck(made: MacroNetlist, reads: Sequence[Read], *, title: str, files: Sequence[str]) -> str:
    """Return a deck for ngspice that makes reads and measures the code of every converter after each.

    Parameters
    ----------
    made
        The macro, perhaps trimmed.
    reads
        What it is asked, one after the other.
    title
        Of the deck; printable ASCII.
    files
        Netlists to include, relative to the deck: those of the macro and of its array.

    Returns
    -------
    Its measurements are ``code_<adc>_<read>``.
    """
    timeline = Timeline(core=made.core)
    macro = made.core.macro
    values = {
        "title": title,
        "files": files,
        "supplies": made.electrical.supplies,
        "macro": made.macro.name,
        "ports": [port.name for port in made.macro.ports],
        "inputs": {name: _waveform(steps, made.electrical.supplies["vdd"]) for name, steps in _inputs(made, reads)},
        "controller": macro.controller,
        "has_trials": has_trials(made.core),
        "volts": made.electrical.supplies["vdd"],
        "bits": range(macro.adc_bits),
        "converters": [
            {
                "number": adc,
                "codes": adc_terminals(made.core, "trial" if has_trials(made.core) else "code", adc),
                "compare": adc_terminals(made.core, "compare", adc)[0] if has_trials(made.core) else "",
            }
            for adc in made.adcs
        ],
        "results": [(number, f"{timeline.result(number):.6g}") for number in range(len(reads))],
        "step": f"{CYCLE_SECONDS / 20:g}",
        "longest_step": f"{CYCLE_SECONDS / 4:g}",
        "volts_tolerance": f"{made.electrical.lsb_volts / 2000:.3g}",
        "stop": f"{timeline.at(len(reads), 0):.6g}",
        "edge": f"{_EDGE_SECONDS:g}",
    }
    return templates("spice", trim=True).get_template("macro_bench.cir.j2").render(values)


Steps = Sequence[tuple[float, int]]  # when a digital net changes, and to what; the first at 0


def _inputs(made: MacroNetlist, reads: Sequence[Read]) -> Iterator[tuple[str, Steps]]:
    """Every digital input of the macro that the deck drives, and the clocks of its registers."""
    core, timeline = made.core, Timeline(core=made.core)
    whole = range(len(reads))
    sample = timeline.sample_cycle
    yield "clk", [(0.0, 0)]
    yield "enable", _windows(timeline, whole, _REST, timeline.cycles)
    yield "sample", _windows(timeline, whole, sample, sample + 1)
    bits = core.macro.dac_bits
    planes = pin_terminals(core, "word_lines")
    for row in range(core.macro.rows):
        for bit in range(bits):
            values = [read.planes[row] >> bit & 1 for read in reads]
            windows = [number for number in whole if values[number]]
            yield planes[row * bits + bit], _windows(timeline, windows, _REST + _RELEASE, timeline.cycles)
    for pin, numbers in (
        ("column", [read.column for read in reads]),
        ("gain", [read.gain.bit_length() - 1 for read in reads]),
    ):
        for place, net in enumerate(pin_terminals(core, pin)):
            yield net, [(timeline.at(n, 0), number >> place & 1) for n, number in enumerate(numbers)]
    for pin in ("program_enable", "program_row", "program_word", "program_data"):
        for net in pin_terminals(core, pin):
            yield net, [(0.0, 0)]
    yield from _register_clocks(core, timeline, whole)


def _register_clocks(core: Core, timeline: Timeline, reads: range) -> Iterator[tuple[str, Steps]]:
    """The nets that the registers of converters work with; none of them is a pin."""
    bits, first = core.macro.adc_bits, timeline.sample_cycle + 1
    if core.macro.controller == "sar":
        for bit in range(bits):
            cycle = first + bits - 1 - bit
            yield f"try_{bit}", _windows(timeline, reads, cycle, cycle + 1)
            yield f"capture_{bit}", _windows(timeline, reads, cycle + _CAPTURE, cycle + 1)
    elif core.macro.controller == "ramp":
        for bit in range(bits):
            steps = [(0.0, 0)]
            for read in reads:
                steps += [(timeline.at(read, first + n), (n + 1) >> bit & 1) for n in range(timeline.converting + 1)]
            yield f"try_{bit}", steps
        cycles = [timeline.at(read, first + n + _CAPTURE) for read in reads for n in range(timeline.converting)]
        yield "capture", [(0.0, 0), *(step for t in cycles for step in ((t, 1), (t + 0.1 * CYCLE_SECONDS, 0)))]


def _windows(timeline: Timeline, reads: Iterable[int], start: float, stop: float) -> Steps:
    """Return a net that is high from ``start`` to ``stop`` cycles of each of the reads."""
    steps = [(0.0, 0)]
    for read in reads:
        steps += [(timeline.at(read, start), 1), (timeline.at(read, stop), 0)]
    return steps


def _waveform(steps: Steps, volts: float) -> str:
    """Return a piecewise linear waveform: edges end when a step begins, and equal steps are one."""
    points = [(0.0, steps[0][1])]
    for time, value in steps[1:]:
        if value != points[-1][1]:
            points.append((time, value))
    if len(points) == 1:
        return f"{points[0][1] * volts:g}"
    text = [f"0 {points[0][1] * volts:g}"]
    for (_, before), (time, value) in pairwise(points):
        text.append(f"{time:.9g} {before * volts:g} {time + _EDGE_SECONDS:.9g} {value * volts:g}")
    return f"pwl({' '.join(text)})"
