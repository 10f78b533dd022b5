"""Reads SPICE: what the printers write, and cells written by hand. Executes nothing, opens no other file.

A text is a list of structures: ``.subckt`` and ``.ends``, ``.model``, ``.param``, devices. All else is refused by name:
what a simulation does belongs into the deck around it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nngen.errors import NetlistError

from ._devices import DEVICES, SUBCIRCUIT, device_letter
from ._instance import Instance
from ._lines import Line, lines_of
from ._names import check_parameter_name, shorten
from ._structure import Direction, Model, Netlist, Port, Subcircuit
from ._values import Expression, Value, as_value, parse_number

LARGEST_FILE = 1 << 24  # bytes; some 400,000 devices, which take a gigabyte as structures

_EXECUTES = "it would run commands"
_OPENS = "it would open another file"
_REFUSED = {
    ".control": _EXECUTES,
    ".endc": _EXECUTES,
    ".shell": _EXECUTES,
    ".system": _EXECUTES,
    ".exec": _EXECUTES,
    ".include": _OPENS,
    ".inc": _OPENS,
    ".incl": _OPENS,
    ".lib": _OPENS,
    ".load": _OPENS,
    ".osdi": _OPENS,
    ".pre_osdi": _OPENS,
}
_READ = ".subckt, .ends, .model, .param and .end"
_PORT = re.compile(r"\* port (\S+) (\S+) (\S+)")
_PIN_INFO = "*.PININFO "
_PIN_DIRECTIONS: dict[str, Direction] = {"I": "in", "O": "out", "B": "inout"}
_PARENTHESIS = re.compile(r"('[^']*'|\{[^{}]*\})|[()]")
_CDL_MODEL = re.compile(r"\$\[(\w+)\]")


def read_netlist(path: Path, *, largest: int = LARGEST_FILE) -> Netlist:
    """Return the netlist in a file.

    Parameters
    ----------
    path
        The file; messages call it by its name without the folder.
    largest
        Bytes that the file may have.

    Raises
    ------
    NetlistError
        The file cannot be read, or as of :func:`parse_netlist`.
    """
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as error:
        raise NetlistError(f"{path.name} must be a file that can be read: {error.strerror}") from error
    return parse_netlist(content.decode("utf-8", "replace"), name=path.name, largest=largest)


def parse_netlist(text: str, *, name: str = "netlist", largest: int = LARGEST_FILE) -> Netlist:
    """Return the netlist that a text describes.

    A comment in the first line becomes the title; there is no title without ``*``. Ports are analog and bidirectional
    unless comments of the printers (``* port``, ``*.PININFO``) say otherwise.

    Parameters
    ----------
    text
        SPICE or CDL.
    name
        What messages call it.
    largest
        Characters that the text may have.

    Raises
    ------
    NetlistError
        Names file, line and reason: the text is too large, is no netlist, or would run commands or open a file.
    """
    if len(text) > largest:
        raise NetlistError(f"{name} must have at most {largest:,} bytes; a simulator reads more than nngen does")
    reader = _Reader()
    for line in lines_of(text.replace("\r\n", "\n"), name=name):
        try:
            reader.take(line)
        except NetlistError as error:
            raise NetlistError(f"{line.where}: {error}") from error
    return reader.netlist()


@dataclass
class _Scope:
    """What a subcircuit has so far, or the netlist outside any."""

    where: str = ""
    name: str = ""
    ports: list[str] = field(default_factory=list)
    port_comments: dict[str, Port] = field(default_factory=dict)
    parameters: Mapping[str, Value] = field(default_factory=dict)
    contents: list[Instance] = field(default_factory=list)
    constants: dict[str, Value] = field(default_factory=dict)
    constant_names: set[str] = field(default_factory=set)
    models: list[Model] = field(default_factory=list)

    def subcircuit(self) -> Subcircuit:
        ports = [self.port_comments.get(port, Port(port)) for port in self.ports]
        return Subcircuit(
            self.name,
            ports,
            self.contents,
            parameters=self.parameters,
            constants=self.constants,
            models=self.models,
        )


class _Reader:
    """Takes lines in order."""

    def __init__(self) -> None:
        self._title: str | None = None
        self._top = _Scope()
        self._scope = self._top
        self._subcircuits: list[Subcircuit] = []

    def netlist(self) -> Netlist:
        """Return what all lines make."""
        if self._scope is not self._top:
            raise NetlistError(f"{self._scope.where}: subcircuit '{self._scope.name}' must end with .ends")
        top = self._top
        return Netlist(
            _printable(self._title or ""),
            self._subcircuits,
            contents=top.contents,
            constants=top.constants,
            models=top.models,
        )

    def take(self, line: Line) -> None:
        """Take one line."""
        if line.text.startswith("*"):
            self._take_comment(line)
        else:
            self._title = self._title or ""
            if not line.text.isascii():
                raise NetlistError(f"outside of comments all must be ASCII, not {shorten(line.text)}")
            if line.text.startswith("."):
                self._take_directive(line)
            else:
                self._scope.contents.append(_instance(line.words()))

    def _take_comment(self, line: Line) -> None:
        if line.text.startswith("*#"):
            raise NetlistError(f"'*#' must not stand in a netlist: {_EXECUTES}")
        if self._title is None:
            self._title = line.text[1:].strip()
        elif line.text.startswith(_PIN_INFO):
            for entry in line.text.removeprefix(_PIN_INFO).split():
                port, _, letter = entry.rpartition(":")
                self._describe_port(port, "analog", _PIN_DIRECTIONS.get(letter, "inout"))
        elif found := _PORT.fullmatch(line.text):
            self._describe_port(*found.groups())

    def _describe_port(self, name: str, domain: str, direction: str) -> None:
        """Keep what a comment says of a port; one that says nothing sensible is a comment."""
        try:
            self._scope.port_comments[name] = Port(name, domain, direction)  # type: ignore[arg-type]  # checked there
        except NetlistError:
            return

    def _take_directive(self, line: Line) -> None:
        words = line.words()
        directive = words[0].lower()
        match directive:
            case ".subckt":
                self._begin(words[1:], line.where)
            case ".ends":
                self._end(words[1:])
            case ".model":
                self._scope.models.append(_model(line))
            case ".param":
                self._define(_assignments(words[1:]))
            case ".end":
                pass
            case _ if directive in _REFUSED:
                raise NetlistError(f"{directive} must not stand in a netlist: {_REFUSED[directive]}")
            case _:
                raise NetlistError(f"a directive must be one of {_READ}, not {shorten(words[0])}")

    def _begin(self, words: list[str], where: str) -> None:
        if self._scope is not self._top:
            raise NetlistError(f"a subcircuit must not begin inside another, '{self._scope.name}'")
        positional, parameters = _split(words)
        if not positional:
            raise NetlistError(".subckt must have a name")
        name, *ports = positional
        for port in ports:
            Port(port)
        Subcircuit(name, ())
        self._scope = _Scope(where, name, ports, parameters=parameters)

    def _end(self, words: list[str]) -> None:
        name = self._scope.name
        if self._scope is self._top:
            raise NetlistError(".ends must end a subcircuit, but none has begun")
        if words and [word.lower() for word in words] != [name.lower()]:
            raise NetlistError(f".ends must name the subcircuit that it ends, '{name}', not {shorten(' '.join(words))}")
        self._subcircuits.append(self._scope.subcircuit())
        self._scope = self._top

    def _define(self, constants: dict[str, Value]) -> None:
        for name, value in constants.items():
            check_parameter_name(name, self._scope.constant_names, where="a .param line")
            self._scope.constants[name] = value


def _printable(title: str) -> str:
    """Return a comment as a title can be."""
    return "".join(character if " " <= character <= "~" else "?" for character in title)[:200].strip()


# ---------------------------------------------------------------- devices


def _instance(words: list[str]) -> Instance:
    letter = device_letter(words[0])
    if letter != SUBCIRCUIT and DEVICES[letter].waveform:
        return _source(words)
    name = words[0]
    positional, parameters = _split(words[1:])
    if letter == SUBCIRCUIT:
        nets = [word for word in positional if word != "/"]
        if not nets:
            raise NetlistError(f"instance '{name}' must name its subcircuit")
        return Instance(name, nets[:-1], nets[-1], parameters=parameters)
    device = DEVICES[letter]
    if device.model:
        return Instance(name, positional[:-1], "".join(positional[-1:]), parameters=parameters)
    terminals = len(device.terminals)
    of, value = _model_and_value(positional[terminals:])
    return Instance(name, positional[:terminals], of, value=value, parameters=parameters)


def _source(words: list[str]) -> Instance:
    """Return an independent source: all behind its nets is the waveform."""
    waveform = " ".join(f"'{word[1:-1]}'" if word[0] == "{" else word for word in words[3:])
    return Instance(words[0], words[1:3], value=waveform or None)


def _model_and_value(words: list[str]) -> tuple[str, Value | None]:
    """Return what stands behind the nets of a device that may have both, in either order."""
    of, value = "", None
    for word in words:
        cdl = _CDL_MODEL.fullmatch(word)
        is_value = parse_number(word) is not None or word[0] in "'{"
        if is_value and value is None:
            value = _value(word)
        elif not is_value and not of:
            of = cdl[1] if cdl else word
        else:
            raise NetlistError(
                f"a device must have one value and one model behind its nets, not {shorten(' '.join(words))}"
            )
    return of, value


def _model(line: Line) -> Model:
    """Return a model; parentheses around its parameters are decoration."""
    bare = Line(line.where, _PARENTHESIS.sub(lambda found: found[1] or " ", line.text))
    positional, parameters = _split(bare.words()[1:])
    if len(positional) != 2:
        raise NetlistError(f".model must have a name, a kind and parameters, not {shorten(line.text)}")
    return Model(positional[0], positional[1], parameters)


# ---------------------------------------------------------------- parameters


def _split(words: list[str]) -> tuple[list[str], dict[str, Value]]:
    """Return the words before the first parameter, and the parameters."""
    first = next((place for place, word in enumerate(words) if word == "=" or word.lower() == "params:"), len(words))
    if first < len(words) and words[first] == "=":
        first = max(first - 1, 0)
    rest = words[first:]
    if rest and rest[0].lower() == "params:":
        rest = rest[1:]
    return words[:first], _assignments(rest)


def _assignments(words: list[str]) -> dict[str, Value]:
    """Return parameters from words like ``w = 1u``."""
    parameters: dict[str, Value] = {}
    seen: set[str] = set()
    for place in range(0, len(words), 3):
        name, *rest = words[place : place + 3]
        if len(rest) != 2 or rest[0] != "=" or rest[1] == "=":
            raise NetlistError(f"parameters must be name=value, not {shorten(' '.join(words[place : place + 3]))}")
        check_parameter_name(name, seen, where="this line")
        parameters[name] = _value(rest[1])
    return parameters


def _value(word: str) -> Value:
    """Return a value: what stands in quotes or braces is an expression, also where it is a number."""
    if word[0] in "'{":
        return Expression(word[1:-1])
    return as_value(word)
