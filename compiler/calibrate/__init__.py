"""Chooses each layer's gain and folds the converters' mean error into b, on sample data or by proof."""

from ._calibrate import calibrate

__all__ = ["calibrate"]
