"""Random programs without races that use everything a core has: positions one after the other, each of all units."""

import numpy as np

from nngen.arch import Core
from nngen.ir import ConstantRecord, CoreProgram
from nngen.isa import Instruction, Unit, constant_record_layout, instruction, register, words_per_row

WHOLE = {"first": 1, "last": 1}
ALL = {"first": 1, "last": 1, "release": 1}


class Composer:
    """Makes programs for a core out of a seed."""

    def __init__(self, core: Core, seed: int) -> None:
        self.core, self.random = core, np.random.default_rng(seed)
        self.made: list[Instruction] = []
        self.records = tuple(self._record() for _ in range(core.constant_records))

    def below(self, limit: int, least: int = 0) -> int:
        """A number from ``least`` to ``limit - 1``, often one of both."""
        if self.random.random() < 0.2:
            return int(self.random.choice([least, limit - 1]))
        return int(self.random.integers(least, limit))

    def flag(self, likely: float = 0.5) -> int:
        return int(self.random.random() < likely)

    def _record(self) -> ConstantRecord:
        core, values = self.core, {}
        for name, width in constant_record_layout(core):
            values[name] = self.below(1 << width)
            if name.endswith(("multiplier", "offset")):
                values[name] -= 1 << (width - 1)
        values |= {"macro": self.below(core.macros), "adc": self.below(core.macro.adcs)}
        values |= {"entry": self.below(core.accumulator_entries), "shift": self.below(core.accumulator_bits)}
        if self.flag():  # in the range of the accumulators, so that not everything is clipped
            values |= {
                "multiplier": int(self.random.integers(-7, 8)),
                "offset": self.below(100),
                "shift": self.below(4),
            }
        return ConstantRecord(**(values | {"last": bool(values["last"])}))

    def emit(self, mnemonic: str, **operands: int) -> None:
        self.made.append(instruction(mnemonic, **operands))

    def set(self, unit: Unit, name: str, value: int, number: int = 0) -> None:
        index = register(unit, name).index + number
        self.emit("SET", unit=unit, index=index, value=value & 0xFFFFFFFF)

    def program(self, positions: int) -> CoreProgram:
        core, random = self.core, self.random
        self._open()
        kinds = [self._macros, self._macros]
        kinds += [self._vector] * 3 if core.vector is not None else []
        kinds += [self._reprogram] if core.reprogram else []
        while positions and len(self.made) < core.program_instructions - 60:
            kinds[int(random.integers(len(kinds)))]()
            positions -= 1
        self.emit("HALT")
        given = {}
        if core.vector is not None:
            given["coefficients"] = random.integers(
                -(1 << 15), 1 << 15, (core.vector.coefficient_words, core.word_bytes)
            )
        if core.tables:
            given["tables"] = random.integers(0, 256, (core.tables, 256))
        cells = random.integers(0, 1 << core.macro.cell_bits, (core.macros, core.macro.rows, core.macro.columns))
        return CoreProgram(
            core=0, instructions=tuple(self.made), layer_starts=(), records=self.records, cells=cells, **given
        )

    def _open(self) -> None:
        """Give everything that a program can read a value, in both banks."""
        core = self.core
        self.set(Unit.SEQUENCER, "SIZE", core.activation_bytes)
        for macro in range(core.macros):
            self.set(Unit.MVM, "MACRO", 1 << 16, macro)
        self.set(Unit.POST, "HIGHEST", (1 << 31) - 1)
        self.set(Unit.POST, "LOWEST", -(1 << 31))
        for _ in range(2):
            self.emit("LOAD", length=core.macro.rows, **WHOLE)
            self.emit("MVM", classes=1, steps=core.accumulator_entries, overwrite=1, **ALL)
            self._fill_output()
            self._after_store()
        for _ in range(2 if core.vector is not None else 0):
            self.emit("LOAD", length=core.vector.buffer_bytes, vec=1, **WHOLE)
            self.emit("VEC", length=core.vector.accumulators, overwrite=1, **ALL)
            self.emit("POST", count=1, vec=1, **ALL)
            self.emit("STORE", length=1, release=1)
            self._after_store()

    def _fill_output(self) -> None:
        left, first = self.core.output_buffer_bytes, 1
        while left:
            # A record may not be the last of its sum: as often as there are bytes, at the worst.
            count = min(self.core.constant_records, 4 * left)
            self.emit("POST", count=count, first=first, last=0, release=0)
            left -= min(left, sum(record.last for record in self.records[:count]))
            first = 0
        self.emit("POST", count=1, last=1, release=1)
        self.emit("STORE", length=1, release=1)

    # ------------------------------------------------------------------ positions

    def _run(self, *, longest: int, multiple: int = 1) -> dict[str, int]:
        """Offset and length of a run in memory."""
        length = multiple * self.below(longest // multiple + 1, 1)
        offset = self.below((self.core.activation_bytes - length) // multiple + 1) * multiple
        return {"offset": offset, "length": length}

    def _strides(self, unit: Unit) -> int:
        """Perhaps set RUNS and STRIDE; return whether the command is strided."""
        if not self.core.strided_access or not self.flag():
            return 0
        self.set(unit, "RUNS", self.below(6))
        self.set(unit, "STRIDE", self.below(2 * self.core.activation_bytes if self.flag(0.3) else 40))
        return 1

    def _after_store(self) -> None:
        self.emit("SIGNAL", unit=Unit.STORE)
        self.emit("WAIT", unit=Unit.LOAD, count=1)

    def _load_rows(self) -> None:
        core = self.core
        for i in range(loads := self.below(4, 1)):
            if self.flag(0.4):
                self.set(Unit.LOAD, "INVERT", self.below(1 << 16))
                self.set(Unit.LOAD, "KEEP", self.below(1 << 16) * self.flag())
                self.set(Unit.LOAD, "GROUP", self.below(2), self.below(core.macros))
            wide = self.flag() if core.activation_bits > 8 else 0
            row = self.below(core.macro.rows)
            size = 1 + wide
            run = self._run(longest=(core.macro.rows - row) * size, multiple=size)
            self.emit(
                "LOAD", row=row, group=self.flag(0.3), wide=wide, strided=self._strides(Unit.LOAD),
                first=int(i == 0), last=int(i == loads - 1), **run,
            )  # fmt: skip

    def _macros(self) -> None:
        core, macro = self.core, self.core.macro
        self._load_rows()
        for macro_number in range(core.macros):
            if self.flag(0.4):
                gain = self.below(len(macro.gains))
                step = self.below(macro.columns_per_adc) * self.flag(0.3)
                setting = self.flag(0.9) << 16 | gain << 12 | step << 4 | self.below(2)
                self.set(Unit.MVM, "MACRO", setting, macro_number)
        for name, limit in (("PLANES", 10), ("SLICES", 4), ("NEGATE_TOP", 2), ("NEGATE_SLICE", 2), ("OFFSET", 16)):
            if self.flag(0.4):
                self.set(Unit.MVM, name, self.below(limit))
        for i in range(count := self.below(4, 1)):
            entry = self.below(core.accumulator_entries)
            steps = self.below(core.accumulator_entries - entry + 1, 1)
            self.emit(
                "MVM", classes=self.below(4), step=self.below(3) * self.flag(0.3), steps=steps, entry=entry,
                overwrite=self.flag(), first=int(i == 0), last=int(i == count - 1), release=int(i == count - 1),
            )  # fmt: skip
        self._post(vec=0)

    def _vector(self) -> None:
        core, vector = self.core, self.core.vector
        for i in range(loads := self.below(3, 1)):
            row = self.below(vector.buffer_bytes)
            run = self._run(longest=vector.buffer_bytes - row)
            strided = self._strides(Unit.LOAD)
            self.emit("LOAD", row=row, vec=1, strided=strided, first=int(i == 0), last=int(i == loads - 1), **run)
        names = (("TAPS", 5), ("STRIDE", 2048), ("ELEMENT", 4), ("SIGNED", 2))
        for name, limit in names:
            if self.flag(0.6):
                self.set(Unit.VEC, name, self.below(limit))
        for name, bits, count in (("ZERO", 17, 2), ("COEFFICIENT", 24, 8)):
            if self.flag(0.6):
                self.set(Unit.VEC, name, self.below(1 << bits), self.below(count))
        entry = core.word_bytes * self.below(vector.accumulators // core.word_bytes)
        for i in range(count := self.below(5, 1)):
            if self.flag(0.3):
                entry = core.word_bytes * self.below(vector.accumulators // core.word_bytes)
            self.emit(
                "VEC", operation=self.below(5), source=self.below(2048), entry=entry,
                length=self.below((vector.accumulators if self.flag() else entry + 3) - entry + 1, 1),
                coefficient=self.below(1 << 14), overwrite=self.flag(0.3), first=int(i == 0),
                last=int(i == count - 1), release=int(i == count - 1),
            )  # fmt: skip
        self._post(vec=1)

    def _post(self, *, vec: int) -> None:
        core = self.core
        values = {"LOWEST": -(1 << self.below(32)), "HIGHEST": (1 << self.below(32)) - 1}
        values |= {"ZERO_POINT": self.below(1 << 17), "ROUNDING": self.below(4), "ELEMENT": self.below(4)}
        values |= {"TABLE": self.below(32), "NEGATIVE": self.below(2)}
        for name, value in values.items():
            if self.flag(0.4):
                self.set(Unit.POST, name, value)
        most = min(core.constant_records, core.vector.accumulators) if vec else core.constant_records
        count, single = self.below(min(most, 20) + 1, 1), vec & self.flag()
        record = self.below(core.constant_records - (1 if single else count) + 1)
        entry = self.below(core.vector.accumulators - count + 1) if vec else 0
        self.emit("POST", record=record, count=count, vec=vec, single=single, entry=entry, **ALL)
        strided = self._strides(Unit.STORE)
        run = self._run(longest=core.output_buffer_bytes)
        if strided:
            run["length"] = max(core.word_bytes, run["length"] // core.word_bytes * core.word_bytes)
            run["offset"] = min(run["offset"], core.activation_bytes - run["length"])
        self.emit("STORE", strided=strided, release=1, **run)
        if self.flag(0.2):
            self.emit("FILL", value=self.below(256), **self._run(longest=40))
        self._after_store()

    def _reprogram(self) -> None:
        core = self.core
        self.emit("SIGNAL", unit=Unit.MVM, counter=1)
        self.emit("WAIT", unit=Unit.LOAD, counter=1, count=1)
        most = min(core.macro.rows * words_per_row(core) + 3, core.activation_bytes // 4)
        run = self._run(longest=4 * most, multiple=4)
        run["length"] //= 4
        self.emit("PROG", row=self.below(core.macro.rows), macro=self.below(core.macros), **run)
        self.emit("SIGNAL", unit=Unit.LOAD, counter=2)
        self.emit("WAIT", unit=Unit.MVM, counter=2, count=1)
