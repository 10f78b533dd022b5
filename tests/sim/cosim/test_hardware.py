"""The real chip `micro` in Icarus, against the instruction-set simulator: codes, every event, every retirement."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nngen.arch import Architecture, Core
from nngen.hardware import emit_rtl, simulation_files
from nngen.ir import ConstantRecord, CoreProgram, Region, Tensor
from nngen.isa import Cause, Instruction, Unit, encode, instruction, register
from nngen.sim.cosim import RtlJob, RtlResult, compare_result, simulate_rtl
from nngen.sim.iss import Timing, run

INPUT, OUTPUT, FILLED = 0, 64, 98
INPUT_BYTES, OUTPUT_BYTES, FILLED_BYTES = 16, 16, 7


@pytest.fixture(scope="module")
def sources(micro: Architecture, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("rtl")
    files = emit_rtl(micro, retire=True)
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return tuple(folder / name for name in simulation_files(files))


def configure(unit: Unit, name: str, value: int, index: int = 0) -> Instruction:
    return instruction("SET", unit=unit, index=register(unit, name).index + index, value=value)


def program(core: Core) -> CoreProgram:
    """Four outputs of macro 0 and four of macro 1 as words, and a run of padding that ends in the middle of a word."""
    random = np.random.default_rng(5)
    records = tuple(
        ConstantRecord(
            macro=macro, adc=adc, entry=entry, last=True, multiplier=3, offset=random.integers(-9, 9), shift=1
        )
        for macro in range(2)
        for adc in range(core.macro.adcs)
        for entry in range(core.macro.columns_per_adc)
    )[: OUTPUT_BYTES // 4]
    instructions = (
        configure(Unit.SEQUENCER, "SIZE", core.activation_bytes),
        configure(Unit.MVM, "PLANES", 8),
        configure(Unit.MVM, "MACRO", 1 << 16, index=0),
        configure(Unit.MVM, "MACRO", 1 << 16 | 1 << 12, index=1),
        configure(Unit.POST, "LOWEST", (1 << 32) - (1 << 31)),
        configure(Unit.POST, "HIGHEST", (1 << 31) - 1),
        configure(Unit.POST, "ELEMENT", 2),
        instruction("LOAD", register=0, offset=INPUT, length=INPUT_BYTES, row=0, group=0, first=1, last=1),
        instruction("MVM", classes=1, step=0, steps=2, entry=0, overwrite=1, first=1, last=1, release=1),
        instruction("POST", record=0, count=len(records), first=1, last=1, release=1),
        instruction("STORE", register=0, offset=OUTPUT, length=OUTPUT_BYTES, release=1),
        instruction("FILL", register=0, offset=FILLED, length=FILLED_BYTES, value=0x5A),
        instruction("HALT"),
    )
    shape = (core.macros, core.macro.rows, core.macro.columns)
    cells = random.integers(0, 1 << core.macro.cell_bits, shape)
    return CoreProgram(core=0, instructions=instructions, layer_starts=(), records=records, cells=cells)


def tensor(name: str, channels: int, bits: int, *, signed: bool) -> Tensor:
    return Tensor(
        name=name, shape=(1, 1, channels), bits=bits, signed=signed, zero_point=0, lowest=0, highest=(1 << bits) - 1
    )


def region(name: str, address: int, size: int) -> Region:
    return Region(tensor=name, address=address, size=size, pitch=size, pixel_bytes=size, halo=(0, 0, 0, 0), fill=0)


@pytest.fixture
def job(micro: Architecture, sources: tuple[Path, ...]) -> RtlJob:
    return RtlJob(
        sources=sources,
        cores=micro.cores,
        architecture_sha256=micro.sha256,
        programs=(program(micro.core),),
        inputs={"in": np.random.default_rng(1).integers(0, 256, (2, 1, 1, INPUT_BYTES))},
        outputs=("sums", "padding"),
        tensors={
            "in": tensor("in", INPUT_BYTES, 8, signed=False),
            "sums": tensor("sums", OUTPUT_BYTES // 4, 32, signed=True),
            "padding": tensor("padding", FILLED_BYTES, 8, signed=False),
        },
        regions={
            "in": {0: region("in", INPUT, INPUT_BYTES)},
            "sums": {0: region("sums", OUTPUT, OUTPUT_BYTES)},
            "padding": {0: region("padding", FILLED, FILLED_BYTES)},
        },
        trace=True,
        cycle_limit=100_000,
        timeout_s=300,
    )


def model(job: RtlJob, sample: int) -> tuple[dict[str, np.ndarray], Timing]:
    """What the instruction-set simulator says of one sample."""
    memory = np.zeros((1, job.cores[0].activation_bytes), np.uint8)
    memory[0, INPUT : INPUT + INPUT_BYTES] = job.inputs["in"][sample].reshape(-1)
    ran = run(job.cores[0], job.programs[0], memory, digests=True)
    after = ran.memory[0]
    codes = {
        "sums": np.ascontiguousarray(after[OUTPUT : OUTPUT + OUTPUT_BYTES]).view("<i4").astype(np.int64),
        "padding": after[FILLED : FILLED + FILLED_BYTES].astype(np.int64),
    }
    return {name: values.reshape(1, 1, 1, -1) for name, values in codes.items()}, ran.timing


def retired(timing: Timing, cause: Cause = Cause.NONE) -> list[tuple[int, int, int, int, int]]:
    entries = [
        (entry.retire, list(Unit).index(entry.unit), encode(entry.instruction), entry.pc, entry.digest)
        for entry in timing.trace
    ]
    return sorted(entries)


def seen(result: RtlResult, sample: int) -> list[tuple[int, int, int, int, int]]:
    trace = result.trace
    assert trace is not None
    columns = (trace.cycle, trace.unit, trace.word, trace.pc, trace.digest)
    mine = trace.sample == sample
    return list(zip(*(column[mine].tolist() for column in columns), strict=True))


@pytest.mark.parametrize("host_traffic", [False, True])
def test_codes_events_and_retirements_equal_the_instruction_set_simulator(job: RtlJob, host_traffic: bool) -> None:
    """Also while the host polls and reads memory: that must not cost the core a cycle."""
    result = simulate_rtl(replace(job, host_traffic=host_traffic))
    models = [model(job, sample) for sample in range(job.samples)]
    codes = {name: np.concatenate([codes[name] for codes, _ in models]) for name in job.outputs}
    comparison = compare_result(result, codes=codes, events=[models[0][1].events])
    assert comparison.mismatches == ()
    assert comparison.codes == job.samples * (OUTPUT_BYTES // 4 + FILLED_BYTES)
    assert np.unique(codes["sums"]).size > 4
    for sample, (_, timing) in enumerate(models):
        assert seen(result, sample) == retired(timing)


def test_an_error_ends_the_run_with_its_cause(job: RtlJob) -> None:
    instructions = list(job.programs[0].instructions)
    instructions[9] = instruction("POST", record=60, count=9, first=1, last=1, release=1)
    faulty = replace(job, programs=(replace(job.programs[0], instructions=tuple(instructions)),))
    result = simulate_rtl(faulty)
    _, timing = model(faulty, 0)
    assert result.cores[0].causes == (Cause.OPERAND, Cause.OPERAND)
    assert result.cores[0].cause_pcs == (9, 9)
    assert {name: values.tolist() for name, values in result.events.items()} == {
        name: [value, value] for name, value in timing.events.items()
    }
    assert seen(result, 0) == retired(timing)
