"""docs/core.md once more, cycle by cycle and as plainly as it can be said: what the event-driven engine must equal.

It shares the instruction description with the simulator and nothing else. In each cycle every unit and the sequencer
look at what is visible and decide; whatever they change is written into ``later`` under the cycle in which it is
visible.
"""

from collections import Counter
from dataclasses import dataclass, field

from nngen.arch import Core
from nngen.errors import ProgramError
from nngen.isa import EVENT_NAMES, LOOP_DEPTH, QUEUED_UNITS, UNIT_CODES, Cause, Instruction, Unit, decode, find_register

CONTROL = ("SET", "SIGNAL", "WAIT")


@dataclass
class Command:
    """An entry of a queue."""

    instruction: Instruction
    pc: int
    address: int
    end: int | None = None


class Holds:
    """How long a unit's commands are held back, one after the other: docs/core.md, seeded stalls."""

    def __init__(self, seed, code):
        bits, turn = f"{seed:032b}", 7 * code % 32
        self.state = int(bits[turn:] + bits[:turn], 2)
        self.waited = 0

    def hold(self):
        """Return whether the command at the head is held in this cycle."""
        x = self.state
        cycles = x // 4 % 8 if x % 4 == 0 else x // 256 % 32 if x % 256 < 4 else 0
        self.waited += 1
        return self.waited <= cycles

    def advance(self):
        self.waited = 0
        x = self.state
        x ^= x * 2**13 % 2**32
        x ^= x // 2**17
        x ^= x * 2**5 % 2**32
        self.state = x


@dataclass
class Naive:
    """The core. ``run`` steps it to its end."""

    core: Core
    program: list
    records: tuple = ()
    host_loop_count: int = 1
    watchdog: int = 65536
    stall_seed: int = 0

    pc: int = 0
    cause: Cause = Cause.NONE
    cause_pc: int = 0
    loops: list = field(default_factory=list)
    registers: Counter = field(default_factory=Counter)  # (unit, name, number) -> value
    queues: dict = field(default_factory=lambda: {unit: [] for unit in QUEUED_UNITS})
    drained: dict = field(default_factory=lambda: dict.fromkeys(QUEUED_UNITS, 0))
    visible: Counter = field(default_factory=Counter)  # row_used, ..., and the counters by number
    later: dict = field(default_factory=dict)
    events: dict = field(default_factory=lambda: dict.fromkeys(EVENT_NAMES, 0))
    retired: list = field(default_factory=list)  # (unit, pc, start, end, retire)
    commands: list = field(default_factory=list)  # of all queues, in order of issue; end is None where never executed

    def run(self, limit=200_000):
        self.holds = {unit: Holds(self.stall_seed, code) for unit, code in UNIT_CODES.items()}
        idle = 0
        for t in range(limit):
            for name, change in self.later.pop(t, ()):
                self.visible[name] += change
            empty = self.empty(t)
            busy = self.units(t)
            issued = finished = False
            if t >= 1 and not self.cause:
                issued, finished = self.sequencer(t, empty)
            self.leave(t)
            if finished or (self.cause and empty):
                return self.finish(t)
            idle = 0 if busy or issued else idle + 1
            if self.watchdog and idle == self.watchdog:
                self.stop(Cause.WATCHDOG)
                return self.finish(t)
        raise AssertionError("no end")

    def finish(self, t):
        self.events["cycles"] = t + 1
        return self

    def stop(self, cause):
        if not self.cause:
            self.cause, self.cause_pc = cause, self.pc

    def empty(self, t):
        return all(not self.queues[unit] and t >= self.drained[unit] for unit in QUEUED_UNITS)

    def at(self, t, name, change):
        self.later.setdefault(t, []).append((name, change))

    # ------------------------------------------------------------------ sequencer

    def sequencer(self, t, empty):
        """Return (issued, HALT issued)."""
        found = self.look()
        if isinstance(found, Cause):
            self.stop(found)
            return False, False
        instruction, unit, address = found
        if self.holds[Unit.SEQUENCER].hold():
            self.events["sequencer_stalled"] += 1
            return False, False
        if instruction.mnemonic == "HALT" and not empty:
            self.events["sequencer_stalled"] += 1
            return False, False
        if unit is not Unit.SEQUENCER:
            if len(self.queues[unit]) >= self.core.queue_depth:
                self.events["sequencer_stalled"] += 1
                return False, False
            self.commands.append(Command(instruction, self.pc, address))
            self.queues[unit].append(self.commands[-1])  # units have had their turn: they see it in t + 1
        else:
            self.retired.append((unit, self.pc, t, t, t))
            self.execute(instruction, address)
        self.holds[Unit.SEQUENCER].advance()
        self.events["instructions"] += 1
        if instruction.mnemonic == "HALT":
            return True, True
        self.pc = self.follow(self.pc)
        return True, False

    def look(self):
        """Return a cause, or (instruction, unit, address)."""
        if self.pc == self.core.program_instructions:
            return Cause.PROGRAM
        word = self.program[self.pc] if self.pc < len(self.program) else 0
        try:
            i = decode(word) if isinstance(word, int) else word
            unit = i.unit
        except (ProgramError, KeyError):
            return Cause.ILLEGAL
        m = i.mnemonic
        if self.unknown(i, unit, m):
            return Cause.ILLEGAL
        if self.bad_operand(i, m):
            return Cause.OPERAND
        if m == "LOOP" and self.bad_loop(i):
            return Cause.LOOP
        if m in {"LOAD", "STORE", "FILL", "PROG", "ADD"}:
            address = self.address(i)
            return Cause.ADDRESS if address is None else (i, unit, address)
        return i, unit, 0

    def unknown(self, i, unit, m):
        """Whether this core has no such instruction, unit or register."""
        if unit is Unit.SEQUENCER and m in {"WAIT", "SIGNAL"}:
            return True
        if (unit is Unit.VEC and self.core.vector is None) or (m == "PROG" and not self.core.reprogram):
            return True
        if m != "SET":
            return False
        r = find_register(unit, i["index"])
        return r is None or (r.name in {"GROUP", "MACRO", "SUM"} and i["index"] - r.index >= self.core.macros)

    def address(self, i):
        """Return where a run begins, or of ADD the new position; None where that is refused."""
        moved = self.moved(i)
        if moved is None or i.mnemonic == "ADD":
            return moved
        address = moved + self.registers[Unit.SEQUENCER, "BASE", i["register"]]
        size = 4 if i.mnemonic == "PROG" else 1
        multiple = 2 if i.operands.get("wide") else size
        return (
            address if address + size * i["length"] <= self.core.activation_bytes and address % multiple == 0 else None
        )

    def bad_operand(self, i, m):
        core = self.core
        if m in {"LOOP", "LOAD", "STORE", "FILL", "VEC", "PROG"} and i["length"] == 0:
            return True
        match m:
            case "WAIT":
                return i["count"] == 0
            case "LOAD":
                return self.bad_load(i)
            case "PROG":
                return i["row"] >= core.macro.rows or i["macro"] >= core.macros
            case "MVM":
                return i["steps"] == 0 or i["entry"] + i["steps"] > core.macro.columns_per_adc
            case "VEC":
                return (
                    i["operation"] > 4
                    or i["entry"] + i["length"] > core.vector.accumulators
                    or i["entry"] % core.word_bytes != 0
                )
            case "POST":
                return self.bad_post(i)
            case "STORE":
                if i["strided"] and (not core.strided_access or i["length"] % core.word_bytes):
                    return True
                return i["length"] > core.output_buffer_bytes
        return False

    def bad_load(self, i):
        core = self.core
        if (
            (i["vec"] and core.vector is None)
            or (i["wide"] and core.activation_bits <= 8)
            or (i["strided"] and not core.strided_access)
        ):
            return True
        if i["vec"]:
            return bool(i["wide"]) or i["row"] + i["length"] > core.vector.buffer_bytes
        if i["wide"]:
            return i["length"] % 2 == 1 or i["row"] + i["length"] // 2 > core.macro.rows
        return i["row"] + i["length"] > core.macro.rows

    def bad_post(self, i):
        core = self.core
        if i["count"] == 0 or (i["single"] and not i["vec"]):
            return True
        if i["vec"] and (core.vector is None or i["entry"] + i["count"] > core.vector.accumulators):
            return True
        return i["record"] + (1 if i["single"] else i["count"]) > core.constant_records

    def bad_loop(self, i):
        count = self.host_loop_count if i["host"] else i["count"]
        inside = bool(self.loops) and self.pc + i["length"] >= self.loops[-1]["last"]
        return count == 0 or len(self.loops) == LOOP_DEPTH or inside

    def moved(self, i):
        size = self.registers[Unit.SEQUENCER, "SIZE", i["register"]]
        t = self.registers[Unit.SEQUENCER, "POSITION", i["register"]]
        t += i["value"] if i.mnemonic == "ADD" else i["offset"]
        if t >= size:
            t -= size
        if t < 0:
            t += size
        return t if 0 <= t < size else None

    def execute(self, i, address):
        if i.mnemonic == "SET":
            self.set(i)
        elif i.mnemonic == "ADD":
            self.registers[Unit.SEQUENCER, "POSITION", i["register"]] = address
        elif i.mnemonic == "LOOP":
            count = self.host_loop_count if i["host"] else i["count"]
            self.loops.append({"last": self.pc + i["length"], "start": self.pc + 1, "left": count})

    def follow(self, pc):
        """Where the program goes on after the instruction at ``pc``."""
        if self.loops and self.loops[-1]["last"] == pc:
            self.loops[-1]["left"] -= 1
            if self.loops[-1]["left"]:
                return self.loops[-1]["start"]
            self.loops.pop()
        return pc + 1

    def set(self, i):
        r = find_register(i.unit, i["index"])
        self.registers[i.unit, r.name, i["index"] - r.index] = i["value"] % (1 << r.bits(self.core))

    # ------------------------------------------------------------------ units

    def units(self, t):
        """Let every unit do its cycle; return whether any executed."""
        any_busy = False
        taken = set()
        for unit in sorted(QUEUED_UNITS, key=UNIT_CODES.__getitem__):
            queue = self.queues[unit]
            if not queue:
                continue
            head = queue[0]
            held = self.holds[unit].hold()
            if head.end is None and not held and self.can_start(head, unit, t, taken):
                self.start(head, unit, t)
            if head.end is None:
                self.events[f"{unit}_stalled"] += 1
            else:
                self.events[f"{unit}_busy"] += 1
                any_busy = True
        return any_busy

    def leave(self, t):
        for unit, queue in self.queues.items():
            if queue and queue[0].end == t:
                queue.pop(0)
                self.holds[unit].advance()

    def can_start(self, command, unit, t, taken):
        i, v = command.instruction, self.visible
        match i.mnemonic:
            case "SET" | "SIGNAL":
                return t >= self.drained[unit]
            case "WAIT":
                if v[i["counter"]] < i["count"] or i["counter"] in taken:
                    return False
                taken.add(i["counter"])
                return True
            case "LOAD":
                return not i["first"] or v["vector_used" if i["vec"] else "row_used"] < 2
            case "VEC":
                return v["vector_filled"] > 0 and (not i["first"] or v["vec_used"] < 2)
            case "MVM":
                return v["row_filled"] > 0 and (not i["first"] or v["acc_used"] < 2)
            case "POST":
                return v["vec_filled" if i["vec"] else "acc_filled"] > 0 and (not i["first"] or v["out_used"] < 2)
            case "STORE":
                return v["out_filled"] > 0
        return True

    def start(self, command, unit, s):
        i = command.instruction
        m = i.mnemonic
        e = s + self.service(command) - 1
        command.end = e
        if m not in CONTROL:
            self.drained[unit] = e + self.latency(unit)
        self.retired.append((unit, command.pc, s, e, e + self.latency(unit) - 1))
        if m == "SET":
            self.set(i)  # the unit's own next command is the first that sees it
        elif m == "SIGNAL":
            self.at(s + 1, i["counter"], 1)
        elif m == "WAIT":
            self.at(s + 1, i["counter"], -i["count"])
        elif m == "LOAD":
            self.bank("vector" if i["vec"] else "row", s, e + 2, i["first"], i["last"])
        elif m == "VEC":
            self.bank("vec", s, e + 4, i["first"], i["last"])
            self.give_back(i["release"], ("vector_used", e + 1), ("vector_filled", e + 1))
        elif m == "MVM":
            self.bank("acc", s, e + self.latency(unit), i["first"], i["last"])
            self.give_back(i["release"], ("row_used", e + 1), ("row_filled", e + 1))
        elif m == "POST":
            self.bank("out", s, e + self.latency(unit), i["first"], i["last"])
            bank = "vec" if i["vec"] else "acc"
            self.give_back(i["release"], (f"{bank}_used", e + 2), (f"{bank}_filled", e + 1))
        elif m == "STORE":
            self.give_back(i["release"], ("out_used", e + 1), ("out_filled", e + 1))

    def latency(self, unit):
        shared = 1
        while 2 * shared <= min(self.core.macro.adcs, self.conversion_cycles()):
            shared *= 2
        post = 9 if self.core.tables else 8
        return {Unit.LOAD: 2, Unit.MVM: 1 + shared, Unit.POST: post, Unit.STORE: 2, Unit.VEC: 4}[unit]

    def conversion_cycles(self):
        macro = self.core.macro
        return (
            macro.sample_cycles + {"sar": macro.adc_bits, "ramp": 2**macro.adc_bits - 1, "flash": 1}[macro.controller]
        )

    def bank(self, name, s, full, first, last):
        if first:
            self.at(s + 1, f"{name}_used", 1)
        if last:
            self.at(full, f"{name}_filled", 1)

    def give_back(self, release, *changes):
        for name, t in changes if release else ():
            self.at(t, name, -1)

    def service(self, command):
        """Return S, and count the events of the command."""
        i, core, events = command.instruction, self.core, self.events
        words, size = 0, i.operands.get("length", 0)
        for start in self.run_starts(command):
            words += len({(start + k) // core.word_bytes for k in range(size)})
        if i.mnemonic == "LOAD":
            events["memory_reads"] += words
            macros = sum(self.registers[Unit.LOAD, "GROUP", m] == i["group"] for m in range(core.macros))
            events["row_writes"] += size * len(self.run_starts(command)) * (1 if i["vec"] else macros)
            return words
        if i.mnemonic == "PROG":
            events["memory_reads"] += size
            events["programmed_words"] += size
            return size
        if i.mnemonic == "VEC":
            element = (1, 2, 4, 4)[self.registers[Unit.VEC, "ELEMENT", 0]]
            taps, groups = max(1, self.registers[Unit.VEC, "TAPS", 0]), 0
            while groups * (core.word_bytes // element) < size:
                groups += 1
            events["vector_operations"] += size * taps
            return taps * groups
        if i.mnemonic in {"STORE", "FILL"}:
            events["memory_writes"] += words
            return words
        if i.mnemonic == "POST":
            if i["vec"]:
                events["outputs"] += i["count"]
                return i["count"]
            events["outputs"] += sum(r.last for r in self.records[i["record"] : i["record"] + i["count"]])
            return i["count"]
        if i.mnemonic == "MVM":
            planes = max(1, self.registers[Unit.MVM, "PLANES", 0])
            conversions = planes * i["steps"] * max(1, self.registers[Unit.MVM, "SLICES", 0])
            macros = sum(self.takes_part(m, i["classes"]) for m in range(core.macros))
            events["plane_drives"] += planes * macros
            events["conversions"] += conversions * macros * core.macro.adcs
            return conversions * self.conversion_cycles()
        return 1

    def run_starts(self, command):
        """Return where each run begins."""
        i = command.instruction
        if not i.operands.get("strided", 0):
            return [command.address]
        stride = self.registers[i.unit, "STRIDE", 0]
        if i.operands.get("wide", 0):
            stride -= stride % 2
        space = 2 ** len(f"{self.core.activation_bytes:b}")
        return [(command.address + k * stride) % space for k in range(max(1, self.registers[i.unit, "RUNS", 0]))]

    def takes_part(self, m, classes):
        value = self.registers[Unit.MVM, "MACRO", m]
        return value >> 16 == 1 and (classes >> (value % 16)) % 2 == 1
