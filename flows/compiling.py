"""From an integer network to the program of a chip, in process: every link of the compiler in its order."""

from __future__ import annotations

from collections.abc import Mapping as Arrays
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture
from nngen.compiler.calibrate import calibrate
from nngen.compiler.codegen import generate
from nngen.compiler.mapper import on_crossbars, place_network, validate_mapping
from nngen.compiler.scheduler import schedule
from nngen.errors import CapacityError
from nngen.ir import Mapping, Network, Program, Schedule

from .progress import Progress, quiet

__all__ = ["Compiled", "compile_network"]

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A network compiled for a chip.

    Parameters
    ----------
    network
        With the corrections of the calibration in its constants, and depthwise layers that are on crossbars as
        matrix layers.
    mapping
        With a gain for every tile.
    schedule, program
        What the cores do.
    """

    network: Network
    mapping: Mapping
    schedule: Schedule
    program: Program


def compile_network(
    network: Network,
    architecture: Architecture,
    *,
    samples: Arrays[str, IntArray] | None = None,
    mapping: Mapping | None = None,
    strategy: str = "latency",
    inferences: int = 1,
    progress: Progress = quiet,
) -> Compiled:
    """Compile a network for a chip.

    Parameters
    ----------
    network
        As the front end reads it.
    architecture
        The chip.
    samples
        Codes of each input tensor for the calibration, shape ``(samples, height, width, channels)``; without them gains
        are those that provably cannot clip.
    mapping
        A mapping to take as it is; made here where it is None.
    strategy
        What a mapping made here is to be good at: the name of one of ``nngen.compiler.mapper.STRATEGIES``.
    inferences
        Of one start of the chip. Several are pipelined: each core runs its layers for one after the other.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Where the network does not fit the chip: needed, available, and the cheapest fix.
    """
    plan = partial(schedule, architecture=architecture, pipelined=inferences > 1, inferences=inferences)

    def scheduled(placed: Network, mapping: Mapping) -> tuple[Network, Mapping, Schedule]:
        progress("calibrating")
        calibrated, gained = calibrate(placed, mapping, architecture, samples)
        progress("scheduling")
        return calibrated, gained, plan(calibrated, gained)

    progress("mapping weights onto macros")
    if mapping is not None:
        network = on_crossbars(network, {layer.layer for layer in mapping.layers if layer.unit == "mvm"})
        made = scheduled(network, validate_mapping(mapping, network, architecture))
    else:
        try:
            made = scheduled(*place_network(network, architecture, strategy=strategy))
        except CapacityError:
            if len(architecture.cores) == 1:
                raise
            progress("mapping weights onto macros again: the best mapping cannot be scheduled")
            made = scheduled(*place_network(network, architecture, strategy=strategy, check=plan))
    calibrated, mapping, chosen = made
    progress("generating the program")
    program = generate(calibrated, mapping, chosen, architecture)
    return Compiled(network=calibrated, mapping=mapping, schedule=chosen, program=program)
