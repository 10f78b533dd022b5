"""Writes programs: instructions, constant records and macro images."""

from ._generator import generate

__all__ = ["generate"]
