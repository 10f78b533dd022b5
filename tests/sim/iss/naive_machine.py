"""What commands do to one sample's data, byte by byte and conversion by conversion, straight from docs/core.md."""

from collections import Counter

from numpy import array, int64

from nngen.ir.program import ConstantRecord
from nngen.isa import UNIT_CODES, Unit, find_register
from nngen.numerics import ROUNDINGS, combine_cells, requantize


def banks(i):
    """Return what an instruction takes from and gives to."""
    vec = i.operands.get("vec", 0)
    return {
        "LOAD": (None, "vector" if vec else "rows"),
        "MVM": ("rows", "sums"),
        "VEC": ("vector", "vec sums"),
        "POST": ("vec sums" if vec else "sums", "outputs"),
        "STORE": ("outputs", None),
    }.get(i.mnemonic, (None, None))


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
    source, target = banks(i)
    if i.mnemonic == "WAIT":
        return counts[i["counter"]] >= i["count"]
    return (source is None or counts[source, "filled"] > 0) and not (
        target is not None and i["first"] and counts[target, "used"] >= 2
    )


def has_run(i, counts):
    source, target = banks(i)
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

    def __init__(self, core, program, memory):
        self.core, self.records, self.memory = core, program.records, [int(b) for b in memory]
        self.cells = [levels.copy() for levels in program.cells]
        self.coefficients, self.tables = program.coefficients, program.tables
        macro = core.macro
        self.rows = [[[0] * macro.rows for _ in range(core.macros)] for _ in range(2)]
        self.sums = [{}, {}]  # (macro, adc, entry) -> accumulator
        self.outputs = [[0] * core.output_buffer_bytes for _ in range(2)]
        if core.vector is not None:
            self.vector = [[0] * core.vector.buffer_bytes for _ in range(2)]
            self.vec_sums = [[0] * core.vector.accumulators for _ in range(2)]
        self.pointer = Counter()
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

    def run_starts(self, i, address):
        """Return where each run begins, in a space of addresses as large as needs the size of memory."""
        if not i["strided"]:
            return [address]
        stride = self.register(i.unit, "STRIDE")
        if i.operands.get("wide"):
            stride -= stride % 2
        space = 2 ** len(f"{self.core.activation_bytes:b}")
        return [(address + k * stride) % space for k in range(self.register(i.unit, "RUNS") or 1)]

    def load(self, i, address):
        size, place = 2 if i["wide"] else 1, i["row"]
        for start in self.run_starts(i, address):
            self.load_run(i, start, place, size)
            place += i["length"] // size
        self.toggle("load vector" if i["vec"] else "load", i["last"])

    def load_run(self, i, start, place, size):
        """One run: word by word, element by element."""
        width = self.core.word_bytes
        for word in sorted({(start + k) // width for k in range(i["length"])}):
            lanes, first = [0] * width, None
            for k in range(0, i["length"], size):
                if (start + k) // width == word:
                    data = [self.memory[a] if a < len(self.memory) else 0 for a in range(start + k, start + k + size)]
                    own = place + k // size
                    if i["vec"]:
                        own %= self.core.vector.buffer_bytes
                        code = self.vector[self.pointer["load vector"]][own] = data[0]
                    else:
                        code = self.load_code(i, int.from_bytes(bytes(data), "little"), own)
                    first = own if first is None else first
                    for byte in range(size):
                        lanes[(own * size + byte) % width] = code >> 8 * byte & 255
            self.wrote(fold(lanes) ^ first)

    def load_code(self, i, element, row):
        """Write a code to a row; return it."""
        keep = self.register(Unit.LOAD, "KEEP") or 0xFFFF
        code = (element ^ self.register(Unit.LOAD, "INVERT")) & keep & (2**self.core.activation_bits - 1)
        for m in range(self.core.macros):
            if self.register(Unit.LOAD, "GROUP", m) == i["group"] and row < self.core.macro.rows:
                self.rows[self.pointer["load"]][m][row] = code
        return code

    def prog(self, i, address):
        macro, row, column = self.core.macro, i["row"], 0
        for k in range(i["length"]):
            word = int.from_bytes(bytes(self.memory[address + 4 * k : address + 4 * k + 4]), "little")
            self.wrote(word ^ row)
            for place in range(32 // macro.cell_bits):
                if row < macro.rows and column + place < macro.columns:
                    level = word >> place * macro.cell_bits & (2**macro.cell_bits - 1)
                    self.cells[i["macro"]][row, column + place] = level
            column += 32 // macro.cell_bits
            if column >= macro.columns:
                row, column = row + 1, 0

    def vec(self, i, _):
        size = (1, 2, 4, 4)[self.register(Unit.VEC, "ELEMENT")]
        lanes = self.core.word_bytes // size
        sums = self.vec_sums[self.pointer["vec"]]
        for g in range(0, i["length"], lanes):
            folded = 0
            for j in range(min(lanes, i["length"] - g)):
                total = self.vec_element(i, g + j, size, sums[i["entry"] + g + j])
                sums[i["entry"] + g + j] = total
                folded ^= rotate_left(total % (1 << self.core.accumulator_bits), j)
            self.wrote(folded)
        self.toggle("vec vector", i["release"])
        self.toggle("vec", i["last"])

    def vec_element(self, i, number, size, old):
        """Return what accumulator ``entry + number`` becomes."""
        bits, taps = self.core.accumulator_bits, self.register(Unit.VEC, "TAPS") or 1
        lanes = self.core.word_bytes // size
        groups = -(-i["length"] // lanes)
        xs = [self.vec_tap(i, number, t, size) for t in range(taps)]
        if i["operation"] == 1:
            return max([signed(x, bits) for x in xs] + ([] if i["overwrite"] else [old]))
        total = 0 if i["overwrite"] else old
        for t, x in enumerate(xs):
            match i["operation"]:
                case 0:
                    total += x
                case 2:
                    total += signed(self.register(Unit.VEC, "COEFFICIENT", (i["coefficient"] + t) % 8), 24) * x
                case 3:
                    word = (i["coefficient"] + t * groups + number // lanes) % self.core.vector.coefficient_words
                    total += int(self.coefficients[word][number % lanes]) * x
                case 4:
                    if t % 2 == 1:
                        even = xs[t - 1] - signed(self.register(Unit.VEC, "ZERO", 0), 17)
                        total += even * (x - signed(self.register(Unit.VEC, "ZERO", 1), 17))
        return signed(total, bits)

    def vec_tap(self, i, number, t, size):
        place = i["source"] + t * self.register(Unit.VEC, "STRIDE") + number * size
        buffer = self.vector[self.pointer["vec vector"]]
        data = bytes(buffer[(place + k) % len(buffer)] for k in range(size))
        is_signed = self.register(Unit.VEC, "SIGNED") == 1
        if i["operation"] >= 2:
            data = data[:2]
        return int.from_bytes(data, "little", signed=is_signed or len(data) == 4)

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
            columns = combine_cells(self.cells[m]) if macro.encoding == "differential" else self.cells[m]
            for k in range(macro.adcs):
                column = (setting >> 4 & 255) + i["step"] + step * slices + part
                q = 0
                if column < macro.columns_per_adc:
                    weights = columns[:, k * macro.columns_per_adc + column]
                    q = sum(x * int(w) for x, w in zip(inputs, weights, strict=True))
                code = int(converter.convert(array([q]))[0])
                added = code << (plane * macro.dac_bits + part * macro.cell_bits + converter.shift)
                if part == slices - 1 and self.register(Unit.MVM, "NEGATE_SLICE"):
                    added = -added
                if macro.encoding == "offset" and part == 0:
                    added -= sum(inputs) << (plane * macro.dac_bits + self.register(Unit.MVM, "OFFSET"))
                if top and self.register(Unit.MVM, "NEGATE_TOP"):
                    added = -added
                key = m, k, i["entry"] + step
                before = 0 if i["overwrite"] and plane == part == 0 else bank.get(key, 0)
                bank[key] = signed(before + added, bits)
                folded ^= rotate_left(bank[key] % (1 << bits), k + m)
        self.wrote(folded)

    def post(self, i, _):
        bits, total = self.core.accumulator_bits, 0
        if i["vec"]:
            self.post_vec(i)
            return
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

    def post_vec(self, i):
        self.position = 0 if i["first"] else self.position
        for k in range(i["count"]):
            number = i["record"] + (0 if i["single"] else k)
            record = (
                self.records[number]
                if number < len(self.records)
                else ConstantRecord(macro=0, adc=0, entry=0, last=False)
            )
            self.output(self.vec_sums[self.pointer["post vec"]][i["entry"] + k], record)
        self.position = 0 if i["last"] else self.position
        self.toggle("post", i["last"])
        self.toggle("post vec", i["release"])

    def output(self, total, record):
        rounding = (*ROUNDINGS, "floor")[self.register(Unit.POST, "ROUNDING")]
        multiplier, offset = record.multiplier, record.offset
        if self.core.negative_slope and self.register(Unit.POST, "NEGATIVE") and total * multiplier + offset < 0:
            multiplier, offset = record.negative_multiplier, record.negative_offset
        m, b, s = (array([v], int64) for v in (multiplier, offset, record.shift))
        y = int(requantize(array([total]), m, b, s, rounding)[0])
        y += signed(self.register(Unit.POST, "ZERO_POINT"), 17)
        lowest, highest = (signed(self.register(Unit.POST, name), 32) for name in ("LOWEST", "HIGHEST"))
        if y > highest:
            y = highest
        elif y < lowest:
            y = lowest
        table = self.register(Unit.POST, "TABLE")
        if self.core.tables and table >= 16:
            y = int(self.tables[table % 16 % self.core.tables][y % 256])
        width = (1, 2, 4, 4)[self.register(Unit.POST, "ELEMENT")]
        if self.position + width > self.core.output_buffer_bytes:
            return
        buffer = self.outputs[self.pointer["post"]]
        place = self.position // width * width
        buffer[place : place + width] = (y % (1 << 8 * width)).to_bytes(width, "little")
        self.position += width
        self.wrote(y % (1 << 32))

    def store(self, i, address):
        buffer, taken = self.outputs[self.pointer["store"]], 0
        for start in self.run_starts(i, address):
            self.write([buffer[(taken + k) % len(buffer)] for k in range(i["length"])], start)
            taken += i["length"]
        self.toggle("store", i["release"])

    def fill(self, i, address):
        self.write([i["value"]] * i["length"], address)

    def write(self, data, address):
        width = self.core.word_bytes
        for word in sorted({(address + k) // width for k in range(len(data))}):
            lanes = [0] * width
            for k, value in enumerate(data):
                if (address + k) // width == word and address + k < len(self.memory):
                    lanes[(address + k) % width] = self.memory[address + k] = value
            self.wrote(fold(lanes) ^ word)
