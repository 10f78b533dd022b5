"""The unit of placement: outputs in one ADC's group; and the tiles that adjacent strips make together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from nngen.arch import Core
from nngen.ir import Tile


@dataclass(frozen=True, kw_only=True, order=True)
class Strip:
    """Contiguous outputs of one row range in one ADC's group.

    Parameters
    ----------
    inputs, outputs
        [a, b) matrix rows and [c, d) output channels.
    macro, adc
        Where.
    row
        First word line.
    conversion
        First conversion, counted from the ADC's first one.
    """

    inputs: tuple[int, int]
    outputs: tuple[int, int]
    macro: int
    adc: int
    row: int
    conversion: int


def tiles_of(strips: Iterable[Strip], *, core: Core, slices: int, gain: int | None) -> tuple[Tile, ...]:
    """Return strips as tiles; strips whose outputs and bit lines continue each other become one tile."""
    macro, tiles = core.macro, list[Tile]()
    for strip in sorted(strips):
        column = macro.lines * (strip.adc * macro.columns_per_adc + strip.conversion)
        last = tiles[-1] if tiles else None
        if last is not None and _continues(last, strip, column, macro.lines * slices):
            tiles[-1] = last.model_copy(update={"output_range": (last.output_range[0], strip.outputs[1])})
            continue
        tiles.append(
            Tile(
                macro=strip.macro,
                row=strip.row,
                column=column,
                input_range=strip.inputs,
                output_range=strip.outputs,
                encoding=macro.encoding,
                gain=gain,
            )
        )
    return tuple(tiles)


def _continues(tile: Tile, strip: Strip, column: int, width: int) -> bool:
    same = (tile.macro, tile.row, tile.input_range) == (strip.macro, strip.row, strip.inputs)
    follows = tile.output_range[1] == strip.outputs[0] and tile.column + width * tile.outputs == column
    return same and follows
