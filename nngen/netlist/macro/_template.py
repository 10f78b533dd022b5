"""Renders the templates of cells, which come from outside: they can format numbers and loop, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from nngen.cellib import read_text
from nngen.errors import CellError

LARGEST_TEMPLATE = 1 << 18  # bytes
LARGEST_TEXT = 1 << 24  # bytes; of one cell, and as much as the reader takes
MOST_TURNS = 1 << 20  # of all loops together
_LARGEST_NUMBER = 1 << 128  # of an operand
_LARGEST_EXPONENT = 64
_LOOP = "loop"

# What a template is made of. Text has no part in expressions, so that none can grow; nothing is called but range().
_NODES = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.For,
    nodes.If,
    nodes.Assign,
    nodes.Name,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.CondExpr,
    nodes.Tuple,
    nodes.List,
    nodes.Getitem,
    nodes.Getattr,
    nodes.Call,
    nodes.BinExpr,
    nodes.UnaryExpr,
)


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja2 without filters, tests and functions but ``range``, whose loops and numbers end."""

    intercepted_binops = frozenset(("+", "-", "*", "/", "//", "**", "%"))

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, keep_trailing_newline=True)
        self.filters.clear()
        self.tests.clear()
        self.globals.clear()
        self.globals["range"] = self._range
        self._turns = 0

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        for side in (left, right):
            if isinstance(side, Undefined):
                raise UndefinedError(f"'{side._undefined_name}' is undefined")
            if not isinstance(side, int | float):
                raise TemplateError(f"'{operator}' must stand between numbers")
            if abs(side) > _LARGEST_NUMBER:
                raise TemplateError(f"numbers must be at most 2^128 where '{operator}' works on them")
        if operator == "**" and abs(right) > _LARGEST_EXPONENT:
            raise TemplateError(f"an exponent must be at most {_LARGEST_EXPONENT}, not {right}")
        return super().call_binop(context, operator, left, right)

    def checked(self, source: str) -> Template:
        """Return a template whose every part is one that a cell may use."""
        for node in self.parse(source).find_all(nodes.Node):
            if not isinstance(node, _NODES) or isinstance(node, nodes.Concat):
                raise TemplateSyntaxError(f"a template of a cell must not use '{type(node).__name__}'", node.lineno)
            if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
                raise TemplateSyntaxError("a template of a cell must call nothing but range()", node.lineno)
            if isinstance(node, nodes.Getattr) and not (isinstance(node.node, nodes.Name) and node.node.name == _LOOP):
                raise TemplateSyntaxError("a template of a cell must use attributes of 'loop' only", node.lineno)
        return self.from_string(source)

    def _range(self, *limits: int) -> Iterator[int]:
        """Return the numbers of a loop; all loops of a text have a limited number of turns together."""
        numbers = range(*limits)
        for number in numbers:
            self._turns += 1
            if self._turns > MOST_TURNS:
                raise TemplateError(f"its loops must take at most {MOST_TURNS:,} turns together")
            yield number


def render_template(path: Path, values: Mapping[str, float | str | bool], *, what: str) -> str:
    """Return the text of a cell's template.

    Parameters
    ----------
    path
        The template.
    values
        Numbers and names; whole numbers are rendered without a point.
    what
        How messages call it: ``cell 'mine': mine.sp.j2``.

    Raises
    ------
    CellError
        The template cannot be read, or does what templates of cells must not do, or its text grows beyond limits.
    """
    source = read_text(path, where=what, largest=LARGEST_TEMPLATE)
    whole = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in values.items()
    }
    pieces: list[str] = []
    length = 0
    try:
        for piece in _Environment().checked(source).generate(whole):
            pieces.append(piece)
            length += len(piece)
            if length > LARGEST_TEXT:
                raise CellError(f"{what} must render to at most {LARGEST_TEXT:,} bytes")
    except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        at = f"{what}, line {line}" if line else what
        raise CellError(f"{at}: {_one_line(error)}") from error
    return "".join(pieces)


def _one_line(error: BaseException) -> str:
    """Return the first line of what an exception says, cut."""
    text = str(error) or type(error).__name__
    return text.splitlines()[0][:200]
