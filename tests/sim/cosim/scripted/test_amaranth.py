"""The chip `micro` in Amaranth's simulator, against the instruction-set simulator: every retirement, to the cycle."""

import re

import numpy as np
import pytest

from nngen.arch import Architecture, Core
from nngen.errors import InputError, ToolError
from nngen.hardware import crossbar_twin
from nngen.hardware.crossbar_pins import crossbar_parameters
from nngen.host import program_blocks, register_map
from nngen.ir import ConstantRecord, CoreProgram
from nngen.isa import Instruction, Unit, encode, instruction, register
from nngen.sim.cosim.scripted import HostScript, Kind, parse_log
from nngen.sim.cosim.scripted._amaranth import simulate_in_amaranth
from nngen.sim.iss import run

OUTPUT, FILLED = 64, 98
STORED_BYTES = 16
CYCLE_LIMIT = 20_000


def configure(unit: Unit, name: str, value: int, index: int = 0) -> Instruction:
    return instruction("SET", unit=unit, index=register(unit, name).index + index, value=value)


def tiny_program(core: Core, seed: int) -> CoreProgram:
    """Two passes over the macros in a loop, each with four outputs of either macro, and a run of padding."""
    random = np.random.default_rng(seed)
    records = tuple(
        ConstantRecord(macro=macro, adc=adc, entry=0, last=True, multiplier=3, offset=random.integers(-9, 9), shift=1)
        for macro in range(2)
        for adc in range(core.macro.adcs)
    )
    instructions = (
        configure(Unit.SEQUENCER, "SIZE", core.activation_bytes),
        configure(Unit.MVM, "PLANES", 8),
        configure(Unit.MVM, "MACRO", 1 << 16, index=0),
        configure(Unit.MVM, "MACRO", 1 << 16 | 1 << 12, index=1),
        configure(Unit.POST, "LOWEST", (1 << 32) - (1 << 31)),
        configure(Unit.POST, "HIGHEST", (1 << 31) - 1),
        configure(Unit.POST, "ELEMENT", 2),
        instruction("LOOP", count=2, length=5),
        instruction("LOAD", register=0, offset=3, length=core.macro.rows, row=0, group=0, first=1, last=1),
        instruction("MVM", classes=1, step=0, steps=2, entry=0, overwrite=1, first=1, last=1, release=1),
        instruction("POST", record=0, count=len(records), first=1, last=1, release=1),
        instruction("STORE", register=0, offset=OUTPUT, length=STORED_BYTES, release=1),
        instruction("ADD", register=0, value=STORED_BYTES),
        instruction("FILL", register=0, offset=FILLED, length=7, value=0x5A),
        instruction("HALT"),
    )
    shape = (core.macros, core.macro.rows, core.macro.columns)
    cells = random.integers(0, 1 << core.macro.cell_bits, shape)
    return CoreProgram(core=0, instructions=instructions, layer_starts=(), records=records, cells=cells)


def load(script: HostScript, core: Core, program: CoreProgram, memory: np.ndarray, *, styles: bool = False) -> None:
    """Write program and memory. With ``styles`` every handshake is skewed otherwise."""
    random = np.random.default_rng(4)
    blocks = [(block.address, block.words.tolist()) for block in program_blocks(program, core)]
    window = register_map(core).window("ACTIVATIONS").address
    for address, words in [*blocks, (window, memory.view("<u4").tolist())]:
        if not styles:
            script.write_all(address, words)
            continue
        for i, word in enumerate(words):
            script.write(address + 4 * i, word, pause=int(random.integers(3)), style=int(random.integers(64)))


def start(script: HostScript, core: Core) -> None:
    """Start a run and wait for its end."""
    registers = register_map(core)
    script.write(registers.register("INTERRUPT_ENABLE").address, 1)
    script.write(registers.register("START").address, 1)
    script.await_interrupt(limit=3000)
    script.write(registers.register("INTERRUPT").address, 1)


def log_of(architecture: Architecture, script: HostScript | str, **options: int) -> np.ndarray:
    log = parse_log(simulate_in_amaranth(architecture, script, **{"cycle_limit": CYCLE_LIMIT} | options))
    assert log.problem == ""
    return log.entries


def of_kind(log: np.ndarray, kind: Kind) -> np.ndarray:
    return log[log["kind"] == kind]


def retired(log: np.ndarray) -> list[tuple[int, ...]]:
    columns = ("cycle", "unit", "pc", "word", "digest")
    return sorted(zip(*(of_kind(log, Kind.RETIRE)[column].tolist() for column in columns), strict=True))


def expected(core: Core, program: CoreProgram, memory: np.ndarray, seed: int) -> list[tuple[int, ...]]:
    trace = run(core, program, memory[None], digests=True, stall_seed=seed).timing.trace
    units = list(Unit)
    return sorted(
        (entry.retire, units.index(entry.unit), entry.pc, encode(entry.instruction), entry.digest) for entry in trace
    )


@pytest.fixture
def memory(micro: Architecture) -> np.ndarray:
    return np.random.default_rng(9).integers(0, 256, micro.core.activation_bytes, dtype=np.uint8)


@pytest.fixture
def program(micro: Architecture) -> CoreProgram:
    return tiny_program(micro.core, 5)


@pytest.mark.parametrize("seed", [0, 0x1D872B41])
@pytest.mark.parametrize("styles", [False, True], ids=["at once", "skewed"])
def test_retirements_and_memory_are_those_of_the_instruction_set_simulator(
    micro: Architecture, program: CoreProgram, memory: np.ndarray, seed: int, styles: bool
) -> None:
    core, registers = micro.core, register_map(micro.core)
    script = HostScript()
    load(script, core, program, memory, styles=styles)
    script.stall_seed(seed)
    start(script, core)
    window, words = registers.window("ACTIVATIONS").address, range(core.activation_bytes // 4)
    for i in words:
        script.read(window + 4 * i, pause=i % 3 * styles, style=i % 64 * styles)
    script.read(registers.register("EVENT_CYCLES").address)
    log = log_of(micro, script)
    after = run(core, program, memory[None], stall_seed=seed)
    assert retired(log) == expected(core, program, memory, seed)
    reads = of_kind(log, Kind.READ)
    assert reads["unit"].tolist() == [0] * len(reads)
    assert reads["word"].tolist() == [*(window + 4 * i for i in words), registers.register("EVENT_CYCLES").address]
    assert reads["digest"].tolist() == [*after.memory[0].view("<u4").tolist(), after.timing.cycles]
    assert [Kind(kind) for kind in np.unique(log["kind"])] == [Kind.RETIRE, Kind.READ, Kind.INTERRUPT, Kind.END]


def test_a_fault_in_a_macro_is_seen(
    micro: Architecture, program: CoreProgram, memory: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its converters round down: the first wrong digest is that of an MVM, and no cycle changes."""
    right = crossbar_parameters(micro.core)
    monkeypatch.setattr(crossbar_twin, "crossbar_parameters", lambda _: right | {"STEP": 0})
    script = HostScript()
    load(script, micro.core, program, memory)
    start(script, micro.core)
    found, model = retired(log_of(micro, script)), expected(micro.core, program, memory, 0)
    wrong = next(entry for entry, right in zip(found, model, strict=True) if entry != right)
    assert list(Unit)[wrong[1]] is Unit.MVM
    assert [entry[:4] for entry in found] == [entry[:4] for entry in model]


def test_a_reset_ends_a_run_and_leaves_memories_and_cells(
    micro: Architecture, program: CoreProgram, memory: np.ndarray
) -> None:
    script = HostScript()
    load(script, micro.core, program, memory)
    script.write(register_map(micro.core).register("START").address, 1)
    script.reset(pause=40, cycles=3)
    start(script, micro.core)
    log = log_of(micro, script)
    all_of_them = expected(micro.core, program, memory, 0)
    (at,) = np.flatnonzero(log["kind"] == Kind.RESET)
    cycle = int(log["cycle"][at])
    assert 30 < cycle < 60
    assert retired(log[:at]) == [entry for entry in all_of_them if entry[0] <= cycle] != []
    assert retired(log[at:]) == all_of_them


def test_refused_transfers_and_missing_interrupts_are_logged(micro: Architecture) -> None:
    nowhere, cause = 0x800, register_map(micro.core).register("CAUSE").address
    script = HostScript()
    script.write(nowhere, 1)
    script.write(cause, 1, style=0b100111)
    script.read(nowhere)
    script.await_interrupt(limit=3)
    log = log_of(micro, script)
    assert [(Kind(kind), unit, word) for kind, unit, word in log[["kind", "unit", "word"]].tolist()] == [
        (Kind.REFUSED, 2, nowhere),
        (Kind.REFUSED, 2, cause),
        (Kind.READ, 2, nowhere),
        (Kind.TIMEOUT, 0, 0),
        (Kind.END, 0, 0),
    ]


def test_a_script_ends_with_its_last_line_even_without_end(micro: Architecture) -> None:
    assert log_of(micro, "3 2 0 0 5\n")["kind"].tolist() == [Kind.TIMEOUT, Kind.END]


def test_a_script_that_does_not_end_is_cut_off(micro: Architecture) -> None:
    script = HostScript()
    script.write(0, 0)
    script.await_interrupt(limit=1000)
    sentence = "host script must end within 100 cycles, but is at operation 2 of 3"
    with pytest.raises(ToolError, match=f"^{re.escape(sentence)}$"):
        log_of(micro, script, cycle_limit=100)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("1 0 0 4", "line 2 of a host script must be 5 hexadecimal numbers below 2^32, not '1 0 0 4'"),
        ("1 0 0 4 -1", "line 2 of a host script must be 5 hexadecimal numbers below 2^32, not '1 0 0 4 -1'"),
        (
            "1 0 0 4 100000000",
            "line 2 of a host script must be 5 hexadecimal numbers below 2^32, not '1 0 0 4 100000000'",
        ),
        ("7 0 0 0 0", "operation in line 2 of a host script must be at most 6, not 7"),
    ],
)
def test_a_line_that_is_no_operation_is_refused(micro: Architecture, line: str, sentence: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(sentence)}$"):
        simulate_in_amaranth(micro, f"2 0 0 0 0\n{line}\n")
