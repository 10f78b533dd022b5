"""What must hold between the parts of a netlist.

1. Names are different where SPICE sees them together, without regard to case: subcircuits, models, ports, instances
   with the cells of arrays, parameters with constants.
2. Every instance has as many nets as its device or subcircuit has terminals, its model, its value.
3. Every instance of a subcircuit names one of this netlist, and parameters that it has.
4. No subcircuit contains itself.
5. Every port connects to something inside, every other net connects two terminals or more. Ground (``0``, ``gnd``) may
   do as it likes, but is no port: SPICE has one for all subcircuits and would short the port to it.
6. What a source senses is there: a net with a connection, and of a current the voltage source beside it.

Models may be missing: a process design kit brings them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from nngen.errors import NetlistError, suggestion

from ._array import Array
from ._connections import GROUND, Connections
from ._devices import DEVICES, SUBCIRCUIT, Device
from ._hierarchy import Hierarchy
from ._instance import Instance
from ._structure import Model, Netlist, Subcircuit

_MOST_PROBLEMS = 8  # that one message lists
_CELL = re.compile(r"(.+)_(0|[1-9][0-9]{0,8})_(0|[1-9][0-9]{0,8})")
_VOLTAGE_SOURCE = "V"
_MULTIPLIER = "m"  # every instance of a subcircuit takes it

Contents = tuple[Instance | Array, ...]
Shapes = dict[str, tuple[int, int]]  # rows and columns of arrays, by their names in lower case


def check(netlist: Netlist, *, measured: bool = False) -> None:
    """Refuse a netlist whose parts do not fit together.

    Parameters
    ----------
    netlist
        The rules of this module are checked in all of its subcircuits, placed or not, and in its contents.
    measured
        Whether nets outside any subcircuit may have one connection: a deck measures them.

    Raises
    ------
    NetlistError
        Names what is wrong by its path from the top (``top/Xarray/Xcell_0_3``), up to eight problems in one sentence.
    """
    problems = list(islice(_problems(netlist, measured), _MOST_PROBLEMS + 1))
    if problems:
        more = ["…"] if len(problems) > _MOST_PROBLEMS else []
        raise NetlistError("; ".join(problems[:_MOST_PROBLEMS] + more))


def _problems(netlist: Netlist, measured: bool) -> Iterator[str]:
    hierarchy = Hierarchy(netlist)
    yield from _twice((subcircuit.name for subcircuit in netlist.subcircuits), "subcircuit", "")
    yield from _clashes_of_models(netlist.models, "")
    cycle = hierarchy.cycle()
    if cycle:
        yield f"subcircuit '{cycle[0]}' must not contain itself, as it does by way of {' / '.join(cycle)}"
    yield from _problems_inside(netlist.contents, "", hierarchy)
    if not measured:
        yield from _floating(netlist.contents, (), "")
    for subcircuit in netlist.subcircuits:
        yield from _problems_of(subcircuit, hierarchy)


def _problems_of(subcircuit: Subcircuit, hierarchy: Hierarchy) -> Iterator[str]:
    path = f"{hierarchy.path(subcircuit)}/"
    ports = tuple(port.name for port in subcircuit.ports)
    yield from _twice(ports, "port", path)
    yield from _twice((*subcircuit.parameters, *subcircuit.constants), "parameter", path)
    yield from _clashes_of_models(subcircuit.models, path)
    yield from _problems_inside(subcircuit.contents, path, hierarchy)
    yield from _floating(subcircuit.contents, ports, path)


def _clashes_of_models(models: Iterable[Model], path: str) -> Iterator[str]:
    return _twice((model.name for model in models), "model", path)


def _twice(names: Iterable[str], what: str, path: str) -> Iterator[str]:
    """Every name that SPICE could not tell from one before."""
    seen: dict[str, str] = {}
    for name in names:
        if name.lower() in seen:
            yield f"{what} '{path}{name}' must have a name of its own, as '{path}{seen[name.lower()]}' has it already"
        seen.setdefault(name.lower(), name)


# ---------------------------------------------------------------- instances


def _problems_inside(contents: Contents, path: str, hierarchy: Hierarchy) -> Iterator[str]:
    instances = [part for part in contents if isinstance(part, Instance)]
    arrays = [part for part in contents if isinstance(part, Array)]
    yield from _twice((instance.name for instance in instances), "instance", path)
    yield from _twice((array.name for array in arrays), "array", path)
    yield from _instances_named_as_cells(instances, arrays, path)
    yield from _unknown_sources(contents, path)
    for part in contents:
        instance = part.first if isinstance(part, Array) else part
        yield from _misfits(instance, f"{path}{instance.name}", hierarchy)


def _unknown_sources(contents: Contents, path: str) -> Iterator[str]:
    """Every voltage source whose current is sensed, but which is not there."""
    cells = [part.first if isinstance(part, Array) else part for part in contents]
    sensing = [cell for cell in cells if cell.sensed_sources]
    sources = [part for part in contents if part.name[0].upper() == _VOLTAGE_SOURCE] if sensing else []
    shapes = _shapes(source for source in sources if isinstance(source, Array))
    known = {source.name.lower(): source.name for source in sources if isinstance(source, Instance)}
    for cell in sensing:
        for name in cell.sensed_sources:
            if name.lower() not in known and not _is_cell(name, shapes):
                near = suggestion(name, known.values())
                sensed = f"the current that '{path}{cell.name}' senses"
                yield f"{sensed} must be of a voltage source beside it, not of '{name}'{near}"


def _shapes(arrays: Iterable[Array]) -> Shapes:
    return {array.name.lower(): (array.rows, array.columns) for array in arrays}


def _is_cell(name: str, shapes: Shapes) -> bool:
    """Whether some array has a cell of a name."""
    found = _CELL.fullmatch(name.lower()) if shapes else None
    rows, columns = shapes.get(found[1], (0, 0)) if found else (0, 0)
    return found is not None and int(found[2]) < rows and int(found[3]) < columns


def _instances_named_as_cells(instances: list[Instance], arrays: list[Array], path: str) -> Iterator[str]:
    shapes = _shapes(arrays)
    for instance in instances:
        if _is_cell(instance.name, shapes):
            yield f"instance '{path}{instance.name}' must have a name of its own, as a cell of an array has it already"


def _misfits(instance: Instance, path: str, hierarchy: Hierarchy) -> Iterator[str]:
    """What does not fit between an instance and what it is an instance of."""
    letter = instance.name[0].upper()
    if letter != SUBCIRCUIT:
        yield from _device_misfits(instance, DEVICES[letter], path)
        return
    subcircuit = hierarchy.find(instance.of)
    if subcircuit is None:
        near = suggestion(instance.of, hierarchy.names)
        yield f"instance '{path}' must be of a subcircuit of the netlist, not of '{instance.of}'{near}"
        return
    ports = [port.name for port in subcircuit.ports]
    if len(instance.nets) != len(ports):
        yield (
            f"instance '{path}' must have {len(ports)} nets for the ports of '{subcircuit.name}' "
            f"({', '.join(ports)}), not {len(instance.nets)}"
        )
    known = [name.lower() for name in subcircuit.parameters]
    for name in instance.parameters:
        if name.lower() not in (*known, _MULTIPLIER):
            near = suggestion(name, subcircuit.parameters)
            has = ", ".join(subcircuit.parameters) or "it has none"
            yield f"parameter '{name}' of instance '{path}' must be one of '{subcircuit.name}' ({has}){near}"


def _device_misfits(instance: Instance, device: Device, path: str) -> Iterator[str]:
    fewest, most = len(device.terminals) - device.optional, len(device.terminals)
    if not fewest <= len(instance.nets) <= most:
        count = f"{most}" if fewest == most else f"{fewest} or {most}"
        terminals = ", ".join(device.terminals)
        yield f"instance '{path}', a {device.name}, must have {count} nets ({terminals}), not {len(instance.nets)}"
    if device.model is True and not instance.of:
        what = "the voltage source whose current controls it" if device.controlled else "a model"
        yield f"instance '{path}', a {device.name}, must name {what}"
    if device.model is False and instance.of:
        yield f"instance '{path}', a {device.name}, must have no model, not '{instance.of}'"
    if device.value is True and instance.value is None:
        yield f"instance '{path}', a {device.name}, must have a value"
    if device.needs_something and not (instance.of or instance.parameters or instance.value is not None):
        yield f"instance '{path}', a {device.name}, must have a value, a model or a parameter"


# ---------------------------------------------------------------- nets


def _floating(contents: Contents, ports: tuple[str, ...], path: str) -> Iterator[str]:
    for port in ports:
        if port.lower() in GROUND:
            yield f"port '{path}{port}' must not have a name of ground, which is one net for all subcircuits"
    is_port = {port.lower() for port in ports}
    connections = Connections(contents, ports)
    for name, net in connections.only_sensed:
        yield f"net '{path}{net}', which '{path}{name}' senses, must connect to a terminal or a port"
    for net in connections.lone():
        if net.lower() in is_port:
            yield f"port '{path}{net}' must connect to something inside its subcircuit"
        else:
            yield f"net '{path}{net}' must connect two terminals or more, not one"
