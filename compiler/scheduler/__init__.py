"""Decides in what order the units of a core work, and where tensors live."""

from ._scheduler import schedule

__all__ = ["schedule"]
