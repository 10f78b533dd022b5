"""Functional execution: what a program does to activation memory, bit-exact, for a batch of samples at once.

Commands run in the order that buffers, WAIT and SIGNAL give them. A program in which units race for a byte of memory,
so that time decides what is computed, is out of scope.

Inside, samples are the last axis: a row, an accumulator or a byte is one contiguous vector.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.errors import InputError
from nngen.ir.program import CoreProgram
from nngen.isa import Unit

from ._crossbar import Crossbar, FloatArray
from ._digest import DigestArray, load_digest, mvm_digest, post_digest, store_digest
from ._operation import Operation, decode_program
from ._order import order_of_effect
from ._post import ConstantMemory, output_bytes, post_outputs, wrap
from ._registers import Participant, Registers
from ._sequencer import Sequencer, Step

Digest = DigestArray | int  # of each sample; 0 where nothing is written, or nobody asks
IntArray = npt.NDArray[np.int64]
ByteArray = npt.NDArray[np.uint8]
_BYTE_BITS = 8
_LARGEST_SHIFT = 63  # beyond every accumulator: such a code changes nothing


class Machine:
    """A core with a program loaded.

    Raises
    ------
    ProgramError
        Where instructions, records or cells do not fit the core.
    """

    def __init__(self, core: Core, program: CoreProgram) -> None:
        self.core = core
        self.operations = decode_program(core, program.instructions)
        self._crossbar = Crossbar(core, program.cells)
        self._constants = ConstantMemory(core, program.records)

    def execute(
        self,
        memory: npt.NDArray[np.uint8],
        *,
        host_loop_count: int = 1,
        steps: Iterable[Step] | None = None,
        issued: int | None = None,
        executed: Mapping[Unit, int] | None = None,
        digests: list[Digest] | None = None,
    ) -> ByteArray:
        """Return activation memory after the program has ended.

        Parameters
        ----------
        memory
            Activation memory before, uint8 of shape ``(samples, activation_bytes)``; it is not changed.
        host_loop_count
            Host register LOOP_COUNT.
        steps
            The stream of instructions, where it was walked before.
        issued, executed
            How many instructions issued and how many commands each unit executed, where the watchdog stopped the
            program (``Timing`` knows); else all.
        digests
            Receives the digests of each executed instruction, HALT left out, in order of issue: uint64 of shape
            ``(samples,)`` or ``(1,)``, or 0 where nothing was written.

        Raises
        ------
        InputError
            For a memory of another shape or type.
        """
        shape = (self.core.activation_bytes,)
        if memory.dtype != np.uint8 or memory.ndim != 2 or memory.shape[1:] != shape:
            raise InputError(
                f"memory must be uint8 of shape (samples, {shape[0]}), not {memory.dtype} of shape {memory.shape}"
            )
        steps = Sequencer(self.core, self.operations, host_loop_count).steps() if steps is None else steps
        steps = islice(steps, issued)
        execution = _Execution(self.core, self._crossbar, self._constants, memory, digesting=digests is not None)
        handlers = execution.handlers
        written: dict[int, Digest] = {}
        for number, operation, address in order_of_effect(steps, executed):
            handler = handlers.get(operation.mnemonic) if operation.unit else None
            digest = handler(operation, address) if handler else 0
            if digests is not None:
                written[number] = digest
        if digests is not None:
            digests += [written[number] for number in sorted(written)]
        return np.ascontiguousarray(execution.memory.T)


class _Execution:
    """The state of one run. Each handler executes one command and returns its digest (0 where none is asked for)."""

    def __init__(
        self, core: Core, crossbar: Crossbar, constants: ConstantMemory, memory: ByteArray, *, digesting: bool
    ) -> None:
        samples = memory.shape[0]
        macro = core.macro
        self.memory: ByteArray = np.array(memory.T, order="C")
        self.handlers: dict[str, Callable[[Operation, int], Digest]] = {
            "SET": self._set, "LOAD": self._load, "MVM": self._mvm, "POST": self._post, "STORE": self._store,
            "FILL": self._fill,
        }  # fmt: skip
        self._core = core
        self._crossbar = crossbar
        self._constants = constants
        self._digesting = digesting
        self._code_mask = np.uint8((1 << core.activation_bits) - 1) if core.activation_bits < _BYTE_BITS else None
        self._registers = Registers(core)
        self._rows: ByteArray = np.zeros((2, core.macros, macro.rows, samples), np.uint8)
        self._accumulators: IntArray = np.zeros(
            (2, core.macros, macro.adcs, core.accumulator_entries, samples), np.int64
        )
        self._outputs: ByteArray = np.zeros((2, core.output_buffer_bytes, samples), np.uint8)
        # Bank pointers: a resource has one of its writer and one of its reader.
        self._load_row = self._mvm_row = 0
        self._mvm_accumulator = self._post_accumulator = 0
        self._post_output = self._store_output = 0
        self._position = 0
        self._written: list[list[tuple[int, int]]] = [[], []]  # rows that hold data, by bank
        self._planes: dict[tuple[int, ...], FloatArray] = {}  # of the bank that MVM reads, until rows or bank change

    def _set(self, operation: Operation, _address: int) -> int:
        self._registers.write(operation)
        return 0

    def _load(self, operation: Operation, address: int) -> Digest:
        fields = operation.fields
        data = self.memory[address : address + operation.length]
        if self._registers.invert:
            data = data ^ np.uint8(self._registers.invert & 0xFF)
        if self._code_mask is not None:
            data = data & self._code_mask
        row = fields["row"]
        end = row + operation.length
        bank = self._rows[self._load_row]
        macros = self._registers.macros_of_group(fields["group"])
        if len(macros) == self._core.macros:
            bank[:, row:end] = data
        else:
            for macro in macros:
                bank[macro, row:end] = data
        self._written[self._load_row].append((row, end))
        self._planes.clear()
        self._load_row ^= operation.last
        if not self._digesting:
            return 0
        return load_digest(data, address=address, row=row, word_bytes=self._core.word_bytes)

    def _mvm(self, operation: Operation, _address: int) -> Digest:
        participants = self._registers.participants(operation.fields["classes"])
        written: Digest = 0
        if participants:  # without any, every fold of the digest is 0
            written = self._accumulate(operation, participants)
        if operation.release:
            bank = self._rows[self._mvm_row]
            for start, end in self._written[self._mvm_row]:
                bank[:, start:end] = 0
            self._written[self._mvm_row].clear()
            self._planes.clear()
            self._mvm_row ^= 1
        self._mvm_accumulator ^= operation.last
        return written

    def _accumulate(self, operation: Operation, participants: tuple[Participant, ...]) -> Digest:
        fields, core = operation.fields, self._core
        steps, slices, entry = fields["steps"], self._registers.slices, fields["entry"]
        macros = [participant.macro for participant in participants]
        everywhere = slice(None) if len(macros) == core.macros else macros
        key = (self._registers.planes, *macros)
        planes = self._planes.get(key)
        if planes is None:
            rows = self._rows[self._mvm_row, everywhere]
            planes = self._planes[key] = self._crossbar.planes(rows, self._registers.planes)
        codes, shifts = self._crossbar.convert(participants, planes, step=fields["step"], width=steps * slices)
        samples = self.memory.shape[1]
        codes = codes.reshape(len(macros), core.macro.adcs, steps, slices, -1, samples)
        weights = self._weights(codes.shape[4], slices, shifts)
        bank = self._accumulators[self._mvm_accumulator]
        window = bank[everywhere, :, entry : entry + steps]
        added = np.einsum("maicpn,mcp->main", codes, weights)
        before = 0 * window if fields["overwrite"] else window.copy()
        bank[everywhere, :, entry : entry + steps] = wrap(before + added, core.accumulator_bits)
        return self._mvm_digest(codes, weights, before, tuple(macros)) if self._digesting else 0

    def _weights(self, planes: int, slices: int, shifts: IntArray) -> IntArray:
        """Return what each code counts, modulo the accumulator's range, shape ``(macros, slices, planes)``."""
        macro = self._core.macro
        amounts = (
            shifts[:, None, None] + (np.arange(slices) * macro.cell_bits)[:, None] + np.arange(planes) * macro.dac_bits
        )
        weights: IntArray = np.int64(1) << np.minimum(amounts, _LARGEST_SHIFT)
        if self._registers.negate_top and planes == self._registers.planes:
            weights[:, :, -1] *= -1
        return weights

    def _mvm_digest(self, codes: IntArray, weights: IntArray, before: IntArray, macros: tuple[int, ...]) -> DigestArray:
        """Return the digests of an MVM from its codes (macros, adcs, steps, slices, planes, samples)."""
        terms = codes * weights[:, None, None, :, :, None]
        terms = terms.swapaxes(3, 4)  # macros, adcs, steps, planes, slices, samples
        m, a, steps, planes, slices, samples = terms.shape
        history = before[:, :, :, None] + np.cumsum(terms.reshape(m, a, steps, -1, samples), axis=3)
        history = history.reshape(m, a, steps, planes, slices, samples).swapaxes(2, 3)
        idle = self._registers.planes - planes  # planes beyond a byte: conversions of zeros, accumulators stay
        if idle:
            last = history[:, :, -1:, :, -1:]
            history = np.concatenate([history, np.broadcast_to(last, (m, a, idle, steps, slices, samples))], axis=2)
        return mvm_digest(history.reshape(m, a, -1, samples), macros, accumulator_bits=self._core.accumulator_bits)

    def _post(self, operation: Operation, _address: int) -> Digest:
        fields, core = operation.fields, self._core
        samples = self.memory.shape[1]
        run = self._constants.run(fields["record"], fields["count"])
        if operation.first:
            self._position = 0
        written: Digest = 0
        if run.sources.size:
            bank = self._accumulators[self._post_accumulator].reshape(-1, samples)
            outputs = post_outputs(run, bank, self._registers, accumulator_bits=core.accumulator_bits)
            written = self._append(outputs)
        if operation.last:
            self._position = 0
            self._post_output ^= 1
        self._post_accumulator ^= operation.release
        return written

    def _append(self, outputs: IntArray) -> Digest:
        """Append the outputs that fit the output buffer, and return their digests."""
        width = self._registers.output_bytes
        room = (self._core.output_buffer_bytes - self._position) // width
        outputs = outputs[:room]
        moved = len(outputs) * width
        start = self._position - self._position % width  # longer outputs are aligned
        self._outputs[self._post_output, start : start + moved] = output_bytes(outputs, width=width)
        self._position += moved
        return post_digest(outputs) if self._digesting and len(outputs) else 0

    def _store(self, operation: Operation, address: int) -> Digest:
        data = self._outputs[self._store_output, : operation.length]
        self._store_output ^= operation.release
        return self._write(data, address)

    def _fill(self, operation: Operation, address: int) -> Digest:
        data = np.full((operation.length, 1), operation.fields["value"], np.uint8)
        return self._write(data, address)

    def _write(self, data: ByteArray, address: int) -> Digest:
        self.memory[address : address + len(data)] = data
        if not self._digesting:
            return 0
        return store_digest(data, address=address, word_bytes=self._core.word_bytes)
