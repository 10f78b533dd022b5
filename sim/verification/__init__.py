"""Checks of the generated hardware that need no simulation."""

from .ports import Port, VerilogReader

__all__ = ["Port", "VerilogReader"]
