"""Terminals of the macro's subcircuit: the bits of its Verilog pins in their order, then the supplies."""

from __future__ import annotations

from collections.abc import Iterable

from nngen.arch import Core
from nngen.hardware import MacroPin, crossbar_pins
from nngen.netlist import Port

_BITS_OF_AN_ADC = ("trial", "code", "compare")


def terminals(pin: MacroPin) -> tuple[str, ...]:
    """Return the terminals of a pin: the pin itself, or its bits ``<name>_<bit>``, the lowest first."""
    return (pin.name,) if pin.width == 1 else tuple(f"{pin.name}_{bit}" for bit in range(pin.width))


def macro_ports(core: Core, supplies: Iterable[str], *, adcs: Iterable[int]) -> tuple[Port, ...]:
    """Return the ports of a macro's subcircuit.

    Parameters
    ----------
    core
        The macro's core.
    supplies
        What follows the pins.
    adcs
        Those that are there; of a trimmed macro the pins of others are missing, and the rest keep their names.
    """
    kept = set(adcs)
    ports = []
    for pin in crossbar_pins(core):
        names = terminals(pin)
        if pin.name in _BITS_OF_AN_ADC:
            share = len(names) // core.macro.adcs
            names = tuple(name for bit, name in enumerate(names) if bit // share in kept)
        direction = "in" if pin.direction == "input" else "out"
        ports += [Port(name, "digital", direction) for name in names]  # type: ignore[arg-type]  # mypy widens it
    return (*ports, *(Port(name, "supply", "inout") for name in supplies))


def adc_terminals(core: Core, pin_name: str, adc: int) -> tuple[str, ...]:
    """Return the macro's terminals that belong to one converter, the lowest bit first."""
    pin = next(pin for pin in crossbar_pins(core) if pin.name == pin_name)
    share = pin.width // core.macro.adcs
    return terminals(pin)[adc * share : (adc + 1) * share]


def pin_terminals(core: Core, pin_name: str) -> tuple[str, ...]:
    """Return all terminals of a pin, the lowest bit first."""
    return terminals(next(pin for pin in crossbar_pins(core) if pin.name == pin_name))
