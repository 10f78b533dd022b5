"""The devices that a netlist may have: the first letter of an instance's name says which it is, as in SPICE."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.errors import NetlistError

from ._names import check_name, shorten


@dataclass(frozen=True, kw_only=True)
class Device:
    """A primitive device.

    Attributes
    ----------
    name
        What messages call it.
    terminals
        In SPICE's order.
    optional
        How many of the terminals, from the last, may be missing.
    model
        Whether it names a model: it must, it may, it must not.
    value
        Whether a value stands behind its nets, likewise.
    waveform
        Whether that value is what a source drives.
    behaviour
        Whether that value is an expression of voltages and currents.
    controlled
        Whether it names, in the place of a model, the voltage source whose current controls it.
    """

    name: str
    terminals: tuple[str, ...]
    optional: int = 0
    model: bool | None = False
    value: bool | None = False
    waveform: bool = False
    behaviour: bool = False
    controlled: bool = False

    @property
    def needs_something(self) -> bool:
        """Whether a value, a model or a parameter must say what it is, though none of them must be there."""
        return self.value is None and self.model is None


_TWO = ("plus", "minus")
_FOUR = ("plus", "minus", "control_plus", "control_minus")
DEVICES: dict[str, Device] = {
    "R": Device(name="resistor", terminals=_TWO, model=None, value=None),
    "C": Device(name="capacitor", terminals=_TWO, model=None, value=None),
    "L": Device(name="inductor", terminals=_TWO, model=None, value=None),
    "D": Device(name="diode", terminals=("anode", "cathode"), model=True),
    "M": Device(name="MOSFET", terminals=("drain", "gate", "source", "bulk"), model=True),
    "Q": Device(
        name="bipolar transistor", terminals=("collector", "base", "emitter", "substrate"), optional=1, model=True
    ),
    "S": Device(name="switch", terminals=_FOUR, model=True),
    "V": Device(name="voltage source", terminals=_TWO, value=None, waveform=True),
    "I": Device(name="current source", terminals=_TWO, value=None, waveform=True),
    "E": Device(name="voltage-controlled voltage source", terminals=_FOUR, value=True),
    "G": Device(name="voltage-controlled current source", terminals=_FOUR, value=True),
    "F": Device(name="current-controlled current source", terminals=_TWO, model=True, value=True, controlled=True),
    "H": Device(name="current-controlled voltage source", terminals=_TWO, model=True, value=True, controlled=True),
    "B": Device(name="behavioural source", terminals=_TWO, value=True, behaviour=True),
}
SUBCIRCUIT = "X"


def device_letter(name: str) -> str:
    """Return the letter of the device that an instance's name begins with.

    Raises
    ------
    NetlistError
        The name is no identifier, or its first letter is none of a device.
    """
    check_name(name, what="an instance")
    letter = name[0].upper()
    if letter != SUBCIRCUIT and letter not in DEVICES:
        raise NetlistError(
            f"the name of an instance must begin with the letter of a device ({', '.join(DEVICES)}) "
            f"or with {SUBCIRCUIT} for a subcircuit, not {shorten(name)}"
        )
    return letter
