"""The artifacts between the links: integer network, mapping, schedule, program."""

from .exchange import Exchange, Move, Take, Tell
from .mapping import MAPPING_SCHEMA, LayerMapping, Mapping, Tile
from .network import (
    ConcatLayer,
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    HeadOperator,
    HeadStep,
    HostInput,
    HostOutput,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
    TailStep,
    Tensor,
    WindowLayer,
)
from .network_file import NETWORK_SCHEMA, NetworkIndex, load_network, save_network
from .packing import pack_cells, pack_record, unpack_cells, unpack_record
from .program import ConstantRecord, CoreProgram, MemoryImage, Program
from .program_file import PROGRAM_SCHEMA, ProgramIndex, load_program, save_program
from .schedule import (
    CoreSchedule,
    LayerSchedule,
    MacroSetting,
    MatrixSchedule,
    NamedMacro,
    Pass,
    Region,
    Reload,
    Ring,
    Round,
    Run,
    Schedule,
    Source,
)
from .schemas import artifact_schemas, model_schema
from .vector_schedule import (
    Band,
    Chunk,
    CoefficientBlock,
    Combination,
    Copy,
    Fill,
    Operation,
    Outputs,
    Pointer,
    Segment,
    VectorRecord,
    VectorSchedule,
)

__all__ = [
    # network
    "ConcatLayer",
    "CopyLayer",
    "DepthwiseLayer",
    "ElementwiseLayer",
    "HeadOperator",
    "HeadStep",
    "HostInput",
    "HostOutput",
    "Layer",
    "MatrixLayer",
    "Network",
    "PoolLayer",
    "ProductLayer",
    "TailStep",
    "Tensor",
    "WindowLayer",
    # network files
    "NETWORK_SCHEMA",
    "NetworkIndex",
    "load_network",
    "save_network",
    # mapping
    "MAPPING_SCHEMA",
    "LayerMapping",
    "Mapping",
    "Tile",
    # schedule
    "CoreSchedule",
    "Exchange",
    "LayerSchedule",
    "MacroSetting",
    "MatrixSchedule",
    "Move",
    "NamedMacro",
    "Pass",
    "Region",
    "Reload",
    "Ring",
    "Round",
    "Run",
    "Schedule",
    "Source",
    "Take",
    "Tell",
    # schedule of a vector layer
    "Band",
    "Chunk",
    "CoefficientBlock",
    "Combination",
    "Copy",
    "Fill",
    "Operation",
    "Outputs",
    "Pointer",
    "Segment",
    "VectorRecord",
    "VectorSchedule",
    # program
    "ConstantRecord",
    "CoreProgram",
    "MemoryImage",
    "Program",
    "pack_cells",
    "pack_record",
    "unpack_cells",
    "unpack_record",
    # program files
    "PROGRAM_SCHEMA",
    "ProgramIndex",
    "load_program",
    "save_program",
    # JSON Schemas
    "artifact_schemas",
    "model_schema",
]
