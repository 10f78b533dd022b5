"""What commands do to one sample's data, byte by byte and conversion by conversion, straight from docs/core.md."""

from collections import Counter

from numpy import array, int64

from nngen.isa import UNIT_CODES, Unit, find_register
from nngen.numerics import ROUNDINGS, combine_cells, requantize

BANKS = {"LOAD": (None, "rows"), "MVM": ("rows", "sums"), "POST": ("sums", "outputs"), "STORE": ("outputs", None)}


def signed(value, bits):
    value %= 1 << bits
    return value - (1 << bits) if value >> (bits - 1) else value


def rotate_left(value, amount):
    amount %= 32
    return (value << amount | value >> (32 - amount)) & 0xFFFFFFFF


def fold(data):
    """XOR of the 32-bit parts of a word given as bytes."""
    result = 0
    for i in range(0, len(data), 4):
        result ^= int.from_bytes(bytes(data[i : i + 4]), "little")
    return result


def order_of_effect(commands):
    """Return commands in an order in which buffers and counters let them run, the lowest unit first where several can.

    ``commands`` are in order of issue; those without an end are never executed, and none behind them in their queue is.
    """
    queues = {code: [] for code in UNIT_CODES.values()}
    counts, order = Counter(), []
    for command in commands:
        queues[UNIT_CODES[command.instruction.unit]].append(command)
        while ready := [
            queue for queue in queues.values() if queue and queue[0].end is not None and can(queue[0], counts)
        ]:
            order.append(ready[0].pop(0))
            has_run(order[-1].instruction, counts)
    return order


def can(command, counts):
    i = command.instruction
    source, target = BANKS.get(i.mnemonic, (None, None))
    if i.mnemonic == "WAIT":
        return counts[i["counter"]] >= i["count"]
    return (source is None or counts[source, "filled"] > 0) and not (
        target is not None and i["first"] and counts[target, "used"] >= 2
    )


def has_run(i, counts):
    source, target = BANKS.get(i.mnemonic, (None, None))
    if i.mnemonic == "WAIT":
        counts[i["counter"]] -= i["count"]
    if i.mnemonic == "SIGNAL":
        counts[i["counter"]] += 1
    if target is not None:
        counts[target, "used"] += i["first"]
        counts[target, "filled"] += i["last"]
    if source is not None:
        counts[source, "used"] -= i["release"]
        counts[source, "filled"] -= i["release"]


class NaiveMachine:
    """Executes commands in the order given; ``digests`` gets one entry a command, by its place in order of issue."""

    def __init__(self, core, cells, records, memory):
        self.core, self.records, self.memory = core, records, [int(b) for b in memory]
        self.pairs = [combine_cells(levels) for levels in cells]
        macro = core.macro
        self.rows = [[[0] * macro.rows for _ in range(core.macros)] for _ in range(2)]
        self.sums = [{}, {}]  # (macro, adc, entry) -> accumulator
        self.outputs = [[0] * core.output_buffer_bytes for _ in range(2)]
        self.pointer = dict.fromkeys(("load", "mvm row", "mvm", "post acc", "post", "store"), 0)
        self.position = 0
        self.registers = {}
        self.digests = {}

    def register(self, unit, name, number=0):
        return self.registers.get((unit, name, number), 0)

    def run(self, commands):
        for command in commands:
            self.digest = 0
            getattr(self, command.instruction.mnemonic.lower(), lambda *_: None)(command.instruction, command.address)
            self.digests[id(command)] = self.digest
        return self

    def wrote(self, value):
        self.digest = rotate_left(self.digest, 1) ^ value

    def toggle(self, pointer, bit):
        self.pointer[pointer] ^= bit

    def set(self, i, _):
        r = find_register(i.unit, i["index"])
        self.registers[i.unit, r.name, i["index"] - r.index] = i["value"] % (1 << r.bits(self.core))

    def load(self, i, address):
        width = self.core.word_bytes
        for word in sorted({(address + k) // width for k in range(i["length"])}):
            lanes, first = [0] * width, None
            for k in range(i["length"]):
                if (address + k) // width == word:
                    row = i["row"] + k
                    first = row if first is None else first
                    lanes[row % width] = self.memory[address + k] ^ self.register(Unit.LOAD, "INVERT") % 256
                    for m in range(self.core.macros):
                        if self.register(Unit.LOAD, "GROUP", m) == i["group"]:
                            self.rows[self.pointer["load"]][m][row] = lanes[row % width]
            self.wrote(fold(lanes) ^ first)
        self.toggle("load", i["last"])

    def mvm(self, i, _):
        planes = self.register(Unit.MVM, "PLANES") or 1
        slices = self.register(Unit.MVM, "SLICES") or 1
        for plane in range(planes):
            for step in range(i["steps"]):
                for part in range(slices):
                    self.conversion(i, plane, step, part, slices, top=plane == planes - 1)
        if i["release"]:
            self.rows[self.pointer["mvm row"]] = [[0] * self.core.macro.rows for _ in range(self.core.macros)]
        self.toggle("mvm row", i["release"])
        self.toggle("mvm", i["last"])

    def conversion(self, i, plane, step, part, slices, *, top):
        macro, bits = self.core.macro, self.core.accumulator_bits
        bank, folded = self.sums[self.pointer["mvm"]], 0
        for m in range(self.core.macros):
            setting = self.register(Unit.MVM, "MACRO", m)
            if not (setting >> 16 and i["classes"] >> (setting % 16) & 1):
                continue
            converter = macro.converter(1 << (setting >> 12 & 15))
            mask = (1 << macro.dac_bits) - 1
            inputs = [(x >> plane * macro.dac_bits) & mask for x in self.rows[self.pointer["mvm row"]][m]]
            for k in range(macro.adcs):
                column = (setting >> 4 & 255) + i["step"] + step * slices + part
                q = 0
                if column < macro.columns_per_adc:
                    weights = self.pairs[m][:, k * macro.columns_per_adc + column]
                    q = sum(x * int(w) for x, w in zip(inputs, weights, strict=True))
                code = int(converter.convert(array([q]))[0])
                added = code << (plane * macro.dac_bits + part * macro.cell_bits + converter.shift)
                if top and self.register(Unit.MVM, "NEGATE_TOP"):
                    added = -added
                key = m, k, i["entry"] + step
                before = 0 if i["overwrite"] and plane == part == 0 else bank.get(key, 0)
                bank[key] = signed(before + added, bits)
                folded ^= rotate_left(bank[key] % (1 << bits), k + m)
        self.wrote(folded)

    def post(self, i, _):
        bits, total = self.core.accumulator_bits, 0
        bank = self.sums[self.pointer["post acc"]]
        self.position = 0 if i["first"] else self.position
        for record in self.records[i["record"] : i["record"] + i["count"]]:
            total = signed(total + bank.get((record.macro, record.adc, record.entry), 0), bits)
            if record.last:
                self.output(total, record)
                total = 0
        self.position = 0 if i["last"] else self.position
        self.toggle("post", i["last"])
        self.toggle("post acc", i["release"])

    def output(self, total, record):
        rounding = (*ROUNDINGS, "floor")[self.register(Unit.POST, "ROUNDING")]
        m, b, s = (array([v], int64) for v in (record.multiplier, record.offset, record.shift))
        y = int(requantize(array([total]), m, b, s, rounding)[0])
        y += signed(self.register(Unit.POST, "ZERO_POINT"), 17)
        lowest, highest = (signed(self.register(Unit.POST, name), 32) for name in ("LOWEST", "HIGHEST"))
        if y > highest:
            y = highest
        elif y < lowest:
            y = lowest
        width = (1, 2, 4, 4)[self.register(Unit.POST, "ELEMENT")]
        if self.position + width > self.core.output_buffer_bytes:
            return
        buffer = self.outputs[self.pointer["post"]]
        place = self.position // width * width
        buffer[place : place + width] = (y % (1 << 8 * width)).to_bytes(width, "little")
        self.position += width
        self.wrote(y % (1 << 32))

    def store(self, i, address):
        self.write(self.outputs[self.pointer["store"]][: i["length"]], address)
        self.toggle("store", i["release"])

    def fill(self, i, address):
        self.write([i["value"]] * i["length"], address)

    def write(self, data, address):
        width = self.core.word_bytes
        for word in sorted({(address + k) // width for k in range(len(data))}):
            lanes = [0] * width
            for k, value in enumerate(data):
                if (address + k) // width == word:
                    lanes[(address + k) % width] = self.memory[address + k] = value
            self.wrote(fold(lanes) ^ word)
