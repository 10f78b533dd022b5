"""An instance of a device or of a subcircuit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nngen.errors import NetlistError

from ._behaviour import Behaviour
from ._devices import DEVICES, SUBCIRCUIT, device_letter
from ._names import check_name, check_net, shorten
from ._values import Value, ValueLike, Waveform, as_parameters, as_value, as_waveform


@dataclass(frozen=True, init=False)
class Instance:
    """A device or a subcircuit in its place.

    Parameters
    ----------
    name
        As SPICE prints it: the first letter says what it is (R, C, L, D, M, Q, S, V, I, E, G, F, H, B; X for a
        subcircuit).
    nets
        What its terminals connect to, in order.
    of
        The subcircuit, or the device's model; of F and H the voltage source whose current controls them; empty where
        there is none.
    value
        Of a resistor, capacitor, inductor or controlled source: a number or an expression. Of an independent source: a
        number or a waveform. Of a behavioural source: a :class:`Behaviour`.
    parameters
        By name: numbers or expressions.

    Raises
    ------
    NetlistError
        A name, a value or a parameter is illegal.
    """

    name: str
    nets: tuple[str, ...]
    of: str
    value: Value | Waveform | Behaviour | None
    parameters: Mapping[str, Value]

    def __init__(
        self,
        name: str,
        nets: Iterable[str],
        of: str = "",
        *,
        value: ValueLike | Waveform | Behaviour | None = None,
        parameters: Mapping[str, ValueLike] | None = None,
    ) -> None:
        letter = device_letter(name)
        checked_nets = tuple(nets)
        for net in checked_nets:
            check_net(net, what=f"a net of instance '{name}'")
        if of:
            check_name(of, what=f"the subcircuit or model of instance '{name}'")
        if parameters and letter in DEVICES and (DEVICES[letter].waveform or DEVICES[letter].behaviour):
            instead = "a waveform" if DEVICES[letter].waveform else "a behaviour"
            raise NetlistError(f"instance '{name}', a {DEVICES[letter].name}, must have no parameters, but {instead}")
        # The one place where a frozen value is filled.
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "nets", checked_nets)
        object.__setattr__(self, "of", of)
        object.__setattr__(self, "value", _as_device_value(value, letter, name))
        object.__setattr__(self, "parameters", as_parameters(parameters or {}, where=f"instance '{name}'"))

    @property
    def sensed_nets(self) -> tuple[str, ...]:
        """Nets whose voltages a behavioural source senses without a terminal, each once."""
        return self.value.nets if isinstance(self.value, Behaviour) else ()

    @property
    def sensed_sources(self) -> tuple[str, ...]:
        """Voltage sources whose currents control it."""
        if isinstance(self.value, Behaviour):
            return self.value.sources
        device = DEVICES.get(self.name[0].upper())
        return (self.of,) if device and device.controlled and self.of else ()


def _as_device_value(
    value: ValueLike | Waveform | Behaviour | None, letter: str, name: str
) -> Value | Waveform | Behaviour | None:
    """Return a value as its device takes it."""
    if value is None:
        return None
    if letter == SUBCIRCUIT or DEVICES[letter].value is False:
        kind = "subcircuit" if letter == SUBCIRCUIT else DEVICES[letter].name
        raise NetlistError(f"instance '{name}', a {kind}, must have no value: what it is made of are parameters")
    if isinstance(value, Behaviour) != DEVICES[letter].behaviour:
        must = "a Behaviour" if DEVICES[letter].behaviour else "no Behaviour"
        raise NetlistError(
            f"instance '{name}', a {DEVICES[letter].name}, must have {must} as its value, not {shorten(str(value))}"
        )
    if isinstance(value, Behaviour):
        return value
    try:
        if DEVICES[letter].waveform:
            return as_waveform(value)
        if isinstance(value, Waveform):
            raise NetlistError(f"must be a number or an expression, not the waveform {shorten(value.text)}")
        return as_value(value)
    except NetlistError as error:
        raise NetlistError(f"the value of instance '{name}': {error}") from error
