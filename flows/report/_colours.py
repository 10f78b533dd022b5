"""Colours of layers: told apart on white, the same in every drawing of a page."""

from __future__ import annotations

import colorsys

# A dozen that differ in hue and in lightness; what comes after them turns around the circle by the golden angle.
_FIRST = (
    *("#3b6fb6", "#e08a2e", "#3f9c64", "#c8505a", "#7d62b3", "#2f9fa8"),
    *("#b5893f", "#d873a6", "#6b7f3a", "#5aa0dc", "#9a5a3c", "#8a93a6"),
)
_GOLDEN = 0.61803398875


def layer_colours(layers: int) -> tuple[str, ...]:
    """Return a colour for each layer."""
    return tuple(_FIRST[i] if i < len(_FIRST) else _turned(i) for i in range(layers))


def _turned(number: int) -> str:
    lightness = (0.42, 0.55, 0.66)[number % 3]
    channels = colorsys.hls_to_rgb(number * _GOLDEN % 1, lightness, 0.5)
    return "#" + "".join(f"{round(255 * channel):02x}" for channel in channels)
