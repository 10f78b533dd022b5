"""All directed programs of a core."""

from __future__ import annotations

from nngen.arch import Core

from ._bench import Bench, DirectedProgram
from ._directed_data import data_programs
from ._directed_faults import fault_programs
from ._directed_operands import operand_programs
from ._directed_options import option_programs
from ._directed_registers import register_programs
from ._directed_vec import vec_programs
from ._program import TestProgram


def directed_cases(core: Core) -> tuple[DirectedProgram, ...]:
    """Return every directed program that fits the core's program memory, with the outcome that its name promises."""
    bench = Bench(core)
    makers = (operand_programs, register_programs, fault_programs, data_programs, option_programs, vec_programs)
    made = (case for make in makers for case in make(bench))
    return tuple(case for case in made if len(case.program.instructions) <= core.program_instructions)


def directed_programs(core: Core) -> tuple[TestProgram, ...]:
    """Return short programs, each for one corner that its name tells: operands, registers, errors, arithmetic."""
    return tuple(case.program for case in directed_cases(core))
