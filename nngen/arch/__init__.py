"""Every hardware parameter, validated once."""

from nngen.numerics import Encoding

from ._architecture import Architecture, architecture_of, read_architecture
from ._model import AdcChoice, ArchitectureFile, CellChoice, CoreSpec, MacroSpec, MemorySpec, VectorSpec
from ._resolved import Core, Macro, Vector

__all__ = [
    "AdcChoice",
    "Architecture",
    "ArchitectureFile",
    "CellChoice",
    "Core",
    "CoreSpec",
    "Encoding",
    "Macro",
    "MacroSpec",
    "MemorySpec",
    "Vector",
    "VectorSpec",
    "architecture_of",
    "read_architecture",
]
