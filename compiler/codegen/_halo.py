"""FILLs that write padding into the halo of a tensor."""

from __future__ import annotations

from nngen.arch import Core
from nngen.ir import Region, Tensor
from nngen.isa import BY_MNEMONIC, Instruction, instruction

from ._addresses import FIXED, OUTPUT, point
from ._writer import RegisterFile, loop

_LONGEST = BY_MNEMONIC["FILL"].field("length").highest
_FARTHEST = BY_MNEMONIC["FILL"].field("offset").highest
_UNROLLED = 8  # gaps between rows that are written without a loop: one cycle each instead of two


def has_halo(region: Region) -> bool:
    """Return whether a tensor has a halo at all."""
    return any(region.halo)


def outer_fills(
    region: Region, tensor: Tensor, registers: RegisterFile, core: Core, *, bus: bool = False
) -> list[Instruction]:
    """Return the FILLs above the first and below the last row, with what lies left and right of these."""
    height, width, _ = tensor.shape
    top, left, bottom, right = region.halo
    above = top * region.pitch + left * region.pixel_bytes
    below = bottom * region.pitch + right * region.pixel_bytes
    places = ((region.address, above), (region.interior(height - 1, width), below))
    return [
        made for address, length in places for made in _fixed_fills(region, address, length, registers, core, bus=bus)
    ]


def gap_bytes(region: Region) -> int:
    """Return the bytes between the rows of a tensor: right halo of one and left halo of the next."""
    _, left, _, right = region.halo
    return (left + right) * region.pixel_bytes


def gap_fills(region: Region, register: int, offset: int, *, bus: bool = False) -> list[Instruction]:
    """Return the FILL of the gap after the row that an address register is in."""
    return _fill(region, register, offset, gap_bytes(region), bus=bus)


def all_gap_fills(region: Region, tensor: Tensor, registers: RegisterFile, core: Core) -> list[Instruction]:
    """Return the FILLs of all gaps between rows."""
    height, width, _ = tensor.shape
    if not gap_bytes(region) or height == 1:
        return []
    if height - 1 <= _UNROLLED:
        return [
            made
            for y in range(height - 1)
            for made in _fixed_fills(region, region.interior(y, width), gap_bytes(region), registers, core)
        ]
    body = [*gap_fills(region, OUTPUT, 0), instruction("ADD", register=OUTPUT, value=region.pitch)]
    start = point(registers, core, OUTPUT, region.interior(0, width), moves=True)
    return start + loop(height - 1, body, layer=region.tensor)


def lasting_fills(region: Region, tensor: Tensor, registers: RegisterFile, core: Core) -> list[Instruction]:
    """Return the FILLs of the halos of all slots of a tensor, or of what is beside the rows of a circular buffer."""
    if region.rows is not None:
        return _ring_fills(region, tensor, registers, core)
    one = region.slot(0)
    if region.slots == 1:
        return [*outer_fills(one, tensor, registers, core), *all_gap_fills(one, tensor, registers, core)]
    height, width, _ = tensor.shape
    top, left, bottom, right = region.halo
    first, last = region.interior() - region.address, region.interior(height - 1, width) - region.address
    body = [
        *_fill(region, OUTPUT, 0, top * region.pitch + left * region.pixel_bytes),
        *_fill(region, OUTPUT, last, bottom * region.pitch + right * region.pixel_bytes),
    ]
    if gap_bytes(region) and height > 1:
        row = [*gap_fills(region, OUTPUT, first + width * region.pixel_bytes), _move(region.pitch)]
        body += [*loop(height - 1, row, layer=region.tensor), _move(-(height - 1) * region.pitch)]
    sets = point(registers, core, OUTPUT, region.address, moves=True)
    return sets + loop(region.slots, [*body, _move(region.slot_bytes)], layer=region.tensor)


def _ring_fills(region: Region, tensor: Tensor, registers: RegisterFile, core: Core) -> list[Instruction]:
    _, left, _, right = region.halo
    if not left + right or region.rows is None:
        return []
    behind = region.pitch - right * region.pixel_bytes
    body = [
        *_fill(region, OUTPUT, 0, left * region.pixel_bytes),
        *_fill(region, OUTPUT, behind, right * region.pixel_bytes),
        _move(region.pitch),
    ]
    sets = point(registers, core, OUTPUT, region.address, moves=True)
    return sets + loop(region.rows, body, layer=tensor.name)


def padding_row(region: Region, tensor: Tensor, register: int, *, bus: bool) -> list[Instruction]:
    """Return the FILL of a row of padding that an address register is at, but for what is beside it."""
    _, left, _, _ = region.halo
    width = tensor.shape[1] * region.pixel_bytes
    return _fill(region, register, left * region.pixel_bytes, width, bus=bus)


def _move(step: int) -> Instruction:
    return instruction("ADD", register=OUTPUT, value=step)


def _fixed_fills(
    region: Region, address: int, length: int, registers: RegisterFile, core: Core, *, bus: bool = False
) -> list[Instruction]:
    """Return the FILL of some bytes at an address, from 0 as far as an offset reaches."""
    if not length:
        return []
    offset = address if address + length <= _FARTHEST else 0
    return [
        *point(registers, core, FIXED, address - offset, moves=False),
        *_fill(region, FIXED, offset, length, bus=bus),
    ]


def _fill(region: Region, register: int, offset: int, length: int, *, bus: bool = False) -> list[Instruction]:
    return [
        instruction(
            "FILL",
            register=register,
            offset=offset + first,
            length=min(_LONGEST, length - first),
            value=region.fill & 0xFF,
            bus=int(bus),
        )
        for first in range(0, length, _LONGEST)
    ]
