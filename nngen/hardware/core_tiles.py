"""The macro tiles of a core, and what drives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from amaranth.hdl import Const, Module, Mux, Signal, Value

from nngen.isa import Unit

from ._placement import place
from .crossbar_pins import has_trials
from .tile import Tile

if TYPE_CHECKING:
    from .core import Core

TILE_MODULE = "nngen_tile"


def add_tiles(m: Module, platform: object, top: Core) -> None:
    """Add one tile a macro."""
    load, mvm, post = top.units[Unit.LOAD], top.units[Unit.MVM], top.units[Unit.POST]
    broadcast = {
        "row_bank": load.row_bank,
        "row_index": load.row_index,
        "row_low": load.row_low,
        "row_high": load.row_high,
        "row_data": load.row_data,
        "row_clear": mvm.row_released,
        "row_read_bank": top.rows.read_bank,
        "plane": mvm.plane,
        "sample": mvm.sample,
        "entry": mvm.entry,
        "convert_done": mvm.convert_done,
        "add_lane": mvm.add_lane,
        "overwrite": mvm.overwrite,
        "negate": mvm.negate,
        "add_entry": mvm.add_entry,
        "add_bank": mvm.add_bank,
        "write_bank": top.accumulators.write_bank,
        "read": post.read,
        "read_bank": post.bank,
        "read_entry": post.entry,
        "read_adc": post.adc,
        **_programming(top),
    }
    names = ["trial"] if has_trials(top.core) else []
    names += ["add_count", "count_shift", "negate_plane"] if top.core.macro.encoding == "offset" else []
    broadcast |= {name: getattr(mvm, name) for name in names}
    programs = top.macro_write | load.program_macro if top.core.reprogram else top.macro_write
    tiles = [Tile(top.core, retire=top.retire) for _ in range(top.core.macros)]
    for i, tile in enumerate(tiles):
        place(m, platform, f"tile{i}", tile, kind=f"{TILE_MODULE}{top.suffix}")
        m.d.comb += [getattr(tile, name).eq(value) for name, value in broadcast.items()]
        m.d.comb += [
            tile.row_write.eq(load.row_hit[i]),
            tile.drive.eq(mvm.drive[i]),
            tile.add.eq(mvm.add[i]),
            tile.column.eq(getattr(mvm, f"column_{i}")),
            tile.gain.eq(getattr(mvm, f"gain_{i}")),
            tile.shift.eq(getattr(mvm, f"shift_{i}")),
            tile.program_enable.eq(programs[i]),
        ]
    named = Signal.like(post.named)
    m.d.sync += named.eq(post.named)
    m.d.comb += post.accumulator.eq(_sum([Mux(named[i], tile.accumulator, 0) for i, tile in enumerate(tiles)]))
    if top.retire:
        digest = Const(0, 32)
        for i, tile in enumerate(tiles):
            digest = digest ^ tile.digest.rotate_left(i % 32)
        m.d.comb += mvm.macro_digest.eq(digest)


def _sum(values: list[Value]) -> Value:
    """Add values in a tree."""
    while len(values) > 1:
        values = [sum(values[i + 1 : i + 2], values[i]) for i in range(0, len(values), 2)]
    return values[0]


def _programming(top: Core) -> dict[str, Value]:
    """Return what goes to the programming ports: the host's words, or PROG's while the core runs."""
    host = {"program_row": top.macro_row, "program_word": top.macro_word, "program_data": top.write_data}
    if not top.core.reprogram:
        return host
    return {name: Mux(top.run, getattr(top.units[Unit.LOAD], name), value) for name, value in host.items()}
