"""Lower bounds on the cycles of a matrix layer: the busy time that no order of work can avoid, unit by unit.

The machine is a pipeline; a layer takes at least as long as its busiest unit works. MVM's bound is that of the best
placement on all macros of the core without weight replication:

    output positions x planes x slices x steps x cycles per conversion,
    steps = ceil(row tiles x ceil(outputs / ADCs of a macro) / macros)

In one column step a macro drives one row range and converts one weight in each of its ADCs. Take matrix rows that are
the height of a macro apart: no row range holds two of them, so each needs column steps of its own, one for every macro
load of outputs.
LOAD and STORE move one memory word a cycle, POST makes one output a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

from nngen.arch import Core
from nngen.ir import MatrixLayer, MatrixSchedule, Network, Pass
from nngen.isa import mvm_cycles
from nngen.numerics import PlaneFormat


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Closed-form busy cycles of each unit for one inference of one layer."""

    load: int
    mvm: int
    post: int
    store: int
    vec: int = 0

    @property
    def bound(self) -> int:
        """The largest of them: no order of work is faster."""
        return max(self.load, self.mvm, self.vec, self.post, self.store)

    @property
    def unit(self) -> str:
        """Name of the unit that sets the bound; ties go to MVM, then to VEC."""
        names = ("mvm", "vec", "load", "post", "store")
        return max(names, key=lambda name: int(getattr(self, name)))

    def times(self, count: int) -> Bounds:
        """Return what as many times the same work takes."""
        return Bounds(
            load=count * self.load,
            mvm=count * self.mvm,
            post=count * self.post,
            store=count * self.store,
            vec=count * self.vec,
        )


def matrix_layer_bounds(network: Network, layer: MatrixLayer, core: Core) -> Bounds:
    """Return the bounds of a layer at the best placement on all macros of the core, without replication."""
    source, target = network.tensors[layer.input], network.tensors[layer.output]
    macro = core.macro
    row_tiles = -(-layer.rows // macro.rows)
    one_mvm = mvm_cycles(
        planes=PlaneFormat(bits=source.bits, signed=source.signed, dac_bits=macro.dac_bits).planes,
        steps=-(-row_tiles * -(-layer.outputs // macro.adcs) // core.macros),
        slices=macro.weight_format(layer.weights).slices,
        conversion_cycles=macro.conversion_cycles,
    )
    one = Bounds(
        load=_words(layer.rows * source.element_bytes, core),
        mvm=one_mvm,
        post=layer.outputs,
        store=_words(layer.outputs * target.element_bytes, core),
    )
    return one.times(network.positions(layer))


def matrix_mapping_bounds(network: Network, layer: MatrixLayer, scheduled: MatrixSchedule, core: Core) -> Bounds:
    """Return the bounds of a layer as it is mapped and scheduled: its passes, runs, partial sums and rounds."""
    passes = [one for r in scheduled.rounds for one in r.passes]
    one = Bounds(
        load=sum(run.repeat * _words(run.length, core) for one in passes for run in one.runs),
        mvm=sum(_pass_cycles(one, scheduled, core) for one in passes),
        post=sum(len(r.sources) for r in scheduled.rounds),
        store=sum(_words(r.output_bytes, core) for r in scheduled.rounds),
    )
    return one.times(network.positions(layer))


def _pass_cycles(one: Pass, scheduled: MatrixSchedule, core: Core) -> int:
    return mvm_cycles(
        planes=scheduled.planes,
        steps=one.steps,
        slices=scheduled.slices,
        conversion_cycles=core.macro.conversion_cycles,
    )


def _words(length: int, core: Core) -> int:
    return -(-length // core.word_bytes)
