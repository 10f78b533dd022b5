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

from ._instance import Instance
from ._lines import Line, lines_of
from ._names import check_parameter_name, shorten
from ._statements import read_assignments, read_instance, read_model, split_parameters
from ._structure import Direction, Model, Netlist, Port, Subcircuit
from ._values import Value

LARGEST_FILE = 1 << 24  # bytes; some 600,000 short lines, half a gigabyte as structures

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
_PORT = re.compile(r"\*\s*port\s+(\S+)\s+(\S+)\s+(\S+)", re.IGNORECASE)
_PIN_INFO = "*.PININFO "
_PIN_DIRECTIONS: dict[str, Direction] = {"I": "in", "O": "out", "B": "inout"}


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
    for line in lines_of(text.removeprefix("\ufeff").replace("\r\n", "\n"), name=name):
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
        said = [(port, self.port_comments.get(port.lower())) for port in self.ports]
        ports = [Port(port, comment.domain, comment.direction) if comment else Port(port) for port, comment in said]
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
                self._scope.contents.append(read_instance(line))

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
            port = Port(name, domain.lower(), direction.lower())  # type: ignore[arg-type]  # checked there
        except NetlistError:
            return
        self._scope.port_comments[name.lower()] = port

    def _take_directive(self, line: Line) -> None:
        words = line.words()
        directive = words[0].lower()
        match directive:
            case ".subckt":
                self._begin(words[1:], line.where)
            case ".ends":
                self._end(words[1:])
            case ".model":
                self._scope.models.append(read_model(line))
            case ".param":
                self._define(read_assignments(words[1:]))
            case ".end":
                pass
            case _ if directive in _REFUSED:
                raise NetlistError(f"{directive} must not stand in a netlist: {_REFUSED[directive]}")
            case _:
                raise NetlistError(f"a directive must be one of {_READ}, not {shorten(words[0])}")

    def _begin(self, words: list[str], where: str) -> None:
        if self._scope is not self._top:
            raise NetlistError(f"a subcircuit must not begin inside another, '{self._scope.name}'")
        positional, parameters = split_parameters(words)
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
