"""The circuits of a macro: what netlists are made of, and no digital hardware, program or hash knows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nngen.cellib import Cell, CellLibrary, Kind
from nngen.errors import ArchitectureError

from ._model import CellChoice, MacroSpec, WiresSpec

_PLANE_BITS = "bits"  # parameter of a row driver, set by the macro's dac_bits
_READOUTS = {"current": "transimpedance", "charge": "charge_sharing"}


@dataclass(frozen=True, kw_only=True)
class CellUse:
    """A cell where a macro uses it.

    Parameters
    ----------
    cell
        What its ``cell.toml`` says.
    folder
        Where its views are.
    parameters
        All of them: those chosen, the others at their defaults.
    """

    cell: Cell
    folder: Path
    parameters: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class AnalogMacro:
    """The cells of a macro and its wires."""

    bitcell: CellUse
    row_driver: CellUse
    readout: CellUse
    adc: CellUse
    wires: WiresSpec

    @property
    def uses(self) -> tuple[CellUse, ...]:
        """Every cell in use, from the input to the output."""
        return self.row_driver, self.bitcell, self.readout, self.adc

    @property
    def code_error(self) -> float:
        """LSB by which the codes of the macro's circuits may be off: what its cells say of themselves, together."""
        return sum(use.cell.code_error or 0.0 for use in self.uses)


def resolve_analog(spec: MacroSpec, library: CellLibrary, *, where: str) -> AnalogMacro:
    """Return the circuits that a macro names, or has by default.

    Raises
    ------
    ArchitectureError, CellError
        Names the field, below ``where``, that has to change.
    """
    bitcell = _use(spec.bitcell, "bitcell", library, where=f"{where}.bitcell")
    driver_choice = spec.row_driver or CellChoice(cell="driver_1b" if spec.dac_bits == 1 else "driver_dac")
    readout_choice = spec.readout or CellChoice(cell=_READOUTS[bitcell.cell.signal or "current"])
    readout = _use(readout_choice, "column_readout", library, where=f"{where}.readout")
    taken, given = readout.cell.signal, bitcell.cell.signal
    if None not in (taken, given) and taken != given:
        raise ArchitectureError(
            f"{where}.readout must be for the {given} that cell '{bitcell.cell.name}' puts onto its bit line, "
            f"not '{readout.cell.name}', which takes a {taken}"
        )
    return AnalogMacro(
        bitcell=bitcell,
        row_driver=_row_driver(driver_choice, spec, library, where=f"{where}.row_driver"),
        readout=readout,
        adc=_use(spec.adc, "adc", library, where=f"{where}.adc"),
        wires=spec.wires,
    )


def _use(choice: CellChoice, kind: Kind, library: CellLibrary, *, where: str) -> CellUse:
    cell = library.find(choice.cell, kind=kind, where=where)
    return CellUse(cell=cell, folder=library.folder(cell.name), parameters=cell.resolve(choice.parameters, where=where))


def _row_driver(choice: CellChoice, spec: MacroSpec, library: CellLibrary, *, where: str) -> CellUse:
    """Return the driver with as many bits as a plane has."""
    use = _use(choice, "row_driver", library, where=where)
    if _PLANE_BITS in choice.parameters:
        raise ArchitectureError(f"{where}.parameters.{_PLANE_BITS} must not be given: it is dac_bits")
    limits = use.cell.parameters.get(_PLANE_BITS)
    highest = 1 if limits is None else int(limits.highest)
    if not (1 if limits is None else limits.lowest) <= spec.dac_bits <= highest:
        raise ArchitectureError(
            f"{where}.cell must drive planes of dac_bits ({spec.dac_bits}), not '{use.cell.name}', "
            f"which drives at most {highest}"
        )
    return CellUse(cell=use.cell, folder=use.folder, parameters=use.parameters | {_PLANE_BITS: float(spec.dac_bits)})
