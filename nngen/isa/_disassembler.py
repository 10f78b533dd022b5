"""Instructions to assembly text that assembles to the same instructions again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ._codec import Instruction
from ._description import BY_MNEMONIC
from ._fields import UNIT_CODES, Field, Unit
from ._registers import Register, find_register

_INDENT = "  "
_COMMENT_COLUMN = 72
_UNIT_NAMES = {code: unit.value for unit, code in UNIT_CODES.items()}
_VALUE_BITS = BY_MNEMONIC["SET"].field("value").width


def disassemble(instructions: Sequence[Instruction], *, labels: Iterable[tuple[str, int]] = ()) -> str:
    """Return the program as text: bodies of loops indented, each line with its address and what its value means.

    Parameters
    ----------
    instructions
        In program order.
    labels
        ``(name, index of the first instruction)`` of each layer; printed as comments.
    """
    headings: dict[int, list[str]] = {}
    for name, start in labels:
        headings.setdefault(start, []).append(f"; layer {json.dumps(name)}")  # escapes line ends and all but ASCII
    lines: list[str] = []
    open_loops: list[int] = []
    for address, instruction in enumerate(instructions):
        lines += headings.get(address, [])
        statement = _INDENT * len(open_loops) + instruction_text(instruction)
        note = _note(instruction)
        lines.append(f"{statement:<{_COMMENT_COLUMN}} ; {address}" + (f": {note}" if note else ""))
        if instruction.mnemonic == "LOOP":
            open_loops.append(address + instruction["length"])
        open_loops = [end for end in open_loops if end > address]
    return "".join(f"{line}\n" for line in lines)


def instruction_text(instruction: Instruction) -> str:
    """Return one instruction as a statement of the assembler, without comment."""
    register = _named_register(instruction)
    if register is not None:
        return (
            f"SET {_register_path(register, instruction['index'])} = {_register_value(register, instruction['value'])}"
        )
    operands = [_operand(field, instruction) for field in instruction.format.fields]
    text = ", ".join(operand for operand in operands if operand)
    return f"{instruction.mnemonic} {text}".rstrip()


def _operand(field: Field, instruction: Instruction) -> str:
    """Return ``name=value``, the name of a flag that is set, or nothing for one that is not."""
    value = instruction[field.name]
    if field.width == 1:
        return field.name if value else ""
    if field.name == "unit":
        return f"unit={_UNIT_NAMES.get(value, value)}"
    if field.name == "classes":
        return f"classes={value:#x}"
    return f"{field.name}={value}"


def _named_register(instruction: Instruction) -> Register | None:
    """Return the register that a SET writes, where there is one."""
    if instruction.mnemonic != "SET" or instruction["unit"] not in _UNIT_NAMES:
        return None
    return find_register(Unit(_UNIT_NAMES[instruction["unit"]]), instruction["index"])


def _register_path(register: Register, index: int) -> str:
    path = f"{register.unit}.{register.name}"
    return path if register.count == 1 else f"{path}[{index - register.index}]"


def _register_value(register: Register, value: int) -> str:
    if register.fields:
        return f"{value:#x}"
    return str(value - (1 << _VALUE_BITS) if register.signed and value >> (_VALUE_BITS - 1) else value)


def _note(instruction: Instruction) -> str:
    """Return the value of a SET in the words of its register."""
    register = _named_register(instruction)
    if register is None or not register.fields:
        return ""
    value = instruction["value"]
    return ", ".join(f"{f.name} {value >> f.offset & ((1 << f.width) - 1)}" for f in register.fields)
