"""How long a command keeps its unit busy, and the events it counts: closed forms of the registers in its own order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import accumulate

from nngen.arch import Core
from nngen.ir.program import ConstantRecord
from nngen.isa import mvm_cycles, vec_cycles, words_touched

from ._operation import Operation
from ._registers import Registers, Runs

Work = tuple[int, int, int]
_ONE_CYCLE: Work = (1, 0, 0)
PROGRAMMED = 1 << 48  # as row_writes and programmed_words never meet in one command, they travel as one number


class WorkEstimator:
    """Answers (S, amount, amount) of each command; SETs must be shown in order.

    The amounts are: LOAD and PROG memory_reads, row_writes + PROGRAMMED * programmed_words; MVM plane_drives,
    conversions; VEC vector_operations, 0; POST outputs, 0; STORE and FILL memory_writes, bus_words.

    Attributes
    ----------
    targets
        The cores that each command over the bus reaches, in order of issue; whoever times it takes them out.
    """

    def __init__(self, core: Core, records: Sequence[ConstantRecord]) -> None:
        self._registers = Registers(core)
        self._word_bytes = core.word_bytes
        self._conversion_cycles = core.macro.conversion_cycles
        self._adcs = core.macro.adcs
        missing = max(0, core.constant_records - len(records))  # constant memory beyond them is taken to hold zeros
        self._outputs = [0, *accumulate([int(record.last) for record in records] + [0] * missing)]
        self._words: dict[tuple[int, int, int, int], int] = {}
        self.targets: deque[tuple[int, ...]] = deque()
        self.of: dict[str, Callable[[Operation, int], Work]] = {
            "SET": self._set, "WAIT": self._one_cycle, "SIGNAL": self._one_cycle, "LOAD": self._load,
            "PROG": self._prog, "MVM": self._mvm, "VEC": self._vec, "POST": self._post, "STORE": self._store,
            "FILL": self._fill, "TELL": self._tell,
        }  # fmt: skip

    def _set(self, operation: Operation, _address: int) -> Work:
        self._registers.write(operation)
        return _ONE_CYCLE

    def _one_cycle(self, _operation: Operation, _address: int) -> Work:
        return _ONE_CYCLE

    def _tell(self, _operation: Operation, _address: int) -> Work:
        self.targets.append(self._registers.targets)
        return _ONE_CYCLE

    def _load(self, operation: Operation, address: int) -> Work:
        fields, length = operation.fields, operation.length
        macros = 1 if fields["vec"] else len(self._registers.macros_of_group(fields["group"]))
        if not fields["strided"]:
            words = words_touched(address, length, self._word_bytes)
            return words, words, length * macros
        runs = self._registers.load_runs(wide=fields["wide"])
        words = self._words_of(runs, address, length)
        return words, words, runs.count * length * macros

    def _prog(self, operation: Operation, _address: int) -> Work:
        return operation.length, operation.length, operation.length * PROGRAMMED

    def _mvm(self, operation: Operation, _address: int) -> Work:
        registers = self._registers
        fields = operation.fields
        planes, slices, steps = registers.planes, registers.slices, fields["steps"]
        macros = len(registers.participants(fields["classes"]))
        cycles = mvm_cycles(planes=planes, steps=steps, slices=slices, conversion_cycles=self._conversion_cycles)
        return cycles, planes * macros, planes * steps * slices * self._adcs * macros

    def _vec(self, operation: Operation, _address: int) -> Work:
        taps, element_bytes = self._registers.taps, self._registers.vec_element_bytes
        cycles = vec_cycles(
            length=operation.length, taps=taps, element_bytes=element_bytes, word_bytes=self._word_bytes
        )
        return cycles, operation.length * taps, 0

    def _post(self, operation: Operation, _address: int) -> Work:
        first, count = operation.fields["record"], operation.fields["count"]
        if operation.fields["vec"]:
            return count, count, 0
        return count, self._outputs[first + count] - self._outputs[first], 0

    def _store(self, operation: Operation, address: int) -> Work:
        if not operation.fields["strided"]:
            return self._fill(operation, address)
        return self._written(operation, self._words_of(self._registers.store_runs(), address, operation.length))

    def _fill(self, operation: Operation, address: int) -> Work:
        return self._written(operation, words_touched(address, operation.length, self._word_bytes))

    def _written(self, operation: Operation, words: int) -> Work:
        if not operation.bus:
            return words, words, 0
        self.targets.append(self._registers.targets)
        return words, 0, words

    def _words_of(self, runs: Runs, address: int, length: int) -> int:
        """Return the words that all runs touch; as addresses wrap at a power of two, places in a word tell."""
        width = self._word_bytes
        key = (runs.count, runs.stride % width, address % width, length)
        words = self._words.get(key)
        if words is None:
            words = sum(words_touched(address + k * runs.stride, length, width) for k in range(runs.count))
            self._words[key] = words
        return words
