"""Event counters of a core: what hardware counts, simulators predict and KPIs price."""

from __future__ import annotations

from collections.abc import Mapping as Counts
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Event:
    """One 32-bit counter, cleared when a program starts."""

    name: str
    meaning: str


EVENTS: tuple[Event, ...] = (
    Event(name="cycles", meaning="from the cycle after an accepted start to HALT's retirement, both included"),
    Event(name="instructions", meaning="instructions issued, HALT included"),
    Event(name="sequencer_stalled", meaning="cycles an instruction could not issue: full queue, or HALT waited"),
    Event(name="load_busy", meaning="cycles LOAD executed a command"),
    Event(name="load_stalled", meaning="cycles a command stood at the head of LOAD's queue and could not start"),
    Event(name="mvm_busy", meaning="cycles MVM executed a command"),
    Event(name="mvm_stalled", meaning="cycles a command stood at the head of MVM's queue and could not start"),
    Event(name="post_busy", meaning="cycles POST executed a command"),
    Event(name="post_stalled", meaning="cycles a command stood at the head of POST's queue and could not start"),
    Event(name="store_busy", meaning="cycles STORE executed a command"),
    Event(name="store_stalled", meaning="cycles a command stood at the head of STORE's queue and could not start"),
    Event(name="vec_busy", meaning="cycles VEC executed a command"),
    Event(name="vec_stalled", meaning="cycles a command stood at the head of VEC's queue and could not start"),
    Event(name="memory_reads", meaning="activation memory words that LOAD and PROG read"),
    Event(name="memory_writes", meaning="activation memory words that STORE and FILL wrote, not over the bus"),
    Event(
        name="row_writes",
        meaning="bytes written into row buffers and the vector buffer: one that goes to n macros counts n times",
    ),
    Event(name="plane_drives", meaning="planes driven, summed over the macros that took part"),
    Event(name="conversions", meaning="conversions, summed over the ADCs of the macros that took part"),
    Event(name="vector_operations", meaning="elements that VEC combined: length times taps"),
    Event(name="programmed_words", meaning="programming words that PROG wrote"),
    Event(name="outputs", meaning="codes or words that POST wrote into output buffers"),
    Event(name="bus_words", meaning="words that STORE and FILL sent over the bus, however many cores take them"),
    Event(name="bus_writes", meaning="words that came over the bus to this core's activation memory"),
)
EVENT_NAMES: tuple[str, ...] = tuple(event.name for event in EVENTS)


def chip_events(cores: Sequence[Counts[str, int]]) -> dict[str, int]:
    """Return the events of a whole chip: those of its cores added up, but ``cycles``, of which the largest counts."""
    return {name: (max if name == "cycles" else sum)(core[name] for core in cores) for name in EVENT_NAMES}
