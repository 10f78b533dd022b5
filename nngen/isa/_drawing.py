"""Draws the bits of a word as boxes."""

from __future__ import annotations

from collections.abc import Iterable

from ._fields import Field


def draw_word(fields: Iterable[Field], *, bits: int) -> str:
    """Return a drawing of the fields of a word of ``bits`` bits, most significant first; unused bits show ``0``.

    Three lines: the bit numbers of each field, its box, its name. Widths of the boxes follow the names, not the bits.
    """
    boxes = list(_boxes(sorted(fields, key=lambda field: field.offset), bits))[::-1]
    numbers = [str(high) if high == low else f"{high} {low}" for _, high, low in boxes]
    widths = [max(len(name), len(number)) + 2 for (name, _, _), number in zip(boxes, numbers, strict=True)]
    spans = [_spread(number, width) for number, width in zip(numbers, widths, strict=True)]
    names = [name.center(width) for (name, _, _), width in zip(boxes, widths, strict=True)]
    lines = [f" {' '.join(spans)}".rstrip(), _edge(widths, "┌┬┐"), f"│{'│'.join(names)}│", _edge(widths, "└┴┘")]
    return "\n".join(lines)


def _boxes(fields: list[Field], bits: int) -> Iterable[tuple[str, int, int]]:
    """Name, highest and lowest bit of each field and each gap, from bit 0 up."""
    end = 0
    for field in fields:
        if field.offset > end:
            yield "0", field.offset - 1, end
        end = field.offset + field.width
        yield field.name, end - 1, field.offset
    if end < bits:
        yield "0", bits - 1, end


def _spread(number: str, width: int) -> str:
    """Put the highest bit at the left edge of a box and the lowest at its right one."""
    high, _, low = number.partition(" ")
    return f"{high}{low:>{width - len(high)}}" if low else high.center(width)


def _edge(widths: list[int], corners: str) -> str:
    return corners[0] + corners[1].join("─" * width for width in widths) + corners[2]
