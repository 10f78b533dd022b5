"""Values of devices and parameters, and their text in SPICE: exact numbers, expressions, waveforms of sources."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from nngen.errors import NetlistError

from ._names import check_parameter_name, shorten

_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "meg", 9: "g", 12: "t"}
_EXPONENTS = {prefix: exponent for exponent, prefix in _PREFIXES.items() if prefix}
_MIL = Fraction(254, 10_000_000)  # a thousandth of an inch, in metres
_LONGEST_NUMBER = 64
_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?)([a-z]*)", re.IGNORECASE)
_UNIT = re.compile(r"[A-Za-zΩµ°%/²]{0,16}")
# No quotes, braces, $, // and line ends: nothing that could end the expression, or begin anything else.
_EXPRESSION = re.compile(r"(?!.*//)[A-Za-z0-9_ +\-*/().,<>=!&|?:^]{1,4000}")
# A waveform has no '=', so that it cannot name a file; expressions in it stand in single quotes.
_WORD = re.compile(r"'[^']*'|[^ ']+|'")
_WAVEFORM = re.compile(r"(?!.*//)(?:[A-Za-z0-9_ +\-*/().,]|'[A-Za-z0-9_ +\-*/().,]*')+")


def format_number(value: float) -> str:
    """Return a number as SPICE reads it, with an SI prefix and as many digits as identify it.

    From 1e-15 to below 1e15 the prefixes f, p, n, u, m, k, meg, g and t are used, outside an exponent.

    Raises
    ------
    NetlistError
        The value is not finite.
    """
    _check_finite(value)
    if value == 0:
        return "0"
    mantissa, exponent_text = f"{abs(value)!r}e".split("e")[:2]
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    leading = len(whole) - 1 if whole != "0" else len(digits) - len(fraction) - 1
    leading += int(exponent_text or 0)
    sign = "-" if value < 0 else ""
    group = 3 * (leading // 3)
    if group not in _PREFIXES:
        return f"{sign}{_with_point(digits, 1)}e{leading}"
    return f"{sign}{_with_point(digits, leading - group + 1)}{_PREFIXES[group]}"


def _check_finite(value: float) -> None:
    if not math.isfinite(value):
        raise NetlistError(f"a value must be a finite number, not {value}")


def _with_point(digits: str, before: int) -> str:
    """Put the point after as many digits."""
    fraction = digits[before:].rstrip("0")
    whole = digits[:before].ljust(before, "0")
    return f"{whole}.{fraction}" if fraction else whole


def parse_number(text: str) -> tuple[float, str] | None:
    """Return the number and the unit of a text such as ``4.7kohm``, as SPICE reads it, or None for any other text.

    The prefix is the first letter after the digits in either case (``meg`` and ``mil`` are three); what follows is the
    unit. So ``1m`` and ``1M`` are 0.001, ``1meg`` is a million, and ``1F`` is 1e-15 of something.
    """
    found = _NUMBER.fullmatch(text) if len(text) <= _LONGEST_NUMBER else None
    if found is None:
        return None
    mantissa, suffix = found.groups()
    if suffix[:3].lower() == "mil":
        return float(Fraction(mantissa) * _MIL), suffix[3:]
    length = 3 if suffix[:3].lower() == "meg" else 1
    exponent = _EXPONENTS.get(suffix[:length].lower())
    if exponent is None:
        return float(mantissa), suffix
    digits, _, own = mantissa.lower().partition("e")
    return float(f"{digits}e{int(own or 0) + exponent}"), suffix[length:]


@dataclass(frozen=True)
class Quantity:
    """A number with a unit.

    Parameters
    ----------
    value
        In the unit without a prefix; finite.
    unit
        For the reader: two quantities are equal where their values are, and a netlist has no units, because SPICE would
        read the F of ``1F`` as femto.
    """

    value: float
    unit: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        _check_finite(self.value)
        if not _UNIT.fullmatch(self.unit):
            raise NetlistError(f"a unit must be at most 16 letters, not {shorten(self.unit)}")

    @classmethod
    def parse(cls, text: str) -> Quantity:
        """Return the quantity that SPICE reads in a text: ``Quantity.parse("4.7kohm")`` is 4700 ohm.

        Raises
        ------
        NetlistError
            The text is no number, or one that is too large.
        """
        number = parse_number(text)
        if number is None:
            raise NetlistError(f"a value must be a number with a prefix and a unit, not {shorten(text)}")
        return cls(*number)

    def __str__(self) -> str:
        return format_number(self.value)


@dataclass(frozen=True)
class Expression:
    """An arithmetic expression of parameters, such as ``2*l``; in a netlist it stands in single quotes."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _single_spaced(self.text))
        if not _EXPRESSION.fullmatch(self.text):
            raise NetlistError(
                "an expression must be 1 to 4,000 letters, digits, operators and parentheses, no '//', "
                f"not {shorten(self.text)}"
            )

    def __str__(self) -> str:
        return f"'{self.text}'"


@dataclass(frozen=True)
class Waveform:
    """What an independent source drives, in SPICE's words: ``dc 0 pulse(0 1.8 1n 10p 10p 5n 10n)``."""

    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", _single_spaced(" ".join(_WORD.findall(self.text))))
        if not _WAVEFORM.fullmatch(self.text) or parse_number(self.text):
            raise NetlistError(
                "a waveform must be words, numbers, parentheses and expressions in single quotes, no '//' "
                f"and no number alone, not {shorten(self.text)}"
            )

    def __str__(self) -> str:
        return self.text


def _single_spaced(text: str) -> str:
    """Return a text with one space where there are more, in quotes too: lines of a netlist do not keep them."""
    return " ".join(word for word in text.split(" ") if word)


Value = Quantity | Expression
ValueLike = Value | float | str


def as_value(value: ValueLike) -> Value:
    """Return a number or a text as a quantity where it is one, and as an expression otherwise."""
    if isinstance(value, Quantity | Expression):
        return value
    if not isinstance(value, str):
        return Quantity(float(value))
    number = parse_number(value)
    return Expression(value) if number is None else Quantity(*number)


def as_waveform(value: ValueLike | Waveform) -> Quantity | Waveform:
    """Return what an independent source drives: a constant or a waveform."""
    if isinstance(value, Waveform):
        return value
    if isinstance(value, Expression):
        return Waveform(str(value))
    if isinstance(value, str) and parse_number(value) is None:
        return Waveform(value)
    constant = as_value(value)
    assert isinstance(constant, Quantity)
    return constant


def as_parameters(parameters: Mapping[str, ValueLike], *, where: str) -> dict[str, Value]:
    """Return parameters with their values, names checked.

    Raises
    ------
    NetlistError
        A name is no identifier or stands twice (SPICE does not see case), or a value is neither number nor expression.
    """
    checked: dict[str, Value] = {}
    seen: set[str] = set()
    for name, value in parameters.items():
        check_parameter_name(name, seen, where=where)
        try:
            checked[name] = as_value(value)
        except NetlistError as error:
            raise NetlistError(f"parameter '{name}' of {where}: {error}") from error
    return checked
