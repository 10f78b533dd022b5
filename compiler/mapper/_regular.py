"""Regular placements: all row tiles are spread alike, over macros of their own or in turns."""

from __future__ import annotations

from collections.abc import Iterator

from nngen.arch import Core

from ._candidate import Candidate, Piece, block_limit, load_words, step_cycles
from ._cost import RoundCost, layer_cycles
from ._demand import Demand

LARGEST_OVERLAP = 4  # blocks that a layer of one position is cut into, so that POST works beside MVM


def regular(demand: Demand, core: Core, bounds: tuple[int, ...], *, even: bool) -> Iterator[Candidate]:
    """Yield placements whose row tiles run ``lanes`` at a time, each lane on as many macros as are left to it.

    The outputs come in blocks, as many as the output buffer asks for; for a layer of one position also in more.

    Parameters
    ----------
    even
        Spread the widest placements over all macros of a lane, which leaves columns free in each, instead of over as
        few macros as take no more time, which leaves others free as a whole.
    """
    for lanes in range(1, min(len(bounds) - 1, core.macros) + 1):
        for blocks in _block_counts(demand, core, overlap=not even):
            yield from _with_steps(demand, core, bounds, lanes, -(-demand.outputs // blocks), even=even)


def _block_counts(demand: Demand, core: Core, *, overlap: bool) -> range:
    fewest = -(-demand.outputs // block_limit(demand, core))
    most = max(fewest, LARGEST_OVERLAP) if demand.positions == 1 and overlap else fewest
    return range(fewest, min(most, demand.outputs) + 1)


def _with_steps(
    demand: Demand, core: Core, bounds: tuple[int, ...], lanes: int, block: int, *, even: bool
) -> Iterator[Candidate]:
    """Yield the placements from the widest spread to the densest; each needs fewer macros than the one before."""
    tiles, adcs = len(bounds) - 1, core.macro.adcs
    turns = -(-tiles // lanes) * -(-demand.outputs // block)
    fewest_steps = -(-block // (core.macros // lanes * adcs))
    previous = 0
    for steps in range(fewest_steps, core.macro.columns_per_adc // (demand.slices * turns) + 1):
        macros = -(-block // (steps * adcs))
        if macros == previous:
            continue
        previous = macros
        if even and steps == fewest_steps > 1 == turns:
            thick = _thick_outputs(block, core.macros // lanes, steps, core)
            group = [piece for tile in range(tiles) for piece in _two_widths(tile, thick, block, steps)]
        else:
            group = [_lane(range(lane, tiles, lanes), block, steps, demand) for lane in range(lanes)]
        cycles = _cycles(demand, core, bounds, lanes=lanes, block=block, steps=steps)
        yield Candidate(bounds=bounds, groups=(tuple(group),), cycles=cycles)


def _lane(tiles: range, block: int, steps: int, demand: Demand) -> Piece:
    """Return the piece whose turns are the row tiles of a lane, block by block."""
    blocks = [(first, min(first + block, demand.outputs)) for first in range(0, demand.outputs, block)]
    return Piece(turns=tuple((tile, outputs) for outputs in blocks for tile in tiles), steps=steps)


def _thick_outputs(outputs: int, macros: int, steps: int, core: Core) -> int:
    """Return the outputs on as few macros with ``steps`` an ADC as the others, with one fewer, leave to be done."""
    adcs = core.macro.adcs
    thick_macros = -(-(outputs - (steps - 1) * macros * adcs) // adcs)
    return min(outputs, thick_macros * adcs * steps)


def _two_widths(tile: int, thick: int, outputs: int, steps: int) -> Iterator[Piece]:
    """Yield the first ``thick`` outputs at ``steps`` an ADC, the rest at one fewer."""
    yield Piece(turns=((tile, (0, thick)),), steps=steps)
    if thick < outputs:
        yield Piece(turns=((tile, (thick, outputs)),), steps=steps - 1)


def _cycles(demand: Demand, core: Core, bounds: tuple[int, ...], *, lanes: int, block: int, steps: int) -> int:
    passes = -(-(len(bounds) - 1) // lanes)
    one = RoundCost(
        load=load_words(demand, bounds, core),
        mvm=passes * steps * step_cycles(demand, core),
        post=block,  # POST adds what macros hold alike in one cycle
        store=-(-block * demand.output_bytes // core.word_bytes),
    )
    return layer_cycles([one] * -(-demand.outputs // block), positions=demand.positions)
