"""From what the file says of a core to its numbers: cells are looked up and impossible combinations refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nngen.cellib import Cell, CellLibrary
from nngen.errors import ArchitectureError

from ._model import MOST_CORES, CoreSpec, MacroSpec
from ._resolved import Bus, Core, Macro, Vector

LARGEST_GAIN = 1 << 15  # the instruction set's register MACRO has 4 bits for log2 of the gain


def resolve_cores(specs: Sequence[CoreSpec], library: CellLibrary) -> tuple[Core, ...]:
    """Return every core of a chip in numbers, joined by a bus where there are several.

    Raises
    ------
    ArchitectureError, CellError
        Names the field that has to change.
    """
    kinds = [resolve_core(spec, library, where=f"core[{i}]") for i, spec in enumerate(specs)]
    for i, (spec, kind) in enumerate(zip(specs, kinds, strict=True)):
        if spec.macro != specs[0].macro:
            raise ArchitectureError(f"core[{i}].macro must be that of core[0]: the cores of a chip share one macro")
        if kind.word_bytes != kinds[0].word_bytes:
            raise ArchitectureError(
                f"core[{i}].memory.word_bytes must be {kinds[0].word_bytes}, that of core[0] and of the bus, not "
                f"{kind.word_bytes}"
            )
    count = sum(spec.count for spec in specs)
    if count > MOST_CORES:
        raise ArchitectureError(f"core.count must be at most {MOST_CORES} in all, not {count}")
    bus = Bus(cores=count, memory_bytes=max(kind.activation_bytes for kind in kinds)) if count > 1 else None
    return tuple(
        replace(kind, bus=bus, table=i)
        for i, (spec, kind) in enumerate(zip(specs, kinds, strict=True))
        for _ in range(spec.count)
    )


def resolve_core(spec: CoreSpec, library: CellLibrary, *, where: str) -> Core:
    """Return the core in numbers.

    Raises
    ------
    ArchitectureError, CellError
        Names the field, below ``where``, that has to change.
    """
    macro, bitcell = _resolve_macro(spec.macro, library, where=f"{where}.macro")
    core = Core(
        macros=spec.macros,
        macro=macro,
        activation_bits=spec.activation_bits,
        accumulator_bits=spec.accumulator_bits,
        multiplier_bits=spec.multiplier_bits,
        queue_depth=spec.queue_depth,
        activation_bytes=spec.memory.activation_bytes,
        word_bytes=spec.memory.word_bytes,
        output_buffer_bytes=spec.memory.output_buffer_bytes,
        program_instructions=spec.memory.program_instructions,
        constant_records=spec.memory.constant_records,
        vector=None if spec.vector is None else Vector(**spec.vector.model_dump()),
        strided_access=spec.strided_access,
        tables=spec.tables,
        negative_slope=spec.negative_slope,
        reprogram=spec.reprogram,
    )
    _check_pairs(macro, where=where)
    _check_words(core, where=where)
    _check_gains(macro, where=where)
    if core.reprogram and not bitcell.volatile:
        raise ArchitectureError(
            f"{where}.reprogram must be false where the bitcell keeps its state ('{bitcell.name}' is not "
            "volatile), not true"
        )
    return core


def _resolve_macro(spec: MacroSpec, library: CellLibrary, *, where: str) -> tuple[Macro, Cell]:
    """Return the macro in numbers, and its bitcell."""
    bitcell = library.find(spec.bitcell.cell, kind="bitcell", where=f"{where}.bitcell")
    adc = library.find(spec.adc.cell, kind="adc", where=f"{where}.adc")
    if spec.encoding not in bitcell.encodings:
        known = ", ".join(bitcell.encodings) or "it has none"
        raise ArchitectureError(
            f"{where}.encoding must be one that cell '{bitcell.name}' supports ({known}), not '{spec.encoding}'"
        )
    of_bitcell = bitcell.resolve(spec.bitcell.parameters, where=f"{where}.bitcell")
    of_adc = {"sample_cycles": 1.0, **adc.resolve(spec.adc.parameters, where=f"{where}.adc")}
    macro = Macro(
        rows=spec.rows,
        columns=spec.columns,
        dac_bits=spec.dac_bits,
        cell_bits=_whole(bitcell, of_bitcell, "bits", (1, 8), where=f"{where}.bitcell"),
        encoding=spec.encoding,
        columns_per_adc=spec.columns_per_adc,
        gains=spec.gains,
        controller=str(adc.controller),
        adc_bits=_whole(adc, of_adc, "bits", (2, 16), where=f"{where}.adc"),
        sample_cycles=_whole(
            adc, of_adc, "sample_cycles", (0 if adc.controller == "flash" else 1, 255), where=f"{where}.adc"
        ),
    )
    return macro, bitcell


def _whole(cell: Cell, parameters: dict[str, float], name: str, limits: tuple[int, int], *, where: str) -> int:
    """Return a parameter that shapes the hardware, whose limits no cell can widen."""
    if name not in parameters:
        raise ArchitectureError(f"{where}.cell must have a parameter '{name}', which '{cell.name}' has not")
    value, (lowest, highest) = parameters[name], limits
    if value != int(value) or not lowest <= value <= highest:
        raise ArchitectureError(
            f"{where}.parameters.{name} must be a whole number from {lowest} to {highest}, not {value:g}, "
            f"whatever the cell '{cell.name}' allows"
        )
    return int(value)


def _check_pairs(macro: Macro, *, where: str) -> None:
    if macro.columns % macro.lines:
        raise ArchitectureError(
            f"{where}.macro.columns must be even, as a differential pair takes two bit lines, not {macro.columns}"
        )
    if macro.conversions % macro.columns_per_adc:
        raise ArchitectureError(
            f"{where}.macro.columns_per_adc must be a divisor of the {macro.conversions} "
            f"{macro.conversion_noun}s, not {macro.columns_per_adc}"
        )


def _check_words(core: Core, *, where: str) -> None:
    sizes = {
        "macro.rows": core.macro.rows,
        "memory.activation_bytes": core.activation_bytes,
        "memory.output_buffer_bytes": core.output_buffer_bytes,
    }
    if core.vector is not None:
        sizes["vector.buffer_bytes"] = core.vector.buffer_bytes
        sizes["vector.accumulators"] = core.vector.accumulators
        if core.vector.buffer_bytes < 2 * core.word_bytes:
            raise ArchitectureError(
                f"{where}.vector.buffer_bytes must be at least two words of memory.word_bytes ({core.word_bytes}), "
                f"not {core.vector.buffer_bytes}"
            )
    for field, size in sizes.items():
        if size % core.word_bytes:
            raise ArchitectureError(
                f"{where}.{field} must be a multiple of memory.word_bytes ({core.word_bytes}), not {size}"
            )


def _check_gains(macro: Macro, *, where: str) -> None:
    gain, step = macro.gains[-1], macro.converter().step
    if gain > step:
        raise ArchitectureError(f"{where}.macro.gains must be at most the converter's step of {step}, not {gain}")
    if gain > LARGEST_GAIN:
        raise ArchitectureError(
            f"{where}.macro.gains must be at most {LARGEST_GAIN}, the largest an instruction can select, not {gain}"
        )
