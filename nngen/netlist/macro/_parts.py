"""What stands in a macro's subcircuit: instances of its cells, its array and its decoders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from nngen.arch import Core
from nngen.cellib import Pin
from nngen.netlist import Array, Instance, Subcircuit

from ._array import ARRAY, REFERENCE
from ._decoders import COLUMN_DECODER, HALF_UNIT, SWITCH
from ._electrical import Electrical
from ._pins import adc_terminals, pin_terminals
from ._view import CellView
from ._views import MacroViews

_LOAD = 1e-15  # farad; what ends at nothing that is modelled


def adcs_of(conversions: Sequence[int], core: Core) -> tuple[int, ...]:
    """Return the converters of columns or pairs, ascending."""
    return tuple(sorted({conversion // core.macro.columns_per_adc for conversion in conversions}))


@dataclass(frozen=True, kw_only=True)
class Parts:
    """Makes the instances of the macro's subcircuit, group after group.

    Parameters
    ----------
    core, electrical, views
        What the macro is made of.
    conversions
        The columns or pairs that are there.
    array
        The array's subcircuit.
    converter_parameters
        Parameters of every converter's subcircuit.
    """

    core: Core
    electrical: Electrical
    views: MacroViews
    conversions: tuple[int, ...]
    array: Subcircuit
    converter_parameters: Mapping[str, float]

    @property
    def places(self) -> list[int]:
        """Places within a multiplexer that are there."""
        return sorted({j % self._share for j in self.conversions})

    @property
    def adcs(self) -> tuple[int, ...]:
        """Converters that are there."""
        return adcs_of(self.conversions, self.core)

    @property
    def _share(self) -> int:
        return self.core.macro.columns_per_adc

    def all(self) -> list[Instance | Array]:
        """Return every instance, from the input to the output."""
        return [
            *self._row_drivers(),
            Instance("Xarray", [port.name for port in self.array.ports], ARRAY),
            *self._decoders(),
            *self._multiplexers(),
            *self._readouts(),
            *self._converters(),
            *self._ends(),
        ]

    def _row_drivers(self) -> list[Instance | Array]:
        view, bits = self.views.row_driver, self.core.macro.dac_bits
        planes = pin_terminals(self.core, "word_lines")
        drivers = []
        for row in range(self.core.macro.rows):
            nets = {
                "plane": planes[row * bits : (row + 1) * bits],
                "word_line": (f"word_line_{row}",),
                "input_line": (f"input_line_{row}",),
            }
            drivers.append(_place(view, f"Xrow_driver_{row}", nets))
        if self.views.bitcell.pin("word_line") is None:
            load = Array("Cword_line", self.core.macro.rows, 1, ["word_line_{row}", "vss"], value=_LOAD)
            return [*drivers, load]
        return [*drivers]

    def _decoders(self) -> list[Instance | Array]:
        selects = [f"select_{place}" for place in self.places]
        return [
            Instance(
                "Xcolumn_decoder",
                [*pin_terminals(self.core, "column"), *selects, "select_none", "vdd", "vss"],
                COLUMN_DECODER,
            ),
            Instance("Xhalf_unit", [*pin_terminals(self.core, "gain"), "half_unit", "vss"], HALF_UNIT),
        ]

    def _bit_lines(self, place: int) -> tuple[str, ...]:
        """Return the array's nets of the conversion that has this place among those kept."""
        if self.core.macro.lines == 1:
            return (f"bit_line_{place}",)
        if self.views.bitcell.use.cell.bit_lines == 2:
            return f"bit_line_{place}", f"bit_line_bar_{place}"
        return f"bit_line_{2 * place}", f"bit_line_{2 * place + 1}"

    def _multiplexers(self) -> Iterator[Instance]:
        """Connect one conversion of each converter: bit lines that add currents before, charges behind the readout."""
        for place, conversion in enumerate(self.conversions):
            adc, select = conversion // self._share, f"select_{conversion % self._share}"
            if self.electrical.is_charge:
                yield _switch(f"Sselect_{conversion}", f"output_{conversion}", f"readout_{adc}", select, "vss")
                continue
            for name, net in zip(("", "_bar"), self._bit_lines(place), strict=False):
                yield _switch(f"Sselect{name}_{conversion}", net, f"selected{name}_{adc}", select, "vss")
                # A bit line that is not selected rests where the readout would hold it.
                yield _switch(f"Srest{name}_{conversion}", net, "common", "vdd", select)
        for adc in self.adcs if self.electrical.is_charge else ():
            yield _switch(f"Snone_{adc}", "common", f"readout_{adc}", "select_none", "vss")
        if not self.electrical.is_charge:
            yield Instance("Cselect_none", ["select_none", "vss"], value=_LOAD)

    def _readouts(self) -> Iterator[Instance]:
        gains = pin_terminals(self.core, "gain")
        if self.electrical.is_charge:
            for place, conversion in enumerate(self.conversions):
                yield self._readout(conversion, self._bit_lines(place), f"output_{conversion}", gains)
            return
        for place, adc in enumerate(self.adcs):
            subtracted = f"{REFERENCE}_{place}" if self.electrical.has_reference else f"selected_bar_{adc}"
            lines = (f"selected_{adc}", subtracted)[: 2 if self.electrical.subtracts else 1]
            yield self._readout(adc, lines, f"readout_{adc}", gains)

    def _readout(self, number: int, bit_lines: Sequence[str], output: str, gains: tuple[str, ...]) -> Instance:
        nets = {
            "bit_line": (bit_lines[0],),
            "bit_line_bar": tuple(bit_lines[1:]),
            "output": (output,),
            "gain": gains,
        }
        return _place(self.views.readout, f"Xreadout_{number}", nets)

    def _converters(self) -> Iterator[Instance]:
        view = self.views.adc
        for adc in self.adcs:
            yield Instance(f"Ehalf_unit_{adc}", [f"converted_{adc}", f"readout_{adc}", "half_unit", "vss"], value=1.0)
            nets = {
                pin.name: adc_terminals(self.core, pin.name, adc)
                for pin in view.pins
                if pin.name in ("trial", "compare", "code")
            }
            nets["column"] = (f"converted_{adc}",)
            yield _place(view, f"Xadc_{adc}", nets, parameters=self.converter_parameters)

    def _ends(self) -> Iterator[Instance]:
        """Load what ends at nothing that is modelled, and the supplies."""
        for pin in ("clk", "program_enable", "program_row", "program_word", "program_data"):
            for net in pin_terminals(self.core, pin):
                yield Instance(f"C{net}", [net, "vss"], value=_LOAD)
        for supply in self.electrical.supplies:
            if supply != "vss":
                yield Instance(f"C{supply}", [supply, "vss"], value=1e-12)
        for net in ("sample", "enable"):
            yield Instance(f"C{net}", [net, "vss"], value=_LOAD)


def _place(
    view: CellView, name: str, nets: Mapping[str, Sequence[str]], *, parameters: Mapping[str, float] | None = None
) -> Instance:
    """Return an instance of a cell: a pin without nets of its own connects to the macro's net of its name."""
    terminals = [net for pin in view.pins for net in _nets(view, pin, nets)]
    return Instance(name, terminals, view.name, parameters=parameters)


def _nets(view: CellView, pin: Pin, nets: Mapping[str, Sequence[str]]) -> Sequence[str]:
    return nets[pin.name] if pin.name in nets else view.terminals(pin)


def _switch(name: str, first: str, second: str, high: str, low: str) -> Instance:
    """Return an ideal switch that is closed while ``high`` is above ``low`` by more than half the supply."""
    return Instance(name, [first, second, high, low], SWITCH.name)
