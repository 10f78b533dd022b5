"""What coverage counts, entry by entry, read off the manual: slow, and made of nothing that the fast one uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from nngen.arch import Core
from nngen.isa import MACRO_LIMIT, REGISTERS, Instruction, Register, Unit, decode
from nngen.sim.cosim.scripted import Kind

from .entries import UNITS, Entries

FLAGS = ("first", "last", "release", "overwrite", "host", "vec", "wide", "strided", "single", "bus")


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
        if name in ("register", "counter") or (name in FLAGS and value <= largest_flag(core, name)):
            yield f"{name}={value}"
        elif name in FLAGS:
            yield f"{name}=too large"
        elif name == "offset" or (command.mnemonic == "ADD" and name == "value"):
            yield f"{name}={'negative' if value < 0 else 'positive' if value else 'zero'}"
        elif name == "classes":
            ones = value.bit_count()
            yield f"classes={'all' if ones == 16 else 'several' if ones > 1 else 'one' if ones else 'none'}"
        elif name == "count" and command.mnemonic == "LOOP" and command["host"]:
            yield f"ignored count={'not 0' if value else '0'}"
        else:
            yield from _magnitudes(core, command, name, value)
    yield from _sums(core, command)


def largest_flag(core: Core, name: str) -> int:
    """Return 0 where a core has no use for a flag."""
    has = {"vec": core.vector, "single": core.vector, "wide": core.activation_bits > 8, "strided": core.strided_access}
    has["bus"] = core.bus
    return int(bool(has.get(name, True)))


def variant(command: Instruction) -> str | None:
    """Return what decides on the limits of a command's operands; None: such a command is never executed."""
    made = command.operands
    if command.mnemonic == "LOAD":
        return None if made["vec"] and made["wide"] else "vec" if made["vec"] else "wide" if made["wide"] else ""
    if command.mnemonic == "POST":
        if made["single"] and not made["vec"]:
            return None
        return "vec single" if made["single"] else "vec" if made["vec"] else ""
    return "strided" if command.mnemonic == "STORE" and made["strided"] else ""


def _magnitudes(core: Core, command: Instruction, name: str, value: int) -> Iterator[str]:
    mnemonic, chosen = command.mnemonic, variant(command)
    varied = {"LOAD": ("length", "row"), "POST": ("count", "entry"), "STORE": ("length",)}
    kinds = [flag for flag in ("vec", "wide", "strided") if flag in command.operands and largest_flag(core, flag)]
    if (mnemonic == "POST" and "vec" not in kinds) or (mnemonic == "LOAD" and not {"vec", "wide"} & set(kinds)):
        kinds = []
    if name not in varied.get(mnemonic, ()) or not kinds:
        yield f"{name}={magnitude(value, *limits(core, mnemonic, name))}"
    elif chosen is not None and all(largest_flag(core, flag) for flag in chosen.split()):
        label = f"{name} with {chosen}" if chosen else name
        yield f"{label}={magnitude(value, *limits(core, mnemonic, name, chosen))}"


def _sums(core: Core, command: Instruction) -> Iterator[str]:
    rows, made, vector = core.macro.rows, command.operands, core.vector
    found: list[tuple[str, int, int, int]] = []  # quantity, its value, the least, the bound
    match command.mnemonic:
        case "LOAD" if made["vec"]:
            if vector:
                found.append(("row+length with vec", made["row"] + made["length"], 1, vector.buffer_bytes))
        case "LOAD" if made["wide"]:
            if core.activation_bits > 8:
                found.append(("row+row+length with wide", 2 * made["row"] + made["length"], 2, 2 * rows))
        case "LOAD":
            found.append(("row+length", made["row"] + made["length"], 1, rows))
        case "MVM":
            found.append(("entry+steps", made["entry"] + made["steps"], 1, core.macro.columns_per_adc))
        case "VEC" if vector:
            found.append(("entry+length", made["entry"] + made["length"], 1, vector.accumulators))
        case "POST":
            if not made["single"]:
                found.append(("record+count", made["record"] + made["count"], 1, core.constant_records))
            if made["vec"] and vector:
                found.append(("entry+count with vec", made["entry"] + made["count"], 1, vector.accumulators))
    for name, total, least, bound in found:
        text = "below bound" if total < bound else "bound" if total == bound else "too large"
        yield f"{name}={'too small' if total < least else text}"


def limits(core: Core, mnemonic: str, field: str, chosen: str = "") -> tuple[int, int, int]:
    """Return the least and the largest operand that can be executed, and of which number it is a multiple."""
    rows, steps, records = core.macro.rows, core.macro.columns_per_adc, core.constant_records
    vector, word = core.vector, core.word_bytes
    buffer, sums = (vector.buffer_bytes, vector.accumulators) if vector else (0, 0)
    known = {
        ("LOOP", "count"): (1, 65535, 1),
        ("LOOP", "length"): (1, 4095, 1),
        ("WAIT", "count"): (1, 255, 1),
        ("LOAD", "length"): {"": (1, rows, 1), "vec": (1, buffer, 1), "wide": (2, 2 * rows, 2)},
        ("LOAD", "row"): {"": (0, rows - 1, 1), "vec": (0, buffer - 1, 1), "wide": (0, rows - 1, 1)},
        ("LOAD", "group"): (0, 127, 1),
        ("MVM", "step"): (0, 255, 1),
        ("MVM", "steps"): (1, steps, 1),
        ("MVM", "entry"): (0, steps - 1, 1),
        ("VEC", "operation"): (0, 4, 1),
        ("VEC", "source"): (0, 2047, 1),
        ("VEC", "entry"): (0, (sums - 1) // word * word, word),
        ("VEC", "length"): (1, sums, 1),
        ("VEC", "coefficient"): (0, (1 << 14) - 1, 1),
        ("PROG", "length"): (1, core.activation_bytes // 4, 1),
        ("PROG", "row"): (0, rows - 1, 1),
        ("PROG", "macro"): (0, core.macros - 1, 1),
        ("POST", "record"): (0, records - 1, 1),
        ("POST", "count"): {"": (1, records, 1), "vec": (1, min(records, sums), 1), "vec single": (1, sums, 1)},
        ("POST", "entry"): {"": (0, 4095, 1), "vec": (0, sums - 1, 1), "vec single": (0, sums - 1, 1)},
        ("STORE", "length"): {"": (1, core.output_buffer_bytes, 1), "strided": (word, core.output_buffer_bytes, word)},
        ("FILL", "length"): (1, core.activation_bytes, 1),
        ("FILL", "value"): (0, 255, 1),
    }[mnemonic, field]
    return known[chosen] if isinstance(known, dict) else known


def magnitude(value: int, least: int, most: int, _step: int = 1) -> str:
    """Return the class of an unsigned operand."""
    if not least <= value <= most:
        return "too small" if value < least else "too large"
    return str(value) if value < 2 else "max" if value == most else "between"


def _set_classes(core: Core, command: Instruction, unit: Unit) -> Iterator[str]:
    index, value = command["index"], command["value"]
    known = [
        (r, r.index + (core.macros if r.count == MACRO_LIMIT else r.count) - 1) for r in REGISTERS if r.unit is unit
    ]
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
