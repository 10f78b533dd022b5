"""What a netlist is made of: ports, models, subcircuits. Values, made once, that printers and checks read.

Names are checked where they enter, so that no structure can hold one that is unsafe to print; how the parts fit
together is the work of ``check``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from nngen.errors import NetlistError

from ._array import Array
from ._instance import Instance
from ._names import check_name, check_net, shorten
from ._values import Value, ValueLike, as_parameters

Domain = Literal["analog", "digital", "supply"]
Direction = Literal["in", "out", "inout"]
DOMAINS: tuple[Domain, ...] = ("analog", "digital", "supply")
DIRECTIONS: tuple[Direction, ...] = ("in", "out", "inout")
_LONGEST_TITLE = 200


@dataclass(frozen=True)
class Port:
    """A terminal of a subcircuit, seen from inside it."""

    name: str
    domain: Domain = "analog"
    direction: Direction = "inout"

    def __post_init__(self) -> None:
        check_net(self.name, what="a port")
        _one_of(self.domain, DOMAINS, what=f"the domain of port '{self.name}'")
        _one_of(self.direction, DIRECTIONS, what=f"the direction of port '{self.name}'")


def _one_of(value: str, allowed: tuple[str, ...], *, what: str) -> None:
    if value not in allowed:
        raise NetlistError(f"{what} must be one of {', '.join(allowed)}, not {shorten(value)}")


@dataclass(frozen=True, init=False)
class Model:
    """A ``.model`` line: ``Model("nch", "nmos", {"level": 1, "vto": 0.5})``.

    Parameters
    ----------
    name
        What devices name it by.
    kind
        The simulator's: ``nmos``, ``pmos``, ``d``, ``sw``, …
    parameters
        By name: numbers or expressions.
    """

    name: str
    kind: str
    parameters: Mapping[str, Value]

    def __init__(self, name: str, kind: str, parameters: Mapping[str, ValueLike] | None = None) -> None:
        check_name(name, what="a model")
        check_name(kind, what=f"the kind of model '{name}'")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "parameters", as_parameters(parameters or {}, where=f"model '{name}'"))


@dataclass(frozen=True, init=False)
class Subcircuit:
    """A circuit with ports, to be placed by its name.

    Parameters
    ----------
    name
        An identifier.
    ports
        In the order in which instances connect to them.
    contents
        Instances and arrays, printed in this order.
    parameters
        With their defaults; an instance may give others.
    constants
        What ``.param`` defines inside.
    models
        Models that only devices inside see.
    """

    name: str
    ports: tuple[Port, ...]
    contents: tuple[Instance | Array, ...]
    parameters: Mapping[str, Value]
    constants: Mapping[str, Value]
    models: tuple[Model, ...]

    def __init__(
        self,
        name: str,
        ports: Iterable[Port],
        contents: Iterable[Instance | Array] = (),
        *,
        parameters: Mapping[str, ValueLike] | None = None,
        constants: Mapping[str, ValueLike] | None = None,
        models: Iterable[Model] = (),
    ) -> None:
        check_name(name, what="a subcircuit")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "ports", tuple(ports))
        object.__setattr__(self, "contents", tuple(contents))
        object.__setattr__(self, "parameters", as_parameters(parameters or {}, where=f"subcircuit '{name}'"))
        object.__setattr__(self, "constants", as_parameters(constants or {}, where=f"subcircuit '{name}'"))
        object.__setattr__(self, "models", tuple(models))


@dataclass(frozen=True, init=False)
class Netlist:
    """All of one file: models, subcircuits, and the circuit on the top, which may be empty.

    Parameters
    ----------
    title
        One line of printable ASCII, at most 200 characters; SPICE ignores it.
    subcircuits
        In the order in which they are printed; SPICE asks for none.
    contents
        Instances and arrays outside any subcircuit.
    constants
        What ``.param`` defines for all.
    models
        Models that all devices see.
    """

    title: str
    subcircuits: tuple[Subcircuit, ...]
    contents: tuple[Instance | Array, ...]
    constants: Mapping[str, Value]
    models: tuple[Model, ...]

    def __init__(
        self,
        title: str,
        subcircuits: Iterable[Subcircuit] = (),
        *,
        contents: Iterable[Instance | Array] = (),
        constants: Mapping[str, ValueLike] | None = None,
        models: Iterable[Model] = (),
    ) -> None:
        if not (title.isascii() and title.isprintable() and title == title.strip() and len(title) <= _LONGEST_TITLE):
            raise NetlistError(
                f"the title of a netlist must be at most {_LONGEST_TITLE} printable ASCII characters, "
                f"none of them a space at an end, not {shorten(title)}"
            )
        object.__setattr__(self, "title", title)
        object.__setattr__(self, "subcircuits", tuple(subcircuits))
        object.__setattr__(self, "contents", tuple(contents))
        object.__setattr__(self, "constants", as_parameters(constants or {}, where="the netlist"))
        object.__setattr__(self, "models", tuple(models))
