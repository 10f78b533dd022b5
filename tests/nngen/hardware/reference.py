"""What docs/core.md says that commands do, one after the other, in plain Python: memory, digests, counted events.

Nothing here knows cycles or queues, and no command stops the core: programs must be free of faults and races.
"""

from collections import Counter
from collections.abc import Callable

import numpy as np

from nngen.arch import Core
from nngen.ir import CoreProgram
from nngen.isa import Instruction, Unit, cells_per_word, find_register, register, words_per_row

MASK32 = (1 << 32) - 1


def rotate(value: int, places: int) -> int:
    """Rotate 32 bits to the left."""
    places %= 32
    return (value << places | value >> (32 - places)) & MASK32


def fold(value: int) -> int:
    """XOR the 32-bit parts."""
    found = 0
    while value:
        found ^= value & MASK32
        value >>= 32
    return found


def wrap(value: int, bits: int) -> int:
    """Two's complement of so many bits."""
    return (value + (1 << (bits - 1))) % (1 << bits) - (1 << (bits - 1))


class Banks:
    """Two of something."""

    def __init__(self, make: Callable[[], object]) -> None:
        self.banks = [make(), make()]
        self.writing = self.reading = 0


class Reference:
    """A core that executes instructions one by one."""

    def __init__(self, core: Core, program: CoreProgram, memory: np.ndarray) -> None:
        macro = core.macro
        self.core, self.program = core, program
        self.memory = memory.copy()
        self.cells = program.cells.copy()
        self.settings: dict[tuple[Unit, int], int] = {}
        self.events: Counter[str] = Counter()
        self.digest = 0
        self.rows = Banks(lambda: np.zeros((core.macros, macro.rows), np.int64))
        self.sums = Banks(lambda: np.zeros((core.macros, macro.adcs, core.accumulator_entries), np.int64))
        self.outputs = Banks(lambda: np.zeros(core.output_buffer_bytes, np.uint8))
        self.position = 0
        if core.vector is not None:
            vector = core.vector
            self.vectors = Banks(lambda: np.zeros(vector.buffer_bytes, np.uint8))
            self.vector_sums = Banks(lambda: np.zeros(vector.accumulators, np.int64))
            self.coefficients = np.zeros((vector.coefficient_words, core.word_bytes), np.int64)
            if program.coefficients.size:
                self.coefficients[: len(program.coefficients)] = program.coefficients

    # ------------------------------------------------------------------ what all need

    def get(self, unit: Unit, name: str, number: int = 0) -> int:
        """Value of a configuration register."""
        described = register(unit, name)
        value = self.settings.get((unit, described.index + number), 0) & ((1 << described.bits(self.core)) - 1)
        return wrap(value, described.bits(self.core)) if described.signed else value

    def write(self, contribution: int) -> None:
        """One write of the command's digest."""
        self.digest = rotate(self.digest, 1) ^ contribution

    def execute(self, made: Instruction) -> int:
        """Execute an instruction; return its digest."""
        self.digest = 0
        if made.mnemonic == "SET":
            self.settings[made.unit, made["index"]] = made["value"]
            assert find_register(made.unit, made["index"]) is not None
        elif made.mnemonic not in ("WAIT", "SIGNAL", "NOP", "HALT"):
            getattr(self, f"_{made.mnemonic.lower()}")(made)
        return self.digest

    def _address(self, made: Instruction) -> int:
        base, size, position = (self.get(Unit.SEQUENCER, n, made["register"]) for n in ("BASE", "SIZE", "POSITION"))
        place = position + made["offset"]
        place += size * (int(place < 0) - int(place >= size))
        assert 0 <= place < size
        return base + place

    def _runs(self, unit: Unit, made: Instruction, *, even: bool = False) -> list[int]:
        """Addresses at which runs begin."""
        start = self._address(made)
        runs = max(1, self.get(unit, "RUNS")) if made["strided"] else 1
        stride = self.get(unit, "STRIDE") & (~1 if even else ~0)
        return [(start + k * stride) % (1 << self.core.activation_bytes.bit_length()) for k in range(runs)]

    def _words(self, start: int, length: int) -> list[list[int]]:
        """Addresses of the bytes of each word that a run touches."""
        words: dict[int, list[int]] = {}
        for address in range(start, start + length):
            words.setdefault(address // self.core.word_bytes, []).append(address)
        return list(words.values())

    def _byte(self, address: int) -> int:
        return int(self.memory[address]) if address < len(self.memory) else 0

    # ------------------------------------------------------------------ LOAD and PROG

    def _load(self, made: Instruction) -> None:
        core, size = self.core, 2 if made["wide"] else 1
        lanes, place = core.word_bytes, made["row"]
        receivers = [m for m in range(core.macros) if self.get(Unit.LOAD, "GROUP", m) == made["group"]]
        for start in self._runs(Unit.LOAD, made, even=bool(made["wide"])):
            for addresses in self._words(start, made["length"]):
                self.events["memory_reads"] += 1
                self.events["row_writes"] += len(addresses) * (1 if made["vec"] else len(receivers))
                values = [self._element(a, size) for a in addresses[::size]]
                if made["vec"]:
                    self._load_vector(place, values)
                else:
                    self._load_rows(place, values, receivers, lanes // size, 16 if made["wide"] else 8)
                place += len(values)
        if made["last"]:
            banks = self.vectors if made["vec"] else self.rows
            banks.writing ^= 1

    def _element(self, address: int, size: int) -> int:
        return sum(self._byte(address + i) << 8 * i for i in range(size))

    def _load_vector(self, place: int, values: list[int]) -> None:
        size, lanes, word = self.core.vector.buffer_bytes, self.core.word_bytes, 0
        for i, value in enumerate(values):
            self.vectors.banks[self.vectors.writing][(place + i) % size] = value
            word |= value << 8 * ((place + i) % lanes)
        self.write(fold(word) ^ place % size)

    def _load_rows(self, row: int, values: list[int], receivers: list[int], lanes: int, lane_bits: int) -> None:
        invert, keep = self.get(Unit.LOAD, "INVERT"), self.get(Unit.LOAD, "KEEP") or 0xFFFF
        bank, word = self.rows.banks[self.rows.writing], 0
        for i, value in enumerate(values):
            code = ((value ^ invert) & keep) % (1 << self.core.activation_bits)
            if row + i < self.core.macro.rows:
                bank[receivers, row + i] = code
            word |= code % (1 << lane_bits) << lane_bits * ((row + i) % lanes)
        self.write(fold(word) ^ row)

    def _prog(self, made: Instruction) -> None:
        a_row, a_word, bits = words_per_row(self.core), cells_per_word(self.core), self.core.macro.cell_bits
        start = self._address(made)
        for k in range(made["length"]):
            row, first = made["row"] + k // a_row, k % a_row * a_word
            word = self._element(start + 4 * k, 4)
            self.events["memory_reads"] += 1
            self.events["programmed_words"] += 1
            if row < self.core.macro.rows:
                for column in range(first, min(first + a_word, self.core.macro.columns)):
                    self.cells[made["macro"], row, column] = word >> bits * (column - first) & ((1 << bits) - 1)
            self.write(word ^ row)

    # ------------------------------------------------------------------ MVM

    def _mvm(self, made: Instruction) -> None:
        core, macro = self.core, self.core.macro
        planes, slices = max(1, self.get(Unit.MVM, "PLANES")), max(1, self.get(Unit.MVM, "SLICES"))
        settings = [self.get(Unit.MVM, "MACRO", m) for m in range(core.macros)]
        chosen = [m for m, s in enumerate(settings) if s >> 16 and made["classes"] >> (s & 15) & 1]
        self.events["plane_drives"] += planes * len(chosen)
        self.events["conversions"] += planes * made["steps"] * slices * macro.adcs * len(chosen)
        for plane in range(planes):
            for i in range(made["steps"]):
                for slice_ in range(slices):
                    clears = made["overwrite"] and plane == 0 and slice_ == 0
                    contribution = 0
                    for m in chosen:
                        contribution ^= self._convert(
                            m,
                            setting=settings[m],
                            plane=plane,
                            slice_=slice_,
                            slices=slices,
                            step=made["step"] + i * slices + slice_,
                            entry=made["entry"] + i,
                            top=plane == planes - 1,
                            clears=bool(clears),
                        )
                    if chosen:
                        self.write(contribution)
        if made["release"]:
            self.rows.banks[self.rows.reading][:] = 0
            self.rows.reading ^= 1
        if made["last"]:
            self.sums.writing ^= 1

    def _convert(
        self,
        m: int,
        *,
        setting: int,
        plane: int,
        slice_: int,
        slices: int,
        step: int,
        entry: int,
        top: bool,
        clears: bool,
    ) -> int:
        """Add one conversion of each ADC of a macro; return the macro's part of the digest."""
        core, macro = self.core, self.core.macro
        values = self.rows.banks[self.rows.reading][m] >> (plane * macro.dac_bits) & ((1 << macro.dac_bits) - 1)
        gain, column = 1 << (setting >> 12 & 15), (setting >> 4 & 0xFF) + step
        negative = -1 if top and self.get(Unit.MVM, "NEGATE_TOP") else 1
        negative_slice = -1 if slice_ == slices - 1 and self.get(Unit.MVM, "NEGATE_SLICE") else 1
        shift = plane * macro.dac_bits + slice_ * macro.cell_bits + macro.converter(gain).shift
        count = 0
        if macro.encoding == "offset" and slice_ == 0:
            count = int(values.sum()) << (plane * macro.dac_bits + self.get(Unit.MVM, "OFFSET"))
        bank, digest = self.sums.banks[self.sums.writing], 0
        for k in range(macro.adcs):
            q = 0
            if column < macro.columns_per_adc:
                lines = self.cells[m][:, macro.lines * (k * macro.columns_per_adc + column) :]
                q = int(values @ lines[:, 0]) - (int(values @ lines[:, 1]) if macro.lines == 2 else 0)
            code = int(macro.converter(gain).convert(np.array([q]))[0])
            added = negative * (negative_slice * (code << shift) - count)
            before = 0 if clears else int(bank[m, k, entry])
            bank[m, k, entry] = wrap(before + added, core.accumulator_bits)
            digest ^= rotate(int(bank[m, k, entry]) % (1 << core.accumulator_bits), (k + m) % 32)
        return digest

    # ------------------------------------------------------------------ VEC

    def _vec(self, made: Instruction) -> None:
        core, bits = self.core, self.core.accumulator_bits
        element = (1, 2, 4, 4)[self.get(Unit.VEC, "ELEMENT")]
        taps, stride, lanes = (
            max(1, self.get(Unit.VEC, "TAPS")),
            self.get(Unit.VEC, "STRIDE"),
            core.word_bytes // element,
        )
        groups, bank = -(-made["length"] // lanes), self.vector_sums.banks[self.vector_sums.writing]
        self.events["vector_operations"] += made["length"] * taps
        for group in range(groups):
            contribution = 0
            for j in range(min(lanes, made["length"] - group * lanes)):
                i = group * lanes + j
                elements = [
                    self._vector_element(made["source"] + t * stride + i * element, element) for t in range(taps)
                ]
                old = int(bank[made["entry"] + i])
                if made["overwrite"]:
                    old = -(1 << (bits - 1)) if made["operation"] == 1 else 0
                bank[made["entry"] + i] = wrap(
                    self._combined(made, old, elements, group=group, groups=groups, j=j), bits
                )
                contribution ^= rotate(int(bank[made["entry"] + i]) % (1 << bits), j)
            self.write(contribution)
        if made["release"]:
            self.vectors.reading ^= 1
        if made["last"]:
            self.vector_sums.writing ^= 1

    def _vector_element(self, place: int, size: int) -> tuple[int, int]:
        """The whole of an element, and what of it is multiplied."""
        buffer, is_signed = self.vectors.banks[self.vectors.reading], self.get(Unit.VEC, "SIGNED")
        value = sum(int(buffer[(place + i) % len(buffer)]) << 8 * i for i in range(size))
        low = value % (1 << 16)
        small = wrap(low, 8 * min(size, 2)) if is_signed else low
        return (wrap(value, 32) if size == 4 else small), small

    def _combined(
        self, made: Instruction, old: int, elements: list[tuple[int, int]], *, group: int, groups: int, j: int
    ) -> int:
        first = made["coefficient"]
        match made["operation"]:
            case 0:
                return old + sum(whole for whole, _ in elements)
            case 1:
                return max(old, *(wrap(whole, self.core.accumulator_bits) for whole, _ in elements))
            case 2:
                factors = [self.get(Unit.VEC, "COEFFICIENT", (first + t) % 8) for t in range(len(elements))]
            case 3:
                words = [(first + t * groups + group) % len(self.coefficients) for t in range(len(elements))]
                factors = [int(self.coefficients[word, j]) for word in words]
            case _:
                zeros = [self.get(Unit.VEC, "ZERO", i) for i in range(2)]
                pairs = zip(elements[::2], elements[1::2], strict=False)
                return old + sum((a - zeros[0]) * (b - zeros[1]) for (_, a), (_, b) in pairs)
        return old + sum(factor * x for factor, (_, x) in zip(factors, elements, strict=True))

    # ------------------------------------------------------------------ POST

    def _post(self, made: Instruction) -> None:
        if made["first"]:
            self.position = 0
        total = 0
        for i in range(made["count"]):
            record = self.program.records[made["record"] + (0 if made["single"] else i)]
            if made["vec"]:
                total = int(self.vector_sums.banks[self.vector_sums.reading][made["entry"] + i])
            else:
                total += int(self.sums.banks[self.sums.reading][record.macro, record.adc, record.entry])
                total = wrap(total, self.core.accumulator_bits)
            if record.last or made["vec"]:
                self._append(self._requantized(record, total))
                total = 0
        if made["release"]:
            banks = self.vector_sums if made["vec"] else self.sums
            banks.reading ^= 1
        if made["last"]:
            self.outputs.writing ^= 1
            self.position = 0

    def _requantized(self, record: object, total: int) -> int:
        multiplier, offset = record.multiplier, record.offset
        if self.get(Unit.POST, "NEGATIVE") and self.core.negative_slope and total * multiplier + offset < 0:
            multiplier, offset = record.negative_multiplier, record.negative_offset
        value, shift = total * multiplier + offset, record.shift
        code, rest, half = value >> shift, value % (1 << shift), (1 << shift) // 2
        rounding = self.get(Unit.POST, "ROUNDING")
        up = shift and ((rest > half or (rest == half and code & 1)) if rounding == 0 else rest >= half)
        code += (1 if up and rounding < 2 else 0) + self.get(Unit.POST, "ZERO_POINT")
        lowest, highest = self.get(Unit.POST, "LOWEST"), self.get(Unit.POST, "HIGHEST")
        code = highest if code > highest else max(code, lowest)
        table = self.get(Unit.POST, "TABLE")
        if self.core.tables and table >> 4:
            return int(self.program.tables[table % self.core.tables, code % 256])
        return code

    def _append(self, code: int) -> None:
        size = (1, 2, 4, 4)[self.get(Unit.POST, "ELEMENT")]
        self.events["outputs"] += 1
        if self.position + size > self.core.output_buffer_bytes:
            return
        start = self.position // size * size
        bank = self.outputs.banks[self.outputs.writing]
        bank[start : start + size] = [code >> 8 * i & 0xFF for i in range(size)]
        self.position += size
        self.write(code & MASK32)

    # ------------------------------------------------------------------ STORE and FILL

    def _store(self, made: Instruction) -> None:
        bank, done = self.outputs.banks[self.outputs.reading], 0
        for start in self._runs(Unit.STORE, made):
            values = [int(bank[(done + i) % len(bank)]) for i in range(made["length"])]
            self._write_run(start, values)
            done += made["length"]
        if made["release"]:
            self.outputs.reading ^= 1

    def _fill(self, made: Instruction) -> None:
        self._write_run(self._address(made), [made["value"]] * made["length"])

    def _write_run(self, start: int, values: list[int]) -> None:
        for addresses in self._words(start, len(values)):
            word, number = 0, addresses[0] // self.core.word_bytes
            self.events["memory_writes"] += 1
            for address in addresses:
                if address < len(self.memory):
                    self.memory[address] = values[address - start]
                    word |= values[address - start] << 8 * (address % self.core.word_bytes)
            self.write(fold(word) ^ number)
