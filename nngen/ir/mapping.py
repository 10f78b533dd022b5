"""``mapping.json``: which weights sit in which macro, where."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from nngen.numerics import Encoding

MAPPING_SCHEMA = "nngen/mapping/1"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Tile(_Strict):
    """A rectangle of one macro that holds part of a layer's weight matrix.

    ``row`` is the first word line, ``column`` the first bit line. ``input_range`` [a, b) counts matrix rows in the
    order (kernel y, kernel x, channel), ``output_range`` [c, d) output channels. Output c + i occupies the bit lines
    ``column + lines * slices * i`` onwards: its slices, least significant first, each on two bit lines in encoding
    ``differential``, on one in ``twos_complement``, where the last slice holds the sign, and in ``offset``. A layer has
    as many slices as its widest weight needs.
    """

    core: int = Field(default=0, ge=0)
    macro: int = Field(ge=0)
    row: int = Field(ge=0)
    column: int = Field(ge=0)
    input_range: tuple[int, int]
    output_range: tuple[int, int]
    encoding: Encoding | None = Field(default=None, description="that of the core's macros")
    gain: int | None = Field(default=None, ge=1)
    replica: int = Field(default=0, ge=0)
    phase: int = Field(default=0, ge=0)

    @property
    def place(self) -> tuple[int, int]:
        """The core, and the macro in it."""
        return self.core, self.macro

    @property
    def rows(self) -> int:
        """Word lines in use."""
        return self.input_range[1] - self.input_range[0]

    @property
    def outputs(self) -> int:
        """Output channels in this tile."""
        return self.output_range[1] - self.output_range[0]


def macro_name(core: int, macro: int, *, cores: int) -> str:
    """Return what people call a macro of a chip with so many cores: its core is named only where there are several."""
    return f"macro {macro}" if cores == 1 else f"core {core} macro {macro}"


class LayerMapping(_Strict):
    """All tiles of one layer, named by its ONNX output tensor; a vector layer runs on unit ``vec`` and has none."""

    layer: str
    unit: Literal["mvm", "vec"] | None = Field(
        default=None, description="mvm: the crossbar macros; vec: the digital unit; left out: the one for its kind"
    )
    core: int = Field(default=0, ge=0)
    tiles: tuple[Tile, ...] = Field(default=(), description="none on VEC")


class Mapping(_Strict):
    """The whole file."""

    schema_: Literal["nngen/mapping/1"] = Field(default="nngen/mapping/1", alias="schema")
    architecture_sha256: str | None = None
    layers: tuple[LayerMapping, ...]

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    def layer(self, name: str) -> LayerMapping:
        """Return the mapping of the layer of this name."""
        return next(layer for layer in self.layers if layer.layer == name)
