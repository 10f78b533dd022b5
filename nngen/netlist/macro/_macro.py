"""A macro as a netlist: row drivers, array, multiplexers, readouts, converters, put together by the names of pins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture, Core
from nngen.errors import InputError
from nngen.hardware import CROSSBAR_MODULE
from nngen.netlist import Netlist, Subcircuit, check

from ._array import array_subcircuit
from ._decoders import SWITCH, column_decoder, half_unit
from ._electrical import Electrical
from ._parts import Parts, adcs_of
from ._pins import macro_ports
from ._views import MacroViews


@dataclass(frozen=True, kw_only=True)
class MacroNetlist:
    """A macro's netlist; the last subcircuit is the macro.

    Parameters
    ----------
    core, electrical, views
        What it was made of.
    conversions
        The columns or pairs that are there, in the order of the array's columns; all, or those of a trimmed macro.
    periphery
        Subcircuits of all but the array.
    array
        The array, its cells programmed or not.
    """

    core: Core
    electrical: Electrical
    views: MacroViews
    conversions: tuple[int, ...]
    periphery: tuple[Subcircuit, ...]
    array: Subcircuit

    @property
    def macro(self) -> Subcircuit:
        """The macro's own subcircuit."""
        return self.periphery[-1]

    @property
    def adcs(self) -> tuple[int, ...]:
        """The converters that are there."""
        return adcs_of(self.conversions, self.core)

    def netlist(self, title: str) -> Netlist:
        """Return everything as one netlist."""
        *others, macro = self.periphery
        return Netlist(title, (*others, self.array, macro))

    def programmed(self, levels: npt.NDArray[np.generic]) -> MacroNetlist:
        """Return the macro with levels in its cells; see :func:`macro_netlist`."""
        shape = (self.core.macro.rows, self.core.macro.columns)
        if levels.shape != shape:
            raise InputError(f"levels must have the macro's shape {shape}, not {levels.shape}")
        array = array_subcircuit(
            self.views.bitcell,
            self.electrical,
            conversions=self.conversions,
            levels=levels,
            references=len(self.adcs) if self.electrical.has_reference else 0,
        )
        return replace(self, array=array)


def macro_netlist(
    architecture: Architecture,
    *,
    levels: npt.NDArray[np.generic] | None = None,
    conversions: Sequence[int] | None = None,
    views: MacroViews | None = None,
    converter_parameters: Mapping[str, float] | None = None,
) -> MacroNetlist:
    """Return the netlist of an architecture's macro.

    Parameters
    ----------
    architecture
        The chip.
    levels
        What the cells hold, in unit cells, shape ``(rows, columns)``; fractions are those of a conductance image. None:
        cells as they are made, the netlist that no network shaped.
    conversions
        The columns or pairs that are wanted; the rest, with converters that lose all, is trimmed away. All by default.
    views
        The circuits of its cells, where they were read before.
    converter_parameters
        Parameters of every converter's subcircuit: how far it strays.

    Raises
    ------
    CellError, NetlistError, InputError
        A cell's view is wrong, the parts do not fit together, a level cannot be held, or there is no such column.
    """
    views = MacroViews.of(architecture) if views is None else views
    core, electrical = architecture.core, Electrical(macro=architecture.core.macro, analog=architecture.analog)
    kept = _kept(core, conversions)
    adcs = adcs_of(kept, core)
    references = len(adcs) if electrical.has_reference else 0
    array = array_subcircuit(views.bitcell, electrical, conversions=kept, levels=None, references=references)
    parts = Parts(
        core=core,
        electrical=electrical,
        views=views,
        conversions=kept,
        array=array,
        converter_parameters=converter_parameters or {},
    )
    macro = Subcircuit(CROSSBAR_MODULE, macro_ports(core, electrical.supplies, adcs=adcs), parts.all(), models=[SWITCH])
    made = MacroNetlist(
        core=core,
        electrical=electrical,
        views=views,
        conversions=kept,
        periphery=(
            *(subcircuit for view in views.all for subcircuit in view.subcircuits),
            column_decoder(core, parts.places),
            half_unit(core, electrical),
            macro,
        ),
        array=array,
    )
    check(made.netlist("macro"))
    return made if levels is None else made.programmed(levels)


def _kept(core: Core, conversions: Sequence[int] | None) -> tuple[int, ...]:
    there = core.macro.conversions
    if conversions is None:
        return tuple(range(there))
    for conversion in conversions:
        if not 0 <= conversion < there:
            raise InputError(
                f"the {core.macro.conversion_noun}s of a macro must be numbers from 0 to {there - 1}, not {conversion}"
            )
    if not conversions:
        raise InputError(f"at least one {core.macro.conversion_noun} of a macro must be kept")
    return tuple(sorted(set(conversions)))
