"""The macros as drawings: word lines downwards, bit lines to the right, the tiles of each layer in its colour."""

from __future__ import annotations

from dataclasses import dataclass

from nngen.ir import Tile, macro_name

from ._facts import Facts
from ._shapes import Bar

_PAGE, _GAP = 1198, 16  # pixels of a row of macros, and between two of them
_WIDEST, _NARROWEST = 300, 100  # pixels of a macro
_ROWS = 2  # of macros, as long as that makes none narrower than it may be
_FLATTEST, _TALLEST = 0.5, 1.5  # height of a macro over its width


@dataclass(frozen=True, kw_only=True)
class MacroBox:
    """One macro: its tiles, in bit lines and word lines, and the share of its cells that hold weights."""

    label: str
    share: float
    tiles: tuple[Bar, ...]


@dataclass(frozen=True, kw_only=True)
class MacroMap:
    """All macros of the chip; of several cores those in use.

    Parameters
    ----------
    rows, columns
        Word lines and bit lines of each.
    adc_columns
        Bit lines at which the columns of another ADC begin.
    width, height
        Pixels of each on the page.
    macros
        In the order of cores and numbers.
    """

    rows: int
    columns: int
    adc_columns: tuple[int, ...]
    width: int
    height: int
    macros: tuple[MacroBox, ...]


def macro_map(facts: Facts) -> MacroMap:
    """Return the mapping of a build as rectangles."""
    cores = facts.machine.cores
    macro = cores[0].macro
    boxes: dict[tuple[int, int], list[Bar]] = {
        (number, one): [] for number, core in enumerate(cores) for one in range(core.macros)
    }
    slices = {use.layer: use.slices for use in facts.used.layers}
    for number, layer in enumerate(facts.layers):
        if layer.layer in slices:
            for tile in facts.machine.mapping.layer(layer.layer).tiles:
                boxes[tile.place].append(_box(tile, number, layer.layer, slices[layer.layer], macro.lines))
    if len(cores) > 1:
        boxes = {place: found for place, found in boxes.items() if found}
    width = _macro_width(len(boxes))
    aspect = min(_TALLEST, max(_FLATTEST, macro.rows / macro.columns))
    pitch = macro.lines * macro.columns_per_adc
    return MacroMap(
        rows=macro.rows,
        columns=macro.columns,
        adc_columns=tuple(range(pitch, macro.columns, pitch)) if macro.adcs * 4 <= width else (),
        width=width,
        height=round(width * aspect),
        macros=tuple(
            MacroBox(
                label=macro_name(*place, cores=len(cores)),
                share=sum(box.width * box.height for box in found) / (macro.rows * macro.columns),
                tiles=tuple(found),
            )
            for place, found in boxes.items()
        ),
    )


def _macro_width(macros: int) -> int:
    """Return the pixels of a macro of which so many fill whole rows."""
    most = (_PAGE + _GAP) // (_NARROWEST + _GAP)
    rows = max(_ROWS, -(-macros // most)) if macros > most // _ROWS else 1
    beside = -(-macros // rows)
    return min(_WIDEST, (_PAGE + _GAP) // beside - _GAP)


def _box(tile: Tile, number: int, layer: str, slices: int, lines: int) -> Bar:
    width = lines * slices * tile.outputs
    (first_input, end_input), (first_output, end_output) = tile.input_range, tile.output_range
    text = (
        f"{layer}\n"
        f"matrix rows {first_input}–{end_input - 1} on word lines {tile.row}–{tile.row + tile.rows - 1}\n"
        f"outputs {first_output}–{end_output - 1} on bit lines {tile.column}–{tile.column + width - 1}\n"
        f"gain {tile.gain or 1}"
    )
    return Bar(x=tile.column, y=tile.row, width=width, height=tile.rows, layer=number, text=text)
