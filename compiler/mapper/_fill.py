"""Ways to divide the layers of a network among the cores of a chip; whether a core has room is asked exactly.

1. ``filled``: layer after layer goes to the core that is being filled, what does not fit it to the next ones, in the
   end to what earlier ones have left. With ``whole``, a layer that fits into the next core as a whole is not divided.
2. ``evened``: every layer is divided evenly over a number of cores, those that are filled least; where they do not hold
   it, over more.
3. A single output that no core holds is cut by rows into as many parts as cores must share it, where that is asked for:
   ``row_parts``. Each part is divided like a layer of its own.
"""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from nngen.arch import Core
from nngen.sim.kpi import largest_sum_of

from ._compact import lay
from ._demand import Demand
from ._shares import Share, Shares, even_shares

Able = Dictionary[str, tuple[int, ...]]  # the cores that can compute a layer


@dataclass(frozen=True, kw_only=True)
class Part:
    """A layer, or some of its matrix rows."""

    demand: Demand
    inputs: tuple[int, int] | None = None

    @property
    def rows(self) -> int:
        """Matrix rows."""
        return self.demand.rows if self.inputs is None else self.inputs[1] - self.inputs[0]


@dataclass(kw_only=True)
class Filling:
    """Cores and what they hold so far."""

    cores: Sequence[Core]
    held: list[list[Demand]] = field(init=False)
    _known: dict[tuple[Core, tuple[Demand, ...]], bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.held = [[] for _ in self.cores]

    def fits(self, core: int, demand: Demand) -> bool:
        """Return whether a core holds one more layer."""
        if self.free(core, demand) < demand.outputs:
            return False
        held = [*self.held[core], demand]
        named = tuple(replace(one, name=str(i)) for i, one in enumerate(held))
        key = self.cores[core], named
        if key not in self._known:
            self._known[key] = lay(named, self.cores[core], macros=self.cores[core].macros) is not None
        return self._known[key]

    def free(self, core: int, demand: Demand) -> int:
        """Return how many outputs of a layer the free cells of a core take, wherever they are."""
        macro = self.cores[core].macro
        held = [*self.held[core], demand]
        usable = largest_sum_of({one.slices for one in held}, macro.columns_per_adc)
        cells = self.cores[core].macros * macro.adcs * usable * macro.rows
        cells -= sum(one.rows * one.outputs * one.slices for one in self.held[core])
        return max(0, cells // (demand.rows * demand.slices))

    def most(self, core: int, demand: Demand) -> int:
        """Return how many outputs of a layer a core takes; in whole macros' columns, where they are not few."""
        free = min(demand.outputs, self.free(core, demand))
        if not free or self.fits(core, replace(demand, outputs=free)):
            return free
        low, high = 0, free  # it takes so many, and does not
        while high - low > 1:
            middle = (low + high) // 2
            if self.fits(core, replace(demand, outputs=middle)):
                low = middle
            else:
                high = middle
        return low

    def take(self, part: Part, share: Share) -> Share:
        """Note that a core holds a share, and return it with its rows."""
        full = replace(share, inputs=part.inputs)
        self.held[share.core].append(full.of(part.demand))
        return full


def row_parts(demand: Demand, cores: Sequence[Core], able: Able, *, split_rows: bool) -> tuple[Part, ...]:
    """Return the layer as it is, or its rows in as many equal parts as it takes for one output to fit a core."""
    one = replace(demand, outputs=1)
    for count in range(1, len(able[demand.name]) + 1 if split_rows else 2):
        height = -(-demand.rows // count)
        if any(Filling(cores=cores).fits(core, replace(one, rows=height)) for core in able[demand.name]):
            break
    else:
        count, height = 1, demand.rows
    if count == 1:
        return (Part(demand=demand),)
    return tuple(
        Part(demand=demand, inputs=(first, min(first + height, demand.rows))) for first in range(0, demand.rows, height)
    )


def filled(parts: Sequence[Part], cores: Sequence[Core], able: Able, *, whole: bool) -> Shares | None:
    """Return shares that fill core after core, or None where the cores do not take all layers."""
    filling = Filling(cores=cores)
    shares: Shares = {part.demand.name: () for part in parts}
    begun = 0  # the core that is being filled
    for part in parts:
        name = part.demand.name
        later = [core for core in able[name] if core >= begun]
        order = [*later, *(core for core in able[name] if core < begun)]
        if whole:
            demand = Share(core=0, outputs=(0, part.demand.outputs), inputs=part.inputs).of(part.demand)
            takes_all = next((core for core in order if filling.fits(core, demand)), None)
            order = order if takes_all is None else [takes_all]
        found = _poured(part, order, filling)
        if found is None:
            return None
        shares[name] += found
        begun = max([begun, *(share.core for share in found if share.core in later)])
    return shares


def evened(parts: Sequence[Part], cores: Sequence[Core], able: Able, *, width: int) -> Shares | None:
    """Return shares of every layer on ``width`` cores, or more where they must; None where all do not take it."""
    filling = Filling(cores=cores)
    shares: Shares = {part.demand.name: () for part in parts}
    for part in sorted(parts, key=lambda p: -p.rows * p.demand.outputs * p.demand.slices):
        order = sorted(able[part.demand.name], key=lambda core: (_filled_share(filling, core), core))
        found = _even(part, order, filling, width=width)
        if found is None:
            return None
        shares[part.demand.name] += found
    return shares


def _even(part: Part, order: Sequence[int], filling: Filling, *, width: int) -> tuple[Share, ...] | None:
    for count in range(min(width, len(order)), len(order) + 1):
        option = even_shares(part.demand.outputs, sorted(order[:count]), unit=filling.cores[0].macro.adcs)
        if all(filling.fits(share.core, replace(share, inputs=part.inputs).of(part.demand)) for share in option):
            return tuple(filling.take(part, share) for share in option)
    return _poured(part, order, filling)


def _filled_share(filling: Filling, core: int) -> float:
    """Return the filled part of a core."""
    macro = filling.cores[core].macro
    cells = sum(one.rows * one.outputs * one.slices for one in filling.held[core])
    return cells / (filling.cores[core].macros * macro.rows * macro.conversions)


def _poured(part: Part, order: Sequence[int], filling: Filling) -> tuple[Share, ...] | None:
    """Return shares of as many outputs as each core in turn takes, or None where some are left."""
    found: list[Share] = []
    first = 0
    for core in order:
        rest = Share(core=core, outputs=(first, part.demand.outputs), inputs=part.inputs)
        count = filling.most(core, rest.of(part.demand))
        if count:
            found.append(filling.take(part, replace(rest, outputs=(first, first + count))))
            first += count
        if first == part.demand.outputs:
            return tuple(found)
    return None
