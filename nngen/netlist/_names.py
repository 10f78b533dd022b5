"""Names: which ones SPICE takes, and the one function that makes such a name of any text from outside."""

from __future__ import annotations

import base64
import hashlib
import re

from nngen.errors import NetlistError

LONGEST_NAME = 200
_LONGEST_QUOTE = 60  # characters of a wrong name that a message repeats

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NET = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_!<>\[\]#+\-]*")

# What spice_name leaves as it is, and the form of all that it makes.
_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,39}")
_HASH_CHARACTERS = 26  # base 32 of 128 bits
_MADE = re.compile(rf"[a-z0-9_]*__[a-z2-7]{{{_HASH_CHARACTERS}}}")
_STEM_CHARACTERS = 32
# Ground, the multiplier and words with a meaning of their own in some place of a netlist.
_RESERVED = frozenset(
    ("gnd", "null", "m", "params", "temp", "temper", "dtemp", "time", "hertz", "all", "file", "external")
)


def spice_name(text: str) -> str:
    """Return a SPICE identifier for any text from outside: the name of a network, a layer, a cell, an architecture.

    Lower-case letters, digits and ``_`` with a letter first, at most 40, are kept as they are. Every other text gets
    what it has of them, cut to 32, and a hash of the whole text, so that two texts never share a name, not even for
    SPICE, which does not see case. The result has at most 60 characters.
    """
    if _PLAIN.fullmatch(text) and text not in _RESERVED and not _MADE.fullmatch(text):
        return text
    words = re.findall(r"[a-z0-9]+", text[: 4 * _STEM_CHARACTERS].lower(), re.ASCII)
    stem = "_".join(words)[:_STEM_CHARACTERS].strip("_")
    if not stem[:1].isalpha():
        stem = f"n{stem}"[:_STEM_CHARACTERS]
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:16]
    return f"{stem}__{base64.b32encode(digest).decode('ascii').rstrip('=').lower()}"


def shorten(text: str) -> str:
    """Return a wrong text as a message repeats it: quoted, escaped, not long."""
    return ascii(text if len(text) <= _LONGEST_QUOTE else text[:_LONGEST_QUOTE] + "...")


def check_name(name: str, *, what: str) -> None:
    """Refuse a name that is no identifier.

    Raises
    ------
    NetlistError
        Says what the name is for, and how to get a legal one.
    """
    if not _IDENTIFIER.fullmatch(name) or len(name) > LONGEST_NAME:
        raise NetlistError(
            f"the name of {what} must be letters, digits and _ with no digit first, at most {LONGEST_NAME}, "
            f"not {shorten(name)}; spice_name() makes such a name of any text"
        )


def check_net(name: str, *, what: str) -> None:
    """Refuse a net that SPICE could not read as one, or would read as a net of another subcircuit (``x1.n``)."""
    if not _NET.fullmatch(name) or len(name) > LONGEST_NAME:
        raise NetlistError(
            f"the name of {what} must be letters, digits and any of _!<>[]#+- with a letter, digit or _ first, "
            f"at most {LONGEST_NAME}, not {shorten(name)}; spice_name() makes such a name of any text"
        )


def check_parameter_name(name: str, seen: set[str], *, where: str) -> None:
    """Refuse a parameter that is no identifier or that stands in ``seen``, to which it is added."""
    check_name(name, what=f"a parameter of {where}")
    if name.lower() in seen:
        raise NetlistError(f"parameter '{name}' of {where} must be given once; SPICE does not see upper and lower case")
    seen.add(name.lower())
