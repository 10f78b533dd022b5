"""Compares what two models of the machine say: codes, cycles, every event. Pure functions; nothing is run here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError
from nngen.ir import Mapping as NetworkMapping
from nngen.ir import macro_name
from nngen.isa import Cause

from ._job import RtlResult

IntArray = npt.NDArray[np.int64]
MacrosOf = Callable[[str, int], tuple[str, ...]]
CycleOf = Callable[[str, int, int, int], int | None]

LIMIT = 20  # mismatches that are kept; all are counted


@dataclass(frozen=True, kw_only=True)
class CodeMismatch:
    """One output code that differs.

    Parameters
    ----------
    sample, y, x, channel
        Where.
    layer
        ONNX output tensor.
    expected, found
        The codes.
    macros
        Names of the macros that hold weights of this channel; empty if not known.
    cycle
        In which the code was stored, by the instruction set simulator; None if not known.
    """

    sample: int
    layer: str
    y: int
    x: int
    channel: int
    expected: int
    found: int
    macros: tuple[str, ...] = ()
    cycle: int | None = None

    def __str__(self) -> str:
        macros = f" ({', '.join(self.macros)})" if self.macros else ""
        cycle = "" if self.cycle is None else f", stored in cycle {self.cycle}"
        return (
            f"sample {self.sample}, layer '{self.layer}', channel {self.channel}, pixel ({self.y}, {self.x}){macros}"
            f"{cycle}: code must be {self.expected}, not {self.found}"
        )


@dataclass(frozen=True, kw_only=True)
class EventMismatch:
    """One counter of one run that differs; cycles, and the cause of the end, are among them.

    ``core`` is None where there is only one.
    """

    sample: int
    event: str
    expected: int
    found: int
    core: int | None = None

    def __str__(self) -> str:
        core = "" if self.core is None else f", core {self.core}"
        return f"sample {self.sample}{core}: {self.event} must be {self.expected}, not {self.found}"


Mismatch = CodeMismatch | EventMismatch


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What was compared and what differed.

    Parameters
    ----------
    codes, code_differences
        Output codes of all samples.
    events, event_differences
        Values of counters other than cycles, of all samples; causes count here.
    cycles, cycle_differences
        Runs, and those that took another time.
    mismatches
        The first differences of each kind, codes first.
    """

    codes: int = 0
    code_differences: int = 0
    events: int = 0
    event_differences: int = 0
    cycles: int = 0
    cycle_differences: int = 0
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def equal(self) -> bool:
        """Whether nothing differed."""
        return not (self.code_differences or self.event_differences or self.cycle_differences)

    def __add__(self, other: Comparison) -> Comparison:
        return Comparison(
            codes=self.codes + other.codes,
            code_differences=self.code_differences + other.code_differences,
            events=self.events + other.events,
            event_differences=self.event_differences + other.event_differences,
            cycles=self.cycles + other.cycles,
            cycle_differences=self.cycle_differences + other.cycle_differences,
            mismatches=self.mismatches + other.mismatches,
        )


def compare_codes(
    expected: Mapping[str, IntArray],
    found: Mapping[str, IntArray],
    *,
    layers: Mapping[str, str] | None = None,
    macros: MacrosOf | None = None,
    cycles: CycleOf | None = None,
    limit: int = LIMIT,
) -> Comparison:
    """Compare codes of tensors, shape ``(samples, height, width, channels)``.

    Parameters
    ----------
    expected, found
        By tensor; every tensor of ``found`` must be expected, others may be too.
    layers
        Name of the layer of a tensor, where it differs from the tensor's.
    macros
        Says which macros a (layer, channel) is in: see :func:`macros_of`.
    cycles
        Says in which cycle the code of a (tensor, y, x, channel) was stored.
    limit
        Mismatches to keep.

    Raises
    ------
    InputError
        A tensor is not expected, or its shapes differ.
    """
    total = Comparison()
    for name, codes in found.items():
        reference = _same_shape(name, expected, codes)
        layer = (layers or {}).get(name, name)
        places = np.argwhere(reference != codes)
        kept = tuple(
            CodeMismatch(
                sample=sample,
                layer=layer,
                y=y,
                x=x,
                channel=channel,
                expected=int(reference[sample, y, x, channel]),
                found=int(codes[sample, y, x, channel]),
                macros=macros(layer, channel) if macros else (),
                cycle=cycles(name, y, x, channel) if cycles else None,
            )
            for sample, y, x, channel in places[: max(0, limit - len(total.mismatches))].tolist()
        )
        total += Comparison(codes=codes.size, code_differences=len(places), mismatches=kept)
    return total


def _same_shape(name: str, expected: Mapping[str, IntArray], codes: IntArray) -> IntArray:
    if name not in expected:
        raise InputError(f"tensor '{name}' must be among those expected ({', '.join(sorted(expected)) or 'none'})")
    if expected[name].shape != codes.shape or codes.ndim != 4:
        raise InputError(f"codes of tensor '{name}' must have shape {expected[name].shape}, not {codes.shape}")
    return expected[name]


def compare_events(
    expected: Mapping[str, int], found: Mapping[str, IntArray], *, core: int | None = None, limit: int = LIMIT
) -> Comparison:
    """Compare event counters of every run with those of a model: time and counts do not depend on data.

    Parameters
    ----------
    expected
        Value by event.
    found
        Values by event, shape ``(samples,)``.
    core
        Which one, where there are several.
    limit
        Mismatches to keep.

    Raises
    ------
    InputError
        The two do not name the same events.
    """
    if set(expected) != set(found):
        odd = ", ".join(sorted(set(expected) ^ set(found)))
        raise InputError(f"events must be the same on both sides, but only one has {odd}")
    total = Comparison()
    for event, values in found.items():
        wrong = np.flatnonzero(values != expected[event])
        kept = tuple(
            EventMismatch(sample=sample, event=event, expected=expected[event], found=int(values[sample]), core=core)
            for sample in wrong[: max(0, limit - len(total.mismatches))].tolist()
        )
        if event == "cycles":
            total += Comparison(cycles=values.size, cycle_differences=wrong.size, mismatches=kept)
        else:
            total += Comparison(events=values.size, event_differences=wrong.size, mismatches=kept)
    return total


def compare_result(
    result: RtlResult,
    *,
    codes: Mapping[str, IntArray],
    events: Sequence[Mapping[str, int]],
    causes: Sequence[Cause] = (),
    layers: Mapping[str, str] | None = None,
    macros: MacrosOf | None = None,
    cycles: CycleOf | None = None,
    limit: int = LIMIT,
) -> Comparison:
    """Compare a co-simulation with what the models say: codes, cause, cycles and every event.

    Parameters
    ----------
    result
        The co-simulation.
    codes
        What it must be, by a model.
    events, causes
        Of every core; without causes every program ends with HALT.
    layers, macros, cycles, limit
        As in :func:`compare_codes`.

    Raises
    ------
    InputError
        The two do not hold the same tensors or events.
    """
    total = compare_codes(codes, result.outputs, layers=layers, macros=macros, cycles=cycles, limit=limit)
    expected = zip(result.cores, events, causes or [Cause.NONE] * len(events), strict=True)
    for number, (found, counted, cause) in enumerate(expected):
        core = None if len(events) == 1 else number
        ended = {"cause": np.array(found.causes, np.int64)}
        total += compare_events({"cause": int(cause)}, ended, core=core, limit=limit)
        total += compare_events(counted, found.events, core=core, limit=limit)
    return total


def macros_of(mapping: NetworkMapping, *, cores: int = 1) -> MacrosOf:
    """Return a function that names the macros with weights of a (layer, channel); none for a layer not mapped."""
    tiles = {layer.layer: layer.tiles for layer in mapping.layers}

    def find(layer: str, channel: int) -> tuple[str, ...]:
        held = {t.place for t in tiles.get(layer, ()) if t.output_range[0] <= channel < t.output_range[1]}
        return tuple(macro_name(*place, cores=cores) for place in sorted(held))

    return find
