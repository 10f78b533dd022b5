"""A cell's SPICE view: rendered, read, and held against its pins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nngen.arch import CellUse
from nngen.cellib import DECK_SUFFIX, SPICE_SUFFIX, Pin, check_interface, deck_view, spice_view
from nngen.errors import CellError, NetlistError
from nngen.netlist import Netlist, Port, Subcircuit, check, parse_netlist

from ._template import render_template

Facts = Mapping[str, float | str | bool]


@dataclass(frozen=True, kw_only=True)
class CellView:
    """A cell as a circuit.

    Parameters
    ----------
    use
        The cell and its parameters.
    pins
        Those that are there; see :meth:`terminals`.
    subcircuits
        All that its view defines, the cell's own the last; ports have domain and direction of its pins.
    """

    use: CellUse
    pins: tuple[Pin, ...]
    subcircuits: tuple[Subcircuit, ...]

    @property
    def name(self) -> str:
        """Name of the cell and of its subcircuit."""
        return self.use.cell.name

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of its subcircuit's parameters."""
        return tuple(self.subcircuits[-1].parameters)

    def terminals(self, pin: Pin) -> tuple[str, ...]:
        """Return the terminals of a pin: its bits, the lowest first."""
        return pin.terminals(self.use.parameters)

    def pin(self, name: str) -> Pin | None:
        """Return the pin of a name, or None where there is none."""
        return next((pin for pin in self.pins if pin.name == name), None)


def read_view(use: CellUse, facts: Facts, *, pair: bool) -> CellView:
    """Return the circuit of a cell.

    Parameters
    ----------
    use
        The cell and its parameters.
    facts
        What its template knows beside them.
    pair
        Whether bit lines come in pairs; else pins that are only for pairs are left out.

    Raises
    ------
    CellError
        Names the cell and its file: there is no view, it is no netlist, or its pins are not those of ``cell.toml``.
    """
    check_interface(use.cell)
    name = use.cell.name
    file = f"{name}{SPICE_SUFFIX}"
    what = f"cell '{name}': {file}"
    path = spice_view(use.folder)
    if path is None:
        raise CellError(f"cell '{name}' must have a SPICE view, the file {file}, where a netlist is made")
    text = render_template(path, {**use.parameters, **facts, "name": name}, what=what)
    try:
        netlist = parse_netlist(text, name=file)
        _check_content(netlist, name)
        check(netlist)
    except NetlistError as error:
        raise CellError(f"cell '{name}': {error}") from error
    pins = tuple(pin for pin in use.cell.pins if pair or pin.only is None)
    return CellView(use=use, pins=pins, subcircuits=_with_ports(netlist, use, pins, what=what))


def render_deck(use: CellUse, facts: Facts) -> str | None:
    """Return the text of the deck that measures a cell; None where it has none."""
    path = deck_view(use.folder)
    if path is None:
        return None
    name = use.cell.name
    return render_template(path, {**use.parameters, **facts, "name": name}, what=f"cell '{name}': {name}{DECK_SUFFIX}")


def _check_content(netlist: Netlist, name: str) -> None:
    """Refuse what would leave the cell's own subcircuits."""
    if netlist.contents or netlist.models or netlist.constants:
        raise NetlistError("a view must have devices, models and parameters inside its subcircuits only")
    for subcircuit in netlist.subcircuits:
        if subcircuit.name != name and not subcircuit.name.startswith(f"{name}_"):
            raise NetlistError(
                f"a view must have subcircuits named '{name}' and '{name}_…' only, not '{subcircuit.name}'"
            )


def _with_ports(netlist: Netlist, use: CellUse, pins: tuple[Pin, ...], *, what: str) -> tuple[Subcircuit, ...]:
    """Return the subcircuits with the cell's own last, whose ports get domain and direction of the pins."""
    own = [subcircuit for subcircuit in netlist.subcircuits if subcircuit.name == use.cell.name]
    if not own:
        raise CellError(f"{what} must have a subcircuit '{use.cell.name}'")
    expected = [Port(terminal, pin.domain, pin.direction) for pin in pins for terminal in pin.terminals(use.parameters)]
    found, wanted = [port.name for port in own[0].ports], [port.name for port in expected]
    if found != wanted:
        raise CellError(
            f"{what} must have the ports of cell.toml in their order ({' '.join(wanted)}), not {' '.join(found)}"
        )
    mine = Subcircuit(
        own[0].name,
        expected,
        own[0].contents,
        parameters=own[0].parameters,
        constants=own[0].constants,
        models=own[0].models,
    )
    return (*(subcircuit for subcircuit in netlist.subcircuits if subcircuit is not own[0]), mine)
