"""Every hardware parameter, validated once."""

from ._architecture import Architecture, architecture_of, read_architecture
from ._model import AdcChoice, ArchitectureFile, CellChoice, CoreSpec, MacroSpec, MemorySpec
from ._resolved import Core, Macro

__all__ = [
    "AdcChoice",
    "Architecture",
    "ArchitectureFile",
    "CellChoice",
    "Core",
    "CoreSpec",
    "Macro",
    "MacroSpec",
    "MemorySpec",
    "architecture_of",
    "read_architecture",
]
