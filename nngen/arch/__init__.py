"""Every hardware parameter, validated once."""

from nngen.numerics import Encoding

from ._analog import AnalogMacro, CellUse
from ._architecture import Architecture, architecture_of, read_architecture
from ._model import AdcChoice, ArchitectureFile, CellChoice, CoreSpec, MacroSpec, MemorySpec, VectorSpec, WiresSpec
from ._resolved import Core, Macro, Vector

__all__ = [
    "AdcChoice",
    "AnalogMacro",
    "Architecture",
    "ArchitectureFile",
    "CellChoice",
    "CellUse",
    "Core",
    "CoreSpec",
    "Encoding",
    "Macro",
    "MacroSpec",
    "MemorySpec",
    "Vector",
    "VectorSpec",
    "WiresSpec",
    "architecture_of",
    "read_architecture",
]
