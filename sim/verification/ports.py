"""Ports of Verilog modules, read by pyverilog: not by the code that wrote them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyverilog.vparser import ast
from pyverilog.vparser.parser import VerilogParser

_DECIMAL = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, kw_only=True)
class Port:
    """A port of a module: name, ``input`` or ``output``, bits."""

    name: str
    direction: str
    width: int


class VerilogReader:
    """Parses Verilog; making one takes seconds, since pyverilog builds its tables anew."""

    def __init__(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self._parser = VerilogParser(outputdir=folder, debug=False)

    def module_ports(self, path: Path, module: str, *, parameters: Mapping[str, int] | None = None) -> tuple[Port, ...]:
        """Return the ports of ``module`` in the file ``path``, in order.

        Parameters
        ----------
        parameters
            Values of the module's parameters, for widths that depend on them.

        Raises
        ------
        LookupError
            The file has no such module, a width depends on something else, or a port is neither input nor output.
        pyverilog.vparser.parser.ParseError
            The file is no Verilog.
        """
        modules = [d for d in self._parse(path).description.definitions if isinstance(d, ast.ModuleDef)]
        definition = next((d for d in modules if d.name == module), None)
        if definition is None:
            raise LookupError(f"{path.name} holds no module {module}")
        declared = [item.first for item in definition.portlist.ports if isinstance(item, ast.Ioport)]
        for item in definition.items:
            declared += item.list if isinstance(item, ast.Decl) else ()
        ports = {d.name: _port(d, parameters or {}) for d in declared if isinstance(d, ast.Input | ast.Output)}
        order = [p.first.name if isinstance(p, ast.Ioport) else p.name for p in definition.portlist.ports]
        for name in order:
            if name not in ports:
                raise LookupError(f"port '{name}' must be an input or an output")
        return tuple(ports[name] for name in order)

    def instance_connections(self, path: Path, kind: str) -> tuple[str, ...]:
        """Return the names of the ports that the first instance of module ``kind`` in the file connects, in order."""
        pending = [self._parse(path)]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.Instance) and node.module == kind:
                return tuple(port.portname for port in node.portlist)
            pending.extend(reversed(node.children()))
        raise LookupError(f"{path.name} holds no instance of {kind}")

    def _parse(self, path: Path) -> ast.Source:
        return self._parser.parse(path.read_text(encoding="utf-8"), debug=False)


def _port(declaration: ast.Input | ast.Output, parameters: Mapping[str, int]) -> Port:
    width = declaration.width
    bits = 1 if width is None else _value(width.msb, parameters) - _value(width.lsb, parameters) + 1
    return Port(name=declaration.name, direction=type(declaration).__name__.lower(), width=bits)


def _value(node: ast.Node, parameters: Mapping[str, int]) -> int:
    """Return the number of an end of a range: a constant, a parameter, a sum or a difference."""
    match node:
        case ast.IntConst():
            if not _DECIMAL.fullmatch(node.value):
                raise LookupError(f"a range must be made of decimal numbers, not {node.value[:40]}")
            return int(node.value)
        case ast.Identifier() if node.name in parameters:
            return parameters[node.name]
        case ast.Minus():
            return _value(node.left, parameters) - _value(node.right, parameters)
        case ast.Plus():
            return _value(node.left, parameters) + _value(node.right, parameters)
    raise LookupError(f"a range must be made of numbers and of parameters that are known, not {type(node).__name__}")
