"""What a behavioural source drives: an expression of voltages, currents and parameters, checked word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from nngen.errors import NetlistError, suggestion

from ._names import check_name, check_net, shorten

Driven = Literal["v", "i"]
DRIVEN: tuple[Driven, ...] = ("v", "i")
_LONGEST = 4000
_DEEPEST = 100  # parentheses, calls and '?' around each other; ngspice's parser is recursive

# Those that ngspice 39 computes, with the fewest and the most arguments.
_ONE, _TWO = (1, 1), (2, 2)
_FUNCTIONS = {
    **dict.fromkeys(("abs", "ceil", "floor", "nint", "sgn", "sqrt", "exp", "ln", "log", "log10", "ddt"), _ONE),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh"), _ONE),
    **dict.fromkeys(("asinh", "acosh", "atanh", "u", "u2", "uramp"), _ONE),
    **dict.fromkeys(("max", "min", "pow", "pwr"), _TWO),
    "pwl": (5, 1000),
}

_SENSED = re.compile(r"([vi])\(([^(),]*)(?:,([^(),]*))?\)", re.IGNORECASE)
_CALL = re.compile(r"([a-z_][a-z0-9_]*) ?\(", re.IGNORECASE)
_OPERAND = re.compile(
    r"(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?(?:meg|[tgkmunpf])?(?![a-z0-9_.])|[a-z_][a-z0-9_]*",
    re.IGNORECASE,
)
_SIGN = re.compile(r"[+\-!]")
# SPICE computes in real numbers, for which '==' and '!=' say nothing; ngspice 39 stumbles over the latter.
_OPERATOR = re.compile(r"\*\*|[+\-*/]|<=|>=|[<>](?!=)|&&|\|\|")


@dataclass(frozen=True)
class Behaviour:
    """The voltage or the current of a behavioural source: ``Behaviour("v", "v(in, ref) > 0 ? vdd : 0")``.

    Numbers, parameters, ``v(net)``, ``v(net, net)``, ``i(source)``, ``+ - * / ** < > <= >= ? : && || !``, parentheses,
    and the functions of ngspice: ``abs``, ``ceil``, ``exp``, ``floor``, ``ln``, ``max``, ``min``, ``pow``, ``pwl``,
    ``sgn``, ``sqrt``, ``tanh``, ``u``, …

    Parameters
    ----------
    drives
        ``v`` or ``i``.
    text
        The expression; at most 4,000 characters.

    Raises
    ------
    NetlistError
        The text is no expression of these words.
    """

    drives: Driven
    text: str

    def __post_init__(self) -> None:
        if self.drives not in DRIVEN:
            raise NetlistError(f"a behavioural source must drive v or i, not {shorten(self.drives)}")
        object.__setattr__(self, "text", " ".join(word for word in self.text.split(" ") if word))
        if not 0 < len(self.text) <= _LONGEST:
            raise NetlistError(
                f"a behaviour must be an expression of 1 to {_LONGEST:,} characters, not {len(self.text)}"
            )
        _Reading(self.text).check()

    def __str__(self) -> str:
        return f"{self.drives}='{self.text}'"

    @property
    def nets(self) -> tuple[str, ...]:
        """Nets whose voltages it senses, each once, as they are written first."""
        return self._sensed("v")

    @property
    def sources(self) -> tuple[str, ...]:
        """Voltage sources whose currents it senses, likewise."""
        return self._sensed("i")

    def _sensed(self, kind: Driven) -> tuple[str, ...]:
        names: dict[str, str] = {}
        for found, first, second in _sensed(self.text):
            for name in (first, second) if found == kind else ():
                if name:
                    names.setdefault(name.lower(), name)
        return tuple(names.values())


def _sensed(text: str) -> Iterator[tuple[str, str, str]]:
    """Every ``v(a,b)`` and ``i(source)`` of a legal expression: its letter and its names, the second often empty."""
    for found in re.finditer(rf"(?<![a-z0-9_]){_SENSED.pattern}", text, re.IGNORECASE):
        letter, first, second = found.groups(default="")
        yield letter.lower(), first.strip(), second.strip()


class _Reading:
    """Reads an expression from left to right: operands and operators in turn, and what is open around them."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._open: list[tuple[str, int]] = []  # '(', '?' or a function, and its arguments so far

    def check(self) -> None:
        """Refuse what is no expression."""
        while self._operand() or self._operator():
            if len(self._open) > _DEEPEST:
                raise NetlistError(f"an expression must nest at most {_DEEPEST} levels, not more")

    def _operand(self) -> bool:
        """Take an operand, or what stands before one; the end of an expression is none."""
        while self._take(_SIGN):
            pass
        if found := self._take(_SENSED):
            _check_sensed(found)
        elif found := self._take(_CALL):
            self._begin_call(found[1])
            return True
        elif self._take(_OPERAND):
            pass
        elif self._take_text("("):
            self._open.append(("(", 0))
            return True
        else:
            raise self._error("a number, a name, v(…), i(…), a function or a parenthesis")
        while self._take_text(")"):
            self._close()
        return False

    def _operator(self) -> bool:
        """Take what stands between two operands; False at the end of the expression."""
        if self._take(_OPERATOR):
            return True
        if self._take_text("?"):
            self._open.append(("?", 0))
            return True
        if self._take_text(":"):
            if not self._open or self._open.pop()[0] != "?":
                raise NetlistError(f"every ':' of an expression must follow a '?', not so in {shorten(self._text)}")
            return True
        if self._take_text(","):
            if not self._open or self._open[-1][0] in "(?":
                raise NetlistError(
                    f"every ',' of an expression must stand between arguments of a function, not so in "
                    f"{shorten(self._text)}"
                )
            name, arguments = self._open.pop()
            self._open.append((name, arguments + 1))
            return True
        if self._place < len(self._text):
            raise self._error("an operator")
        if self._open:
            raise NetlistError(
                f"every parenthesis and '?' of an expression must have its partner, not so in {shorten(self._text)}"
            )
        return False

    def _begin_call(self, name: str) -> None:
        if name.lower() in DRIVEN:
            raise NetlistError(
                f"what an expression senses must be v(net), v(net,net) or i(source), not {shorten(self._text)}"
            )
        if name.lower() not in _FUNCTIONS:
            near = suggestion(name.lower(), _FUNCTIONS)
            raise NetlistError(f"a function must be one of {', '.join(_FUNCTIONS)}, not {shorten(name)}{near}")
        self._open.append((name.lower(), 1))

    def _close(self) -> None:
        if not self._open or self._open[-1][0] == "?":
            raise NetlistError(
                f"every parenthesis and '?' of an expression must have its partner, not so in {shorten(self._text)}"
            )
        name, arguments = self._open.pop()
        fewest, most = _FUNCTIONS.get(name, (0, 0))
        if not fewest <= arguments <= most:
            count = f"{most}" if fewest == most else f"{fewest} to {most}"
            raise NetlistError(f"{name}() must have {count} arguments, not {arguments}")

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self._text, self._place)
        if found:
            self._place = found.end()
            self._skip_space()
        return found

    def _take_text(self, text: str) -> bool:
        if not self._text.startswith(text, self._place):
            return False
        self._place += len(text)
        self._skip_space()
        return True

    def _skip_space(self) -> None:
        if self._text.startswith(" ", self._place):
            self._place += 1

    def _error(self, what: str) -> NetlistError:
        rest = self._text[self._place :]
        return NetlistError(f"an expression must have {what} before {shorten(rest) if rest else 'its end'}")


def _check_sensed(found: re.Match[str]) -> None:
    """Refuse a name that is no net, or no source."""
    letter, first, second = found.groups()
    names = [name.strip(" ") for name in (first, second) if name is not None]
    if letter.lower() == "v":
        for name in names:
            check_net(name, what="a net in an expression")
        return
    if len(names) != 1:
        raise NetlistError(f"i() must have the name of one voltage source, not {shorten(found[0])}")
    check_name(names[0], what="a voltage source in an expression")
