"""How long a command keeps its unit busy, and the events it counts: closed forms of the registers in its own order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from nngen.arch import Core
from nngen.ir.program import ConstantRecord
from nngen.isa import mvm_cycles, words_touched

from ._operation import Operation
from ._registers import Registers

Work = tuple[int, int, int]
_ONE_CYCLE: Work = (1, 0, 0)


class WorkEstimator:
    """Answers (S, amount, amount) of each command; SETs must be shown in order.

    The amounts are: LOAD memory_reads, row_writes; MVM plane_drives, conversions; POST outputs, 0; STORE and FILL
    memory_writes, 0.
    """

    def __init__(self, core: Core, records: Sequence[ConstantRecord]) -> None:
        self._registers = Registers(core)
        self._word_bytes = core.word_bytes
        self._conversion_cycles = core.macro.conversion_cycles
        self._adcs = core.macro.adcs
        missing = max(0, core.constant_records - len(records))  # constant memory beyond them is taken to hold zeros
        self._outputs = [0, *accumulate([int(record.last) for record in records] + [0] * missing)]
        self.of: dict[str, Callable[[Operation, int], Work]] = {
            "SET": self._set, "WAIT": self._one_cycle, "SIGNAL": self._one_cycle, "LOAD": self._load, "MVM": self._mvm,
            "POST": self._post, "STORE": self._store, "FILL": self._store,
        }  # fmt: skip

    def _set(self, operation: Operation, _address: int) -> Work:
        self._registers.write(operation)
        return _ONE_CYCLE

    def _one_cycle(self, _operation: Operation, _address: int) -> Work:
        return _ONE_CYCLE

    def _load(self, operation: Operation, address: int) -> Work:
        words = words_touched(address, operation.length, self._word_bytes)
        return words, words, operation.length * len(self._registers.macros_of_group(operation.fields["group"]))

    def _mvm(self, operation: Operation, _address: int) -> Work:
        registers = self._registers
        fields = operation.fields
        planes, slices, steps = registers.planes, registers.slices, fields["steps"]
        macros = len(registers.participants(fields["classes"]))
        cycles = mvm_cycles(planes=planes, steps=steps, slices=slices, conversion_cycles=self._conversion_cycles)
        return cycles, planes * macros, planes * steps * slices * self._adcs * macros

    def _post(self, operation: Operation, _address: int) -> Work:
        first, count = operation.fields["record"], operation.fields["count"]
        return count, self._outputs[first + count] - self._outputs[first], 0

    def _store(self, operation: Operation, address: int) -> Work:
        words = words_touched(address, operation.length, self._word_bytes)
        return words, words, 0
