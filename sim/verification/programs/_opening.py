"""What every program does first: define the state that a start leaves as it is.

A start clears registers, queues, row buffers and counters. The opening gives every address register its window, enables
every macro, writes all accumulators of both banks, and with their sums every byte of both banks of the output buffer.
"""

from __future__ import annotations

from nngen.isa import BY_MNEMONIC, Instruction, Unit, instruction

from ._draw import Draw
from ._layout import AddressRegister, Area
from ._merge import BANKS, MVM, POST, SEQUENCER, Item
from ._parts import Parts

WORD = 4  # bytes of an output where WORDS is 1
_INSERTED = 0.25
# Registers that leave what the opening has to define defined.
_HARMLESS = frozenset({"INVERT", "GROUP", "PLANES", "NEGATE_TOP", "SLICES", "LOWEST", "HIGHEST", "ZERO_POINT", "ROUNDING"})


def opening_records(output_buffer_bytes: int) -> int:
    """Return how many records, each a sum of its own, the opening takes from the beginning of constant memory."""
    return min(output_buffer_bytes // WORD, 32)


def opening(parts: Parts, draw: Draw) -> tuple[Instruction, ...]:
    """Return a random opening."""
    commands, layout = parts.commands, parts.commands.layout
    read, write = draw.choice(layout.registers[Area.READ]), draw.choice(layout.registers[Area.WRITE])
    windows = [layout.set_window(draw, read, fresh=True), layout.set_window(draw, write, fresh=True)]
    draw.shuffle(windows)
    others = [register for register in layout.all if register not in (read, write)]
    draw.shuffle(others)
    items: list[Item] = [(SEQUENCER, layout.set_window(draw, register, fresh=True)) for register in others]
    commands.wanders = False
    items += _before(parts, draw, read, write)
    configured = len(items)
    items += _settings(parts, draw)
    for _ in range(BANKS):
        items.append(commands.load(Area.READ, via=read, first=1, last=1))
        items += _accumulate(parts, draw)
        items += _outputs(parts)
        items.append(commands.store(Area.WRITE, via=write, release=1))
    if draw.chance(_INSERTED):
        parts.handshake(items)
    if draw.chance(_INSERTED):
        items.insert(draw.randint(configured, len(items)), commands.setting(_HARMLESS))
    commands.wanders = True
    return (*(made for window in windows for made in window), *parts.merge(items))


def _before(parts: Parts, draw: Draw, read: AddressRegister, write: AddressRegister) -> list[Item]:
    """Return, at times, a first command for each unit while no macro is enabled and all bounds of outputs are 0.

    MVM then writes nothing, and whatever the accumulators hold, outputs are 0; STORE takes no more of them.
    """
    commands = parts.commands
    if not draw.chance(_INSERTED):
        return []
    load, mvm = commands.load(Area.READ, via=read, first=1, last=1), commands.mvm(first=1, last=1, release=1)
    post = commands.post(first=1, last=1, release=1)
    record, count = post[1][0]["record"], post[1][0]["count"]
    outputs = sum(made.last for made in commands.records[record : record + count])
    if not outputs:
        return []
    return [load, mvm, post, commands.store(Area.WRITE, via=write, most=outputs, release=1)]


def _settings(parts: Parts, draw: Draw) -> list[Item]:
    settings, macros = parts.commands.settings, parts.commands.core.macros
    mvm = [settings.set(Unit.MVM, "MACRO", m, value=settings.macro(enabled=True)) for m in range(macros)]
    post = [settings.set(Unit.POST, name) for name in ("LOWEST", "HIGHEST")]
    post.append(settings.set(Unit.POST, "WORDS", value=1))
    draw.shuffle(mvm)
    draw.shuffle(post)
    return [*((MVM, (made,)) for made in mvm), *((POST, (made,)) for made in post)]


def _accumulate(parts: Parts, draw: Draw) -> list[Item]:
    """Return MVMs that overwrite every entry of an accumulator bank."""
    entries = parts.commands.core.accumulator_entries
    most = BY_MNEMONIC["MVM"].field("steps").highest
    cut = draw.randint(1, entries - 1) if entries > 1 and (entries > most or draw.chance(0.2)) else entries
    spans = [(0, cut), (cut, entries)] if cut < entries else [(0, entries)]
    return [
        parts.commands.mvm(
            classes=0xFFFF, entry=start, steps=end - start, overwrite=1, first=int(start == 0),
            last=int(end == entries), release=int(end == entries),
        )
        for start, end in spans
    ]  # fmt: skip


def _outputs(parts: Parts) -> list[Item]:
    """Return POSTs that write every byte of a bank of the output buffer."""
    size = parts.commands.core.output_buffer_bytes
    count = min(opening_records(size), len(parts.commands.records))
    rounds = -(-(size // WORD) // count)
    plain = {"record": 0, "count": count}
    if rounds == 1:
        return [(POST, (instruction("POST", first=1, last=1, release=1, **plain),))]
    middle = instruction("POST", **plain)
    made: list[Item] = [(POST, (instruction("POST", first=1, **plain),))]
    if rounds > 3:
        made.append((POST, (instruction("LOOP", count=rounds - 2, length=1), middle)))
    elif rounds == 3:
        made.append((POST, (middle,)))
    return [*made, (POST, (instruction("POST", last=1, release=1, **plain),))]
