"""What coverage counts, entry by entry, read off the manual: slow, and made of nothing that the fast one uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nngen.arch import Core
from nngen.isa import REGISTERS, Instruction, Register, Unit, decode
from nngen.sim.cosim.scripted import Kind

from .entries import UNITS, Entries

FLAGS = ("first", "last", "release", "overwrite", "host")


def naive_counts(core: Core, entries: Entries, starts: list[int]) -> Counter[str]:
    """Return how often each bin was met; instructions must be legal, their operands need not."""
    counts: Counter[str] = Counter()
    before: dict[Unit, str] = {}
    for number, entry in enumerate(entries):
        if number in starts or entry["kind"] == Kind.RESET:
            before = {}
        if entry["kind"] != Kind.RETIRE:
            continue
        command, unit, state = decode(int(entry["word"])), UNITS[entry["unit"]], int(entry["state"])
        name = f"{command.mnemonic} {unit}" if command.mnemonic in ("SET", "WAIT", "SIGNAL") else command.mnemonic
        place = f"after {before[unit]}" if unit in before else "first"
        classes = list(_classes(core, command, unit))
        counts.update("/".join((name, found, place)) for found in classes)
        if not classes:
            counts[f"{name}/{place}"] += 1
        counts[f"loop depth {state & 7} {command.mnemonic}"] += 1
        counts[f"{name}/{'waited' if state & 32 else 'started at once'}"] += 1
        if unit is not Unit.SEQUENCER:
            queue = {0: "occupied", 8: "empty", 16: "full", 24: "full and empty"}[state & 24]
            counts[f"{name}/queue {queue}"] += 1
        before[unit] = command.mnemonic
    return counts


def _classes(core: Core, command: Instruction, unit: Unit) -> Iterator[str]:
    if command.mnemonic == "SET":
        yield from _set_classes(core, command, unit)
        return
    for name, value in command.operands.items():
        if name == "unit":
            continue
        if name in ("register", "counter", *FLAGS):
            yield f"{name}={value}"
        elif name == "offset" or (command.mnemonic == "ADD" and name == "value"):
            yield f"{name}={'negative' if value < 0 else 'positive' if value else 'zero'}"
        elif name == "classes":
            ones = value.bit_count()
            yield f"classes={'all' if ones == 16 else 'several' if ones > 1 else 'one' if ones else 'none'}"
        elif name == "count" and command.mnemonic == "LOOP" and command["host"]:
            yield f"ignored count={'not 0' if value else '0'}"
        else:
            yield f"{name}={magnitude(value, *limits(core, command.mnemonic, name))}"
    sums = {"LOAD": ("row", "length"), "MVM": ("entry", "steps"), "POST": ("record", "count")}
    if command.mnemonic in sums:
        one, two = sums[command.mnemonic]
        total = command[one] + command[two]
        bound = {"LOAD": core.macro.rows, "MVM": core.macro.columns_per_adc, "POST": core.constant_records}
        at = bound[command.mnemonic]
        text = "too small" if not total else "below bound" if total < at else "bound" if total == at else "too large"
        yield f"{one}+{two}={text}"


def limits(core: Core, mnemonic: str, field: str) -> tuple[int, int]:
    """Return the least and the largest operand that can be executed; the core's sizes are those of a small one."""
    rows, steps, records = core.macro.rows, core.macro.columns_per_adc, core.constant_records
    return {
        ("LOOP", "count"): (1, 65535),
        ("LOOP", "length"): (1, 4095),
        ("WAIT", "count"): (1, 255),
        ("LOAD", "length"): (1, rows),
        ("LOAD", "row"): (0, rows - 1),
        ("LOAD", "group"): (0, 63),
        ("MVM", "step"): (0, 255),
        ("MVM", "steps"): (1, steps),
        ("MVM", "entry"): (0, steps - 1),
        ("POST", "record"): (0, records - 1),
        ("POST", "count"): (1, records),
        ("STORE", "length"): (1, core.output_buffer_bytes),
        ("FILL", "length"): (1, core.activation_bytes),
        ("FILL", "value"): (0, 255),
    }[mnemonic, field]


def magnitude(value: int, least: int, most: int) -> str:
    """Return the class of an unsigned operand."""
    if not least <= value <= most:
        return "too small" if value < least else "too large"
    return str(value) if value < 2 else "max" if value == most else "between"


def _set_classes(core: Core, command: Instruction, unit: Unit) -> Iterator[str]:
    index, value = command["index"], command["value"]
    known = [(r, r.index + (core.macros if r.count == 64 else r.count) - 1) for r in REGISTERS if r.unit is unit]
    found = next(((r, last) for r, last in known if r.index <= index <= last), None)
    if found is None:
        yield f"register=no register from {max((last + 1 for _, last in known if last < index), default=0)}"
        return
    target, last = found
    place = "first" if index == target.index else "last" if index == last else "between"
    yield f"register={target.name} {place}" if target.count > 1 else f"register={target.name}"
    yield f"{target.name}={_written(value, target.bits(core))}"
    yield from _parts(core, target, value)


def _written(value: int, bits: int) -> str:
    if value < 2:
        return str(value)
    return "wider" if value >> bits else "ones" if value == (1 << bits) - 1 else "other"


def _parts(core: Core, target: Register, value: int) -> Iterator[str]:
    for part in target.fields:
        most = {1: 0, 2: 1}[core.macro.usable_gains[-1]] if part.name == "log2_gain" else part.highest
        found = magnitude(value >> part.offset & part.highest, 0, most)
        yield f"{target.name}.{part.name}={found.replace('too large', 'unusable')}"
