"""One run of a case on the interactive bench: the host is Python's, and waves can be looked at."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from nngen.arch import Architecture, Core
from nngen.hardware import emit_rtl, simulation_files
from nngen.ir import Region, Tensor
from nngen.ir.program import ConstantRecord, CoreProgram
from nngen.sim.cosim import RtlJob, RtlResult, simulate_rtl
from nngen.sim.verification.lockstep import Case
from nngen.sim.verification.programs import TestProgram

_MEMORY = "memory"
_JUNK = "`define NNGEN_JUNK\n"  # memory powers up with values that are known and mean nothing
_NOTHING = ConstantRecord(macro=0, adc=0, entry=0, last=False)  # what the simulator takes constant memory to hold


def run_interactively(architecture: Architecture, case: Case, *, run: int = 0, waves: Path | None = None) -> RtlResult:
    """Simulate one run of a case in Icarus under cocotb, with the retire ports recorded.

    Parameters
    ----------
    architecture
        The chip.
    case, run
        What to run; a host that does other things meanwhile, and resets, are left out.
    waves
        File for the waves: ``.fst`` or ``.vcd``.

    Raises
    ------
    ToolError
        The simulator is not there, or the chip misbehaves.
    """
    core, program = architecture.core, case.program
    tensor = Tensor(
        name=_MEMORY, shape=(1, 1, core.activation_bytes), bits=8, signed=False, zero_point=0, lowest=0, highest=255
    )
    region = Region(
        tensor=_MEMORY, address=0, size=core.activation_bytes, pitch=core.activation_bytes,
        pixel_bytes=core.activation_bytes, halo=(0, 0, 0, 0), fill=0,
    )  # fmt: skip
    files = emit_rtl(architecture, retire=True)
    with tempfile.TemporaryDirectory(prefix="nngen-rtl-") as name:
        for file, text in files.items():
            Path(name, file).write_text(_JUNK + text, encoding="utf-8")
        job = RtlJob(
            sources=tuple(Path(name, file) for file in simulation_files(files)),
            cores=(core,),
            architecture_sha256=architecture.sha256,
            programs=(_whole(core, case.program),),
            inputs={_MEMORY: case.memory[run].astype(np.int64).reshape(1, *tensor.shape)},
            outputs=(_MEMORY,),
            tensors={_MEMORY: tensor},
            regions={_MEMORY: {0: region}},
            watchdog=program.watchdog,
            loop_count=program.loop_count,
            stall_seed=case.stall_seeds[run],
            trace=True,
            waves=waves,
        )
        return simulate_rtl(job)


def _whole(core: Core, program: TestProgram) -> CoreProgram:
    """Return a program that fills its memories: beyond what it names they hold zeros."""
    unused = core.constant_records - len(program.records)
    words = core.vector.coefficient_words if core.vector else 0
    coefficients, tables = np.zeros((words, core.word_bytes), np.int64), np.zeros((core.tables, 256), np.int64)
    coefficients[: len(program.coefficients)] = program.coefficients if len(program.coefficients) else 0
    tables[: len(program.tables)] = program.tables
    return replace(
        program.core_program(),
        records=(*program.records, *[_NOTHING] * unused),
        coefficients=coefficients,
        tables=tables,
    )
