"""Chunks of sums, products and concatenations: one copy for each input, of as many pixels as the chunk has.

1. Weighted sum: inputs whose elements look alike are taps of one VEC, at most eight, as many as there are factors.
   Inputs that do not fit the vector buffer together come in several fills.
2. Product: both factors are taps of one VEC. One pixel that counts for every position is loaded for each of them.
3. Concatenation: each input goes to accumulators of its own; POST takes them pixel by pixel, input by input.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nngen.compiler.mapper import multiplies
from nngen.compiler.scheduler.stretches import Stretch
from nngen.ir import Chunk, Combination, ConcatLayer, ElementwiseLayer, Fill, Outputs, ProductLayer, Tensor
from nngen.isa import COEFFICIENTS

from ._site import MOST_COPIES, MOST_POSTS, Cut, Site
from ._walk import is_spread


def elementwise_chunk(site: Site, layer: ElementwiseLayer, cut: Cut) -> Chunk | None:
    """Return the chunk that computes a cut, or None where it does not fit."""
    outputs = site.outputs(cut) if site.fits_outputs(cut) else None
    fills = list(_sums(site, layer, cut))
    if outputs is None or not fills:
        return None
    return _chunk(site, cut, fills, outputs)


def _chunk(site: Site, cut: Cut, fills: Sequence[Fill], outputs: Sequence[Outputs]) -> Chunk:
    element_bytes = site.target.element_bytes
    return Chunk(
        fills=tuple(fills),
        outputs=tuple(outputs),
        offset=site.pointers.offsets[-1] + cut.channels[0] * element_bytes,
        length=cut.elements * element_bytes,
    )


@dataclass(frozen=True, kw_only=True)
class _Term:
    """An input of a sum with its factor; ``register`` is the number of the factor's register."""

    number: int
    tensor: Tensor
    factor: int
    register: int

    @property
    def look(self) -> tuple[int, bool]:
        return self.tensor.element_bytes, self.tensor.signed


def _sums(site: Site, layer: ElementwiseLayer, cut: Cut) -> Iterator[Fill]:
    """Yield the fills of a weighted sum; none where not even one input fits."""
    tensors = site.sources
    order = sorted(range(len(tensors)), key=lambda k: (tensors[k].element_bytes, tensors[k].signed))
    terms = [
        _Term(number=k, tensor=tensors[k], factor=layer.coefficients[k], register=i % COEFFICIENTS)
        for i, k in enumerate(order)
    ]
    groups = _groups(terms, cut, site.vector.buffer_bytes)
    scaled = multiplies(layer)
    for i, group in enumerate(groups):
        yield _sum(site, cut, group, overwrite=i == 0, scaled=scaled)


def _groups(terms: Sequence[_Term], cut: Cut, buffer_bytes: int) -> list[list[_Term]]:
    """Return terms that one VEC takes as taps: of one look, as many as buffer and registers hold."""
    groups: list[list[_Term]] = []
    for term in terms:
        length = cut.elements * term.tensor.element_bytes
        if length > buffer_bytes:
            return []
        last = groups[-1] if groups else []
        if last and last[0].look == term.look and len(last) < COEFFICIENTS and (len(last) + 1) * length <= buffer_bytes:
            last.append(term)
        else:
            groups.append([term])
    return groups


def _sum(site: Site, cut: Cut, terms: Sequence[_Term], *, overwrite: bool, scaled: bool) -> Fill:
    tensor = terms[0].tensor
    length = cut.elements * tensor.element_bytes
    copies = [
        copy
        for place, term in enumerate(terms)
        for copy in site.copies(term.number, [Stretch(cut.channels[0] * tensor.element_bytes, length, place * length)])
    ]
    combination = Combination(
        operation="scale" if scaled else "sum",
        source=0,
        entry=0,
        length=cut.elements,
        taps=len(terms),
        stride=length if len(terms) > 1 else 0,
        element_bytes=tensor.element_bytes,
        signed=tensor.signed,
        overwrite=overwrite,
        coefficient=terms[0].register if scaled else 0,
        factors=tuple(term.factor for term in terms) if scaled else (),
    )
    return Fill(copies=tuple(copies), combinations=(combination,))


def product_chunk(site: Site, layer: ProductLayer, cut: Cut) -> Chunk | None:
    """Return the chunk that computes a cut, or None where it does not fit."""
    outputs = site.outputs(cut) if site.fits_outputs(cut) else None
    tensor = site.sources[0]
    length = cut.elements * tensor.element_bytes
    if outputs is None or 2 * length > site.vector.buffer_bytes:
        return None
    copies = [copy for number in (0, 1) for copy in site.copies(number, _factor(site, layer, cut, number))]
    if cut.pixels > 1 and len(copies) > MOST_COPIES:
        return None
    combination = Combination(
        operation="multiply",
        source=0,
        entry=0,
        length=cut.elements,
        taps=2,
        stride=length,
        element_bytes=tensor.element_bytes,
        signed=tensor.signed,
        overwrite=True,
        zero_points=layer.zero_points,
    )
    return _chunk(site, cut, [Fill(copies=tuple(copies), combinations=(combination,))], outputs)


def _factor(site: Site, layer: ProductLayer, cut: Cut, number: int) -> list[Stretch]:
    """Return what is loaded of a factor, the second behind the first."""
    element_bytes = site.sources[number].element_bytes
    first, length = cut.channels[0] * element_bytes, cut.elements * element_bytes
    if not is_spread(site.network, layer, layer.inputs[number]):
        return [Stretch(first, length, number * length)]
    pixel = cut.width * element_bytes
    return [Stretch(first, pixel, number * length + place * pixel) for place in range(cut.pixels)]


@dataclass(frozen=True, kw_only=True)
class _Part:
    """What an input of a concatenation adds to a cut: its own channels [a, b), and its first accumulator."""

    number: int
    tensor: Tensor
    cut: Cut
    first: int
    entry: int


def concat_chunk(site: Site, layer: ConcatLayer, cut: Cut) -> Chunk | None:
    """Return the chunk that computes a cut, or None where it does not fit."""
    parts = _parts(site, layer, cut)
    entries = parts[-1].entry + parts[-1].cut.elements
    if not site.fits_outputs(cut) or entries > site.vector.accumulators or cut.pixels * len(parts) > MOST_POSTS:
        return None
    if any(part.cut.elements * part.tensor.element_bytes > site.vector.buffer_bytes for part in parts):
        return None
    outputs = [
        Outputs(entry=part.entry + pixel * part.cut.width, count=part.cut.width, record=record, single=single)
        for pixel in range(cut.pixels)
        for part in parts
        for record, single in [site.records.place(part.cut.channels, None)]
    ]
    return _chunk(site, cut, [_part_fill(site, part) for part in parts], outputs)


def _parts(site: Site, layer: ConcatLayer, cut: Cut) -> list[_Part]:
    parts: list[_Part] = []
    entry, word = 0, site.core.word_bytes
    ranges = site.network.channel_ranges(layer)
    for number, (tensor, (first, end)) in enumerate(zip(site.sources, ranges, strict=True)):
        channels = max(first, cut.channels[0]), min(end, cut.channels[1])
        if channels[0] < channels[1]:
            own = Cut(covered=cut.covered, channels=channels)
            parts.append(_Part(number=number, tensor=tensor, cut=own, first=channels[0] - first, entry=entry))
            entry += -(-own.elements // word) * word
    return parts


def _part_fill(site: Site, part: _Part) -> Fill:
    element_bytes = part.tensor.element_bytes
    piece = Stretch(part.first * element_bytes, part.cut.elements * element_bytes, 0)
    combination = Combination(
        operation="sum",
        source=0,
        entry=part.entry,
        length=part.cut.elements,
        element_bytes=element_bytes,
        signed=part.tensor.signed,
        overwrite=True,
    )
    return Fill(copies=site.copies(part.number, [piece]), combinations=(combination,))
