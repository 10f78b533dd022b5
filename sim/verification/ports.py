"""Ports of Verilog modules, read by pyverilog: not by the code that wrote them."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from pyverilog.vparser import ast
from pyverilog.vparser.parser import VerilogParser


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

    def module_ports(self, path: Path, module: str) -> tuple[Port, ...]:
        """Return the ports of ``module`` in the file ``path``, in order."""
        definition = next(
            d for d in self._parse(path).description.definitions if isinstance(d, ast.ModuleDef) and d.name == module
        )
        declared = [item.first for item in definition.portlist.ports if isinstance(item, ast.Ioport)]
        for item in definition.items:
            declared += item.list if isinstance(item, ast.Decl) else ()
        ports = {d.name: _port(d) for d in declared if isinstance(d, ast.Input | ast.Output)}
        order = [p.first.name if isinstance(p, ast.Ioport) else p.name for p in definition.portlist.ports]
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


def _port(declaration: ast.Input | ast.Output) -> Port:
    width = declaration.width
    bits = 1 if width is None else int(width.msb.value) - int(width.lsb.value) + 1
    return Port(name=declaration.name, direction=type(declaration).__name__.lower(), width=bits)
