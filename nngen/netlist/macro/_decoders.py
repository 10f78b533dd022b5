"""Digital selection inside the macro, as ideal sources: columns, and the half unit that a gain asks for.

Multiplexer and decoders are no cells of the library yet. They are ideal, and so are their figures.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from nngen.arch import Core
from nngen.netlist import Behaviour, Instance, Model, Port, Subcircuit

from ._electrical import SUPPLY_VOLTS, Electrical
from ._pins import pin_terminals

COLUMN_DECODER = "nngen_column_decoder"
HALF_UNIT = "nngen_half_unit"
SWITCH = Model("nngen_switch", "sw", {"vt": SUPPLY_VOLTS / 2, "vh": 0.0, "ron": 1e-3, "roff": 1e12})


def behavioural(name: str, net: str, expression: str) -> Instance:
    """Return a source of the volts that an expression says, between a net and ``vss``."""
    return Instance(name, [net, "vss"], value=Behaviour("v", expression))


def number_of(bits: Sequence[str]) -> str:
    """Return the expression of the number that digital nets hold, the lowest bit first: linear, for no step of a
    simulation to stumble over.
    """
    return f"({'+'.join(f'{1 << place}*v({net})' for place, net in enumerate(bits))})/{SUPPLY_VOLTS:g}"


def _is(number: str, value: int) -> str:
    """Return the expression of 1 where a number is this one, and 0 where it is another; steep, but without a step."""
    return f"min(1,max(0,5.5-10*abs(v({number})-{value})))"


def column_decoder(core: Core, places: Sequence[int]) -> Subcircuit:
    """Return what selects a place of every multiplexer: ``select_<place>`` is high; ``select_none`` for all others.

    Parameters
    ----------
    core
        The macro's core.
    places
        The places within a multiplexer that are there.
    """
    bits = pin_terminals(core, "column")
    others = "*".join(f"(1-{_is('number', place)})" for place in places)
    contents = [
        behavioural("Bnumber", "number", number_of(bits)),
        *(behavioural(f"Bselect_{p}", f"select_{p}", f"v(vdd)*{_is('number', p)}") for p in places),
        behavioural("Bselect_none", "select_none", f"v(vdd)*{others}"),
    ]
    ports = [
        *(Port(bit, "digital", "in") for bit in bits),
        *(Port(f"select_{place}", "digital", "out") for place in places),
        Port("select_none", "digital", "out"),
        *(Port(supply, "supply", "inout") for supply in ("vdd", "vss")),
    ]
    return Subcircuit(COLUMN_DECODER, ports, contents)


def half_unit(core: Core, electrical: Electrical) -> Subcircuit:
    """Return the source of half a unit at the converter, at the gain that is selected.

    A converter's transitions lie at codes and a half; where more than one unit falls between two of them, that of an
    even number of units is a whole unit, which the half one in front of it makes a half again (numerics, ADC). Where
    gain = step there is one unit a code, and nothing is added.
    """
    bits = pin_terminals(core, "gain")
    largest = int(math.log2(core.macro.converter().step))
    volts = f"{electrical.half_unit_volts!r}*2**v(number)*min(1,max(0,10*({largest - 0.5:g}-v(number))+0.5))"
    contents = [
        behavioural("Bnumber", "number", number_of(bits)),
        behavioural("Bhalf_unit", "half_unit", volts),
    ]
    ports = [
        *(Port(bit, "digital", "in") for bit in bits),
        Port("half_unit", "analog", "out"),
        Port("vss", "supply", "inout"),
    ]
    return Subcircuit(HALF_UNIT, ports, contents)
