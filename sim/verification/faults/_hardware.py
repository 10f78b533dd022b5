"""Faults planted in the hardware, one at a time: what the tests of the instruction set must catch."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from nngen.arch import Architecture
from nngen.hardware import command, emission, events, mvm, requantizer, sequencer, tile, unit
from nngen.hardware.adc import _sar

from ._patch import SourcePatch, patched_module


@dataclass(frozen=True, kw_only=True)
class HardwareFault:
    """A fault.

    Parameters
    ----------
    name
        What it is.
    patch
        How it is planted.
    """

    name: str
    patch: SourcePatch


def _fault(name: str, module: ModuleType, old: str, new: str) -> HardwareFault:
    return HardwareFault(name=name, patch=SourcePatch(module=module, old=old, new=new))


HARDWARE_FAULTS: tuple[HardwareFault, ...] = (
    _fault("loop count off by one", sequencer, "rests[0].eq(count)", "rests[0].eq(count + (count != 1))"),
    _fault("lost back-pressure", command, "self.ready.eq(level != self.depth)", "self.ready.eq(1)"),
    _fault("wrong rounding at a tie", requantizer, "up.eq(half & (sticky | floor[0]))", "up.eq(half)"),
    _fault("sign of the top plane", mvm, "self.negate.eq(negate_plane ^ negate_slice)", "self.negate.eq(negate_slice)"),
    _fault(
        "stale configuration register",
        unit,
        "        return target.as_signed() if signed else target",
        '        stale = Signal(width, name=f"stale_{name}")\n'
        "        m.d.sync += stale.eq(target)\n"
        "        return stale.as_signed() if signed else stale",
    ),
    _fault(
        "accumulator's top bit",
        tile,
        "memory.write_data.eq(Cat(*sums))",
        "memory.write_data.eq(Cat(*[Cat(total[:-1], total[-2]) for total in sums]))",
    ),
    _fault(
        "a counter that skips",
        events,
        "value.eq(value + late)",
        "value.eq(value + late + ((value[:4] == 14) & late[0]))",
    ),
    _fault(
        "a reset that misses a register",
        sequencer,
        'positions = Array([Signal(bits, name=f"position{i}")',
        'positions = Array([Signal(bits, name=f"position{i}", reset_less=True)',
    ),
    _fault("address wrap", sequencer, "Mux(moved >= size, -size, 0)", "Mux(moved > size, -size, 0)"),
    _fault(
        "an ADC bit tried twice",
        _sar,
        "        with m.Else():\n            m.d.sync += trial.eq(trial >> 1)",
        "        again = Signal()\n"
        "        with m.If(~self.sample & trial[1] & ~again):\n            m.d.sync += again.eq(1)\n"
        "        with m.Elif(~self.sample & ~sampling):\n            m.d.sync += [trial.eq(trial >> 1), again.eq(0)]",
    ),
)


def faulty_rtl(architecture: Architecture, fault: HardwareFault) -> dict[str, str]:
    """Return the Verilog of a simulation build that has the fault, by file name.

    Raises
    ------
    ValueError
        The place of the fault was rewritten.
    """
    files: dict[str, str] = patched_module(fault.patch, entry=emission).emit_rtl(architecture, retire=True)
    return files
