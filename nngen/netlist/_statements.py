"""What a single line of SPICE says: an instance, a model, parameters."""

from __future__ import annotations

import re

from nngen.errors import NetlistError

from ._behaviour import DRIVEN, Behaviour
from ._devices import DEVICES, SUBCIRCUIT, device_letter
from ._instance import Instance
from ._lines import Line
from ._names import check_parameter_name, shorten
from ._structure import Model
from ._values import Expression, Value, as_value, parse_number

_PARENTHESIS = re.compile(r"('[^']*'|\{[^{}]*\})|[()]")
_QUOTED = re.compile(r"'[^']*'|\{[^{}]*\}")
_CDL_MODEL = re.compile(r"\$\[(\w+)\]")


def read_instance(line: Line) -> Instance:
    """Return the instance that a line describes; how many nets it must have is left to the check."""
    letter = device_letter(line.text.split(maxsplit=1)[0].partition("=")[0])
    if letter != SUBCIRCUIT and DEVICES[letter].behaviour:
        return _behavioural_source(line)
    words = line.words()
    if letter != SUBCIRCUIT and DEVICES[letter].waveform:
        return _source(words)
    name = words[0]
    positional, parameters = split_parameters(words[1:])
    if letter == SUBCIRCUIT:
        nets = [word for word in positional if word != "/"]
        if not nets:
            raise NetlistError(f"instance '{name}' must name its subcircuit")
        return Instance(name, nets[:-1], nets[-1], parameters=parameters)
    device = DEVICES[letter]
    if device.model and not device.controlled:
        return Instance(name, positional[:-1], "".join(positional[-1:]), parameters=parameters)
    terminals = len(device.terminals)
    of, value = _model_and_value(positional[terminals:])
    return Instance(name, positional[:terminals], of, value=value, parameters=parameters)


def _source(words: list[str]) -> Instance:
    """Return an independent source: all behind its nets is the waveform."""
    waveform = " ".join(f"'{word[1:-1]}'" if word[0] == "{" else word for word in words[3:])
    return Instance(words[0], words[1:3], value=waveform or None)


def _behavioural_source(line: Line) -> Instance:
    """Return a behavioural source: all behind ``v=`` or ``i=`` is the expression, in quotes, in braces or bare."""
    before, equals, text = line.text.partition("=")
    name, *words = before.split()
    drives = "".join(words[2:]).lower()
    if not equals or drives not in DRIVEN:
        raise NetlistError(
            f"instance '{name}' must have two nets, then v=expression or i=expression, not {shorten(line.text)}"
        )
    text = " ".join(text.split())
    text = text[1:-1] if _QUOTED.fullmatch(text) else text
    return Instance(name, words[:2], value=Behaviour(drives, text))


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


def read_model(line: Line) -> Model:
    """Return a model; parentheses around its parameters are decoration."""
    bare = Line(line.where, _PARENTHESIS.sub(lambda found: found[1] or " ", line.text))
    positional, parameters = split_parameters(bare.words()[1:])
    if len(positional) != 2:
        raise NetlistError(f".model must have a name, a kind and parameters, not {shorten(line.text)}")
    return Model(positional[0], positional[1], parameters)


# ---------------------------------------------------------------- parameters


def split_parameters(words: list[str]) -> tuple[list[str], dict[str, Value]]:
    """Return the words before the first parameter, and the parameters."""
    first = next((place for place, word in enumerate(words) if word == "=" or word.lower() == "params:"), len(words))
    if first < len(words) and words[first] == "=":
        first = max(first - 1, 0)
    rest = words[first:]
    if rest and rest[0].lower() == "params:":
        rest = rest[1:]
    return words[:first], read_assignments(rest)


def read_assignments(words: list[str]) -> dict[str, Value]:
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
