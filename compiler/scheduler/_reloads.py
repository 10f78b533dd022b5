"""Weights beyond the macros: which macros are written anew before which layer, and where their words stand meanwhile.

1. A macro that serves one phase only is written by the host, once.
2. Any other is written at the start of each phase that it serves, also of the first: the next run finds it as the last
   phase left it.
3. The words of all phases stand at the end of activation memory, where no tensor comes; the host puts them there once.
"""

from __future__ import annotations

from collections.abc import Sequence

from nngen.arch import Core
from nngen.errors import CapacityError
from nngen.ir import Mapping, Network, Reload
from nngen.isa import BY_MNEMONIC, words_per_row

from .cores import NumberedCore

_LONGEST = BY_MNEMONIC["PROG"].field("length").highest
_WORD_BYTES = 4


def plan_reloads(network: Network, mapping: Mapping, core: NumberedCore) -> tuple[Reload, ...]:
    """Return the reloads of a core, whose tiles ``mapping`` has, in the order of layers.

    The last one's words end at the end of activation memory.
    """
    heights: dict[tuple[int, int], int] = {}  # word lines in use, by phase and macro
    first_layers: dict[int, str] = {}
    for layer in network.matrix_layers:
        for tile in mapping.layer(layer.name).tiles:
            first_layers.setdefault(tile.phase, layer.name)
            key = tile.phase, tile.macro
            heights[key] = max(heights.get(key, 0), tile.row + tile.rows)
    phases = [macro for _, macro in heights]
    shared = sorted((phase, macro) for phase, macro in heights if phases.count(macro) > 1)
    reloads = [
        Reload(layer=first_layers[phase], phase=phase, macro=macro, rows=heights[phase, macro], address=0)
        for phase, macro in shared
    ]
    return _placed(reloads, core)


def reload_bytes(reloads: Sequence[Reload], core: Core) -> int:
    """Return the activation memory that the words of reloads take, in whole memory words."""
    size = sum(_size(one, core) for one in reloads)
    return -(-size // core.word_bytes) * core.word_bytes


def _placed(reloads: Sequence[Reload], numbered: NumberedCore) -> tuple[Reload, ...]:
    core = numbered.core
    needed = reload_bytes(reloads, core)
    if needed > core.activation_bytes:
        raise CapacityError(
            f"weights that are loaded while the network runs take {needed} bytes of activation memory, "
            f"{numbered.name} has {core.activation_bytes}: enlarge {numbered.table}.memory.activation_bytes, or set "
            f"{numbered.table}.macros higher"
        )
    address = core.activation_bytes - needed
    placed: list[Reload] = []
    for one in reloads:
        if _size(one, core) > _LONGEST * _WORD_BYTES:
            raise CapacityError(
                f"macros have {_size(one, core) // _WORD_BYTES} programming words, one instruction writes at most "
                f"{_LONGEST}"
            )
        placed.append(one.model_copy(update={"address": address}))
        address += _size(one, core)
    return tuple(placed)


def _size(one: Reload, core: Core) -> int:
    return one.rows * words_per_row(core) * _WORD_BYTES
