"""The reads of a macro that a network makes, seen in the instruction set simulator."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nngen.arch import Macro
from nngen.errors import InputError, quoted
from nngen.flows.machine import Machine
from nngen.ir import CoreProgram
from nngen.sim.analog.bench import Read, expected_codes
from nngen.sim.iss import Machine as Iss
from nngen.sim.iss import MvmObservation

__all__ = ["observed_reads"]

IntArray = npt.NDArray[np.int64]


def observed_reads(
    machine: Machine,
    inputs: dict[str, IntArray],
    *,
    macro: int,
    places: Sequence[int],
    layer: str | None,
    most: int,
) -> tuple[list[Read], IntArray]:
    """Return reads of a macro that a network makes for one sample, and the codes that its converters give.

    Parameters
    ----------
    machine
        The build.
    inputs
        Codes of one sample by tensor.
    macro
        The macro.
    places
        Places within the converters' groups that are wanted.
    layer
        Only reads for this layer; None: for any.
    most
        Reads of each place, those that drive rows first.

    Returns
    -------
    The reads, and their codes, unsigned, shape ``(reads, adcs)``.

    Raises
    ------
    InputError
        The network reads none of these columns, or programs the macro anew before it does.
    """
    if len(machine.cores) > 1:
        raise InputError(
            f"macros are read on chips with one core; '{machine.architecture.name}' has {len(machine.cores)}"
        )
    program = machine.program.cores[0]
    instructions = _instructions(program, layer)
    observer = _Observer(machine.core.macro, macro, set(places), instructions)
    Iss(machine.core, program).execute(machine.memories(inputs)[0], observe=observer)
    chosen = [read for place in places for read in observer.chosen(place, most)]
    if not chosen:
        what = "the network" if layer is None else f"layer {quoted(layer)}"
        raise InputError(f"columns of macro {macro} must be some that {what} reads; it reads none of those asked for")
    reads, codes = [read for read, _ in chosen], np.array([found for _, found in chosen])
    levels = program.cells[macro]
    if not np.array_equal(expected_codes(machine.core.macro, levels, reads), codes):
        raise InputError(f"macro {macro} must keep its cells while the program runs, but the program writes them anew")
    return reads, codes


def _instructions(program: CoreProgram, layer: str | None) -> range:
    """Return the numbers of a layer's instructions, or of all."""
    return range(len(program.instructions)) if layer is None else program.layer_ranges[layer]


class _Observer:
    """Keeps the different reads of one macro, by place."""

    def __init__(self, macro: Macro, number: int, places: set[int], instructions: range) -> None:
        self._macro, self._number, self._places, self._instructions = macro, number, places, instructions
        self._lowest = macro.converter().lowest
        self._found: dict[int, dict[Read, IntArray]] = {place: {} for place in places}

    def __call__(self, seen: MvmObservation) -> None:
        if seen.macro != self._number or seen.instruction not in self._instructions:
            return
        for step in range(seen.codes.shape[1]):
            place = seen.place + step
            if place not in self._places:
                continue
            for plane in range(seen.planes.shape[1]):
                driven = tuple(int(value) for value in seen.planes[:, plane, 0])
                read = Read(planes=driven, column=place, gain=seen.gain)
                self._found[place].setdefault(read, seen.codes[:, step, plane, 0] - self._lowest)

    def chosen(self, place: int, most: int) -> list[tuple[Read, IntArray]]:
        """Return reads of a place with their codes: in the order of the program, idle ones only where others lack."""
        found = list(self._found[place].items())
        found.sort(key=lambda entry: not any(entry[0].planes))
        return found[:most]
