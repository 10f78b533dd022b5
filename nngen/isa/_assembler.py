"""Assembly text to instructions.

One instruction a line: the mnemonic, then ``name=value`` for a field and the bare name for a flag that is 1, separated
by commas. Fields that are not named are 0. ``;`` starts a comment. ``SET`` names its register instead of an index::

    SET mvm.PLANES = 8
    SET load.GROUP[3] = 2              ; macro 3 joins load group 2
    WAIT unit=post, counter=0, count=1
    LOAD register=0, length=64, row=0, group=0, first, last
"""

from __future__ import annotations

import re

from nngen.errors import ProgramError, suggestion

from ._codec import Instruction
from ._description import BY_MNEMONIC
from ._fields import UNIT_CODES, InstructionFormat, Unit
from ._registers import REGISTERS, Register

_NUMBER = re.compile(r"-?(0x[0-9a-f]{1,32}|0b[01]{1,80}|[0-9]{1,40})", re.IGNORECASE)
_SET = re.compile(r"(?P<unit>\w+)\s*\.\s*(?P<register>\w+)\s*(\[(?P<index>[^\]]*)\])?\s*=\s*(?P<value>\S+)")
_VALUE_BITS = BY_MNEMONIC["SET"].field("value").width


def assemble(text: str, *, name: str = "") -> tuple[Instruction, ...]:
    """Return the instructions of an assembly text.

    Parameters
    ----------
    text
        Lines of assembly.
    name
        Where the text comes from (a file name), for messages.

    Raises
    ------
    ProgramError
        Names the line, what was expected and what stands there.
    """
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        statement = line.split(";", maxsplit=1)[0].strip()
        if not statement:
            continue
        try:
            found.append(_statement(statement))
        except ProgramError as error:
            where = f"{name}, line {number}" if name else f"line {number}"
            raise ProgramError(f"{where}: {error}") from error
    return tuple(found)


def _statement(statement: str) -> Instruction:
    mnemonic, *rest = statement.split(maxsplit=1)
    operands = rest[0] if rest else ""
    known = BY_MNEMONIC.get(mnemonic)
    if known is None:
        return Instruction(mnemonic)  # raises, with a suggestion
    if mnemonic == "SET" and "." in operands:
        return _set_by_name(operands)
    return Instruction(mnemonic, _operands(known, operands))


def _operands(known: InstructionFormat, text: str) -> dict[str, int]:
    """Read ``name=value, flag``."""
    operands: dict[str, int] = {}
    for part in text.split(",") if text else []:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name in operands:
            raise ProgramError(f"{known.mnemonic} {name} must be given once, not twice")
        if equals:
            operands[name] = _value(known, name, value)
        else:
            operands[name] = _flag(known, name)
    return operands


def _value(known: InstructionFormat, name: str, text: str) -> int:
    _check_field(known, name)
    if name == "unit" and not _NUMBER.fullmatch(text):
        return UNIT_CODES[_unit(text)]
    return _number(text, f"{known.mnemonic} {name}")


def _flag(known: InstructionFormat, name: str) -> int:
    if not name:
        raise ProgramError(f"{known.mnemonic} must have an operand between its commas and none behind the last")
    _check_field(known, name)
    if known.field(name).width > 1:
        raise ProgramError(f"{known.mnemonic} {name} must be given a value, as in {name}=1")
    return 1


def _check_field(known: InstructionFormat, name: str) -> None:
    names = [field.name for field in known.fields]
    if name not in names:
        raise ProgramError(f"{known.mnemonic} has no field '{name}'" + suggestion(name.lower(), names))


def _set_by_name(text: str) -> Instruction:
    """Read ``unit.REGISTER[index] = value``."""
    match = _SET.fullmatch(text)
    if match is None:
        raise ProgramError(f"SET must be written as in 'SET load.GROUP[3] = 2', not 'SET {text}'")
    unit = _unit(match["unit"])
    register = _register(unit, match["register"])
    index = register.index + _register_index(register, match["index"])
    return Instruction("SET", {"unit": UNIT_CODES[unit], "index": index, "value": _register_value(match["value"])})


def _unit(text: str) -> Unit:
    names = [unit.value for unit in Unit]
    if text not in names:
        raise ProgramError(f"unit must be one of {', '.join(names)}, not '{text}'" + suggestion(text.lower(), names))
    return Unit(text)


def _register(unit: Unit, text: str) -> Register:
    known = {register.name: register for register in REGISTERS if register.unit is unit}
    if text in known:
        return known[text]
    if not known:
        raise ProgramError(f"SET must name a unit that has registers, not '{unit}'")
    raise ProgramError(
        f"register of {unit} must be one of {', '.join(known)}, not '{text}'" + suggestion(text.upper(), known)
    )


def _register_index(register: Register, text: str | None) -> int:
    path = f"{register.unit}.{register.name}"
    if register.count == 1:
        if text is not None:
            raise ProgramError(f"{path} must have no index, as it is one register, not '[{text}]'")
        return 0
    if text is None:
        raise ProgramError(f"{path} must have an index from 0 to {register.count - 1}, as in {path}[0]")
    index = _number(text.strip(), f"index of {path}")
    if not 0 <= index < register.count:
        raise ProgramError(f"index of {path} must be 0 to {register.count - 1}, not {index}")
    return index


def _register_value(text: str) -> int:
    """Read the value of SET; a negative one becomes two's complement."""
    value = _number(text, "SET value")
    lowest, highest = -(1 << (_VALUE_BITS - 1)), (1 << _VALUE_BITS) - 1
    if not lowest <= value <= highest:
        raise ProgramError(f"SET value must be {lowest} to {highest}, not {value}")
    return value & highest


def _number(text: str, what: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise ProgramError(f"{what} must be a number such as 12, -3, 0x1f or 0b101, not '{text}'")
    digits = text.removeprefix("-").lower()
    base = 16 if digits.startswith("0x") else 2 if digits.startswith("0b") else 10
    return int(digits, base) * (-1 if text.startswith("-") else 1)
