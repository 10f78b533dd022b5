"""Text of a netlist for ngspice and as CDL: only the format; nothing is decided, left out for a reason, or checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, repeat
from pathlib import Path

import numpy as np

from nngen.errors import NetlistError

from ._array import Array
from ._behaviour import Behaviour
from ._devices import DEVICES, SUBCIRCUIT
from ._instance import Instance
from ._number_texts import number_texts
from ._patterns import COLUMN, ROW, Pattern
from ._structure import Model, Netlist, Port, Subcircuit
from ._values import Value

_LINE = 100  # characters, as far as a single word leaves the choice
_LONGEST_NUMBER = repr(-1.2345678901234567e-300)
# Control characters, which no name and no value can hold, stand for the indices of an array.
_ROW_PLACE, _COLUMN_PLACE, _PLACE_END = "\x01", "\x02", "\x03"
_NUMBER_PLACE = "%s"
_NUMBERS_AT_ONCE = 2048  # enough to hide what a call costs


@dataclass(frozen=True, kw_only=True)
class _Dialect:
    """Where the two formats differ."""

    subcircuit: str
    ends: str
    constants: str
    parameters: tuple[str, ...]  # what stands before a subcircuit's parameters
    before_subcircuit: tuple[str, ...]  # what stands before its name in an instance
    models: bool
    model_of_value: str  # how a device that has a value names its model
    letters_of_ports: bool


_NGSPICE = _Dialect(
    subcircuit=".subckt",
    ends=".ends",
    constants=".param",
    parameters=("params:",),
    before_subcircuit=(),
    models=True,
    model_of_value="{}",
    letters_of_ports=False,
)
_CDL = _Dialect(
    subcircuit=".SUBCKT",
    ends=".ENDS",
    constants=".PARAM",
    parameters=(),
    before_subcircuit=("/",),
    models=False,
    model_of_value="$[{}]",
    letters_of_ports=True,
)
_PORTS_OF_A_LINE = 8
_PIN_LETTERS = {"in": "I", "out": "O", "inout": "B"}


def format_ngspice(netlist: Netlist) -> Iterator[str]:
    """Return the text for ngspice, piece by piece: whole lines, of an array one row.

    The first line is the title, so that the text can be a deck or be included. A comment keeps domain and direction
    of every port. There is no ``.end``.
    """
    return _netlist(netlist, _NGSPICE)


def format_cdl(netlist: Netlist) -> Iterator[str]:
    """Return the text as CDL, as a layout-versus-schematic check reads it, piece by piece.

    Direction of ports is in ``*.PININFO``. CDL has no models: devices name them.

    Raises
    ------
    NetlistError
        There is a behavioural source, which no layout has.
    """
    _refuse_behaviour(netlist.contents, "")
    for subcircuit in netlist.subcircuits:
        _refuse_behaviour(subcircuit.contents, f"{subcircuit.name}/")
    return _netlist(netlist, _CDL)


def _refuse_behaviour(contents: Iterable[Instance | Array], path: str) -> None:
    for part in contents:
        if isinstance(part.value, Behaviour):
            raise NetlistError(
                f"'{path}{part.name}' must be a device that a layout has, as CDL is compared with one, "
                "not a behavioural source"
            )


def write_pieces(pieces: Iterable[str], path: Path) -> None:
    """Write a text that comes in pieces to a file; the same bytes on every system."""
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.writelines(pieces)


def _netlist(netlist: Netlist, dialect: _Dialect) -> Iterator[str]:
    yield f"* {netlist.title}\n"
    yield from _constants_and_models(netlist.constants, netlist.models, dialect)
    for subcircuit in netlist.subcircuits:
        yield "\n"
        yield from _subcircuit(subcircuit, dialect)
    if netlist.contents:
        yield "\n"
    yield from _contents(netlist.contents, dialect)


def _subcircuit(subcircuit: Subcircuit, dialect: _Dialect) -> Iterator[str]:
    parameters = _assignments(subcircuit.parameters)
    keyword = dialect.parameters if parameters else ()
    ports = [port.name for port in subcircuit.ports]
    yield _line([dialect.subcircuit, subcircuit.name, *ports, *keyword, *parameters])
    yield from _ports(subcircuit.ports, dialect)
    yield from _constants_and_models(subcircuit.constants, subcircuit.models, dialect)
    yield from _contents(subcircuit.contents, dialect)
    yield f"{dialect.ends} {subcircuit.name}\n"


def _ports(ports: tuple[Port, ...], dialect: _Dialect) -> Iterator[str]:
    if not dialect.letters_of_ports:
        yield from (f"* port {port.name} {port.domain} {port.direction}\n" for port in ports)
        return
    for first in range(0, len(ports), _PORTS_OF_A_LINE):
        letters = [f"{port.name}:{_PIN_LETTERS[port.direction]}" for port in ports[first : first + _PORTS_OF_A_LINE]]
        yield f"*.PININFO {' '.join(letters)}\n"


def _constants_and_models(constants: Mapping[str, Value], models: Iterable[Model], dialect: _Dialect) -> Iterator[str]:
    for assignment in _assignments(constants):
        yield f"{dialect.constants} {assignment}\n"
    if dialect.models:
        for model in models:
            yield _line([".model", model.name, model.kind, *_assignments(model.parameters)])


def _assignments(parameters: Mapping[str, Value]) -> list[str]:
    return [f"{name}={value}" for name, value in parameters.items()]


def _contents(contents: Iterable[Instance | Array], dialect: _Dialect) -> Iterator[str]:
    for part in contents:
        if isinstance(part, Array):
            yield from _rows(part, dialect)
        else:
            yield _line(_words(part, dialect))


def _words(instance: Instance, dialect: _Dialect) -> list[str]:
    """Return the words of an instance's line."""
    return _device_words(
        dialect,
        name=instance.name,
        nets=instance.nets,
        of=instance.of,
        value="" if instance.value is None else str(instance.value),
        parameters=_assignments(instance.parameters),
    )


def _device_words(
    dialect: _Dialect, *, name: str, nets: Iterable[str], of: str, value: str, parameters: list[str]
) -> list[str]:
    """Return the words of a device's line in their order, from the text of each part."""
    words = [name, *nets]
    if name[0].upper() == SUBCIRCUIT:
        words += [*dialect.before_subcircuit, of]
    elif DEVICES[name[0].upper()].controlled:
        words += [of, value]
    elif value and of:
        words += [value, dialect.model_of_value.format(of)]
    else:
        words += [value or of]
    return [word for word in (*words, *parameters) if word]


def _rows(array: Array, dialect: _Dialect) -> Iterator[str]:
    """Every row of an array as one text.

    A row's text is made once with places for the row's number and for numbers of arrays; each row then costs a few
    replacements in it, and one formatting of its numbers.
    """
    row_text = _row_text(array, dialect)
    offsets = sorted({0, *(index.offset for net in array.nets for index in net.indices if index.axis == ROW)})
    for row, numbers in enumerate(_texts_of_rows(array)):
        text = row_text
        for offset in offsets:
            text = text.replace(f"{_ROW_PLACE}{offset}{_PLACE_END}", str(row + offset))
        yield text % numbers if numbers else text


def _texts_of_rows(array: Array) -> Iterator[tuple[str, ...]]:
    """Texts of the numbers in every row, in the order of its places; of several rows at once where they are short."""
    parts = [part for part in (array.value, *array.parameters.values()) if isinstance(part, np.ndarray)]
    if not parts:
        yield from repeat((), array.rows)
        return
    rows_at_once = max(1, _NUMBERS_AT_ONCE // array.columns)
    for first in range(0, array.rows, rows_at_once):
        blocks = [number_texts(part[first : first + rows_at_once].ravel()) for part in parts]
        # One for each part in turn, cell by cell.
        texts = list(chain.from_iterable(zip(*blocks, strict=True))) if len(blocks) > 1 else blocks[0]
        length = array.columns * len(parts)
        yield from (tuple(texts[start : start + length]) for start in range(0, len(texts), length))


def _row_text(array: Array, dialect: _Dialect) -> str:
    """Return the lines of any row, with places for what differs between rows."""
    name = f"{array.name}_{_ROW_PLACE}0{_PLACE_END}_{_COLUMN_PLACE}0{_PLACE_END}"
    words = _cell_words(array, dialect, name=name, nets=map(_with_places, array.nets), number=_NUMBER_PLACE)
    longest = _cell_words(array, dialect, name=array.last.name, nets=array.last.nets, number=_LONGEST_NUMBER)
    line = _line(words, [len(word) for word in longest])
    offsets = sorted({0, *(index.offset for net in array.nets for index in net.indices if index.axis == COLUMN)})
    lines = []
    for column in range(array.columns):
        text = line
        for offset in offsets:
            text = text.replace(f"{_COLUMN_PLACE}{offset}{_PLACE_END}", str(column + offset))
        lines.append(text)
    return "".join(lines)


def _cell_words(array: Array, dialect: _Dialect, *, name: str, nets: Iterable[str], number: str) -> list[str]:
    """Return the words of a cell's line with ``number`` for each number of an array."""

    def text(value: object) -> str:
        return number if isinstance(value, np.ndarray) else "" if value is None else str(value)

    return _device_words(
        dialect,
        name=name,
        nets=nets,
        of=array.of,
        value=text(array.value),
        parameters=[f"{key}={text(value)}" for key, value in array.parameters.items()],
    )


def _with_places(net: Pattern) -> str:
    """Return a net with places for its indices."""
    places = {ROW: _ROW_PLACE, COLUMN: _COLUMN_PLACE}
    return net.join([f"{places[index.axis]}{index.offset}{_PLACE_END}" for index in net.indices])


def _line(words: list[str], widths: list[int] | None = None) -> str:
    """Return a line, continued in others where it is long; ``widths`` of words that are not yet what they will be."""
    text = words[0]
    used = len(words[0])
    for word, width in zip(words[1:], (widths or [len(word) for word in words])[1:], strict=True):
        if used + 1 + width > _LINE:
            text += f"\n+ {word}"
            used = 2 + width
        else:
            text += f" {word}"
            used += 1 + width
    return text + "\n"
