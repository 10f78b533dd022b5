"""Every hardware parameter, validated once."""

from nngen.numerics import Encoding

from ._analog import AnalogMacro, CellUse
from ._architecture import Architecture, architecture_of, read_architecture
from ._model import (
    MOST_CORES,
    AdcChoice,
    ArchitectureFile,
    CellChoice,
    CoreSpec,
    MacroSpec,
    MemorySpec,
    VectorSpec,
    WiresSpec,
)
from ._resolved import Bus, Core, Macro, Vector

__all__ = [
    "MOST_CORES",
    "AdcChoice",
    "AnalogMacro",
    "Architecture",
    "ArchitectureFile",
    "Bus",
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
