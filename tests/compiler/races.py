"""Whether units race for activation memory: the simulator executes in program order and would not notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nngen.arch import Core
from nngen.ir import CoreProgram
from nngen.isa import Instruction, Unit, register
from nngen.sim.iss import time_program

IntArray = npt.NDArray[np.int64]

READ_TO_WRITE = 1  # word k of STORE and FILL is written at the end of cycle s + k + 1


@dataclass(kw_only=True)
class _Loop:
    start: int
    end: int
    left: int


def find_race(core: Core, program: CoreProgram) -> str | None:
    """Return the first command that reads too early or writes too early, in program order, or None."""
    trace = time_program(core, program.instructions, records=program.records, trace=True).trace
    written = np.zeros(core.activation_bytes, np.int64)  # first cycle in which a read sees what was written
    read = np.full(core.activation_bytes, -1, np.int64)  # last cycle in which a byte was read
    for (pc, made, addresses), entry in zip(_issue_order(program.instructions), trace, strict=True):
        assert pc == entry.pc
        if not addresses:
            continue
        address = addresses[0]
        run, cycles = _bytes(core, made["length"], addresses, entry.start)
        if made.mnemonic == "LOAD":
            if (cycles < written[run]).any():
                return f"LOAD at {pc} reads {address} before it is written"
            read[run] = np.maximum(read[run], cycles)
        else:
            if (read[run] > cycles + READ_TO_WRITE).any():
                return f"{made.mnemonic} at {pc} writes {address} before it is read"
            written[run] = cycles + READ_TO_WRITE + 1
    return None


def _bytes(core: Core, length: int, addresses: list[int], start: int) -> tuple[IntArray, IntArray]:
    """Return the bytes that a command moves, run after run, and the cycle of each one's word."""
    runs, cycles, busy = [], [], 0
    for address in addresses:
        run = np.arange(address, address + length)
        words = run // core.word_bytes - address // core.word_bytes
        runs.append(run)
        cycles.append(start + busy + words)
        busy += int(words[-1]) + 1
    return np.concatenate(runs), np.concatenate(cycles)


def _issue_order(program: Sequence[Instruction]) -> Iterator[tuple[int, Instruction, list[int]]]:
    """Yield (pc, instruction, addresses of each run of LOAD, STORE and FILL) as they issue, HALT included."""
    first = {name: register(Unit.SEQUENCER, name).index for name in ("BASE", "SIZE", "POSITION")}
    values: dict[int, int] = {}
    of_load: dict[int, int] = {}
    loops: list[_Loop] = []
    pc = 0
    while True:
        made = program[pc]
        addresses: list[int] = []
        if made.mnemonic == "SET" and made.unit is Unit.SEQUENCER:
            values[made["index"]] = made["value"]
        elif made.mnemonic == "SET" and made.unit is Unit.LOAD:
            of_load[made["index"]] = made["value"]
        elif made.mnemonic == "LOOP":
            loops.append(_Loop(start=pc + 1, end=pc + made["length"], left=made["count"]))
        elif made.mnemonic in {"ADD", "LOAD", "STORE", "FILL"}:
            base, size, position = (values.get(first[name] + made["register"], 0) for name in first)
            target = (position + made["value" if made.mnemonic == "ADD" else "offset"]) % size
            if made.mnemonic == "ADD":
                values[first["POSITION"] + made["register"]] = target
            else:
                runs, stride = (of_load.get(register(Unit.LOAD, name).index, 0) for name in ("RUNS", "STRIDE"))
                count = max(1, runs) if made.mnemonic == "LOAD" and made["strided"] else 1
                addresses = [base + target + k * stride for k in range(count)]
        yield pc, made, addresses
        if made.mnemonic == "HALT":
            return
        pc += 1
        while loops and pc - 1 == loops[-1].end:
            loops[-1].left -= 1
            if loops[-1].left:
                pc = loops[-1].start
            else:
                loops.pop()
                continue
            break
