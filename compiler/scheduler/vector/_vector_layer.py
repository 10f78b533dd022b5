"""Schedules a vector layer: bands of rows, their segments, and what they take of records and coefficients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import groupby

from nngen.compiler.mapper import VectorLayer, table_slot
from nngen.compiler.scheduler.cores import NumberedCore
from nngen.compiler.scheduler.halo import is_clipped
from nngen.errors import CapacityError
from nngen.ir import (
    Band,
    Chunk,
    CopyLayer,
    ElementwiseLayer,
    Exchange,
    Network,
    ProductLayer,
    Region,
    Ring,
    Segment,
    VectorSchedule,
    WindowLayer,
)

from ._bands import Span, spans_of
from ._coefficients import CoefficientMemory
from ._copies import copy_chunk
from ._points import concat_chunk, elementwise_chunk, product_chunk
from ._records import RecordBook
from ._segments import Build, Patch, best_segments
from ._site import Cut, Site
from ._walk import Pointers, walk_of
from ._windows import window_chunk


def schedule_vector(
    network: Network,
    layer: VectorLayer,
    regions: Mapping[str, Region],
    core: NumberedCore,
    *,
    record: int,
    coefficients: CoefficientMemory,
    repeats: bool,
    exchange: Exchange,
    rings: Mapping[str, Ring],
) -> VectorSchedule:
    """Schedule a layer; its first constant record is ``record``, its coefficients are taken from ``coefficients``.

    Tensors of ``rings`` have address registers to themselves. With ``repeats`` it may have its constants several times,
    so that one POST serves several pixels.

    Raises
    ------
    CapacityError
        Where its coefficients do not fit, or a chip is too small for even one output.
    """
    if core.core.vector is None:
        raise CapacityError(f"layer '{layer.name}' runs on VEC, which {core.name} has not")
    walk = walk_of(network, layer, regions, rings)
    taken = len({ring.address_register for ring in rings.values()})
    element_bytes = network.tensors[layer.inputs[0]].element_bytes
    site = Site(
        network=network,
        layer=layer,
        core=core.core,
        table=core.table,
        vector=core.core.vector,
        regions=regions,
        walk=walk,
        pointers=Pointers.of(walk, layer=layer.name, taken=taken),
        records=RecordBook(layer, record),
        coefficients=coefficients.layer(layer.name, element_bytes=element_bytes),
        repeats=repeats,
    )
    bands = _bands(site)
    coefficients.keep(layer.name, site.coefficients)
    return VectorSchedule(
        layer=layer.name,
        inputs=layer.inputs,
        output=layer.output,
        table=table_slot(network, layer),
        pointers=site.pointers.pointers,
        output_pointer=site.pointers.numbers[-1],
        output_offset=site.pointers.offsets[-1],
        rows_at_once=walk.rows_at_once,
        bands=bands,
        record=record,
        records=tuple(site.records.records),
        coefficients=tuple(site.coefficients.blocks),
        exchange=exchange,
    )


def _bands(site: Site) -> tuple[Band, ...]:
    if isinstance(site.layer, CopyLayer):
        return (_band_of_copy(site, site.layer),)
    clipped = is_clipped(site.network, site.layer)
    rows, columns = (
        spans_of(site.network, site.layer, axis=axis, outputs=outputs, clipped=clipped)
        for axis, outputs in enumerate((site.walk.rows, site.walk.columns))
    )
    windows = [list(spans) for _, spans in groupby(columns, key=lambda span: span.kernel)]
    return tuple(
        Band(rows=row.count, segments=tuple(segment for spans in windows for segment in _segments(site, row, spans)))
        for row in rows
    )


def _band_of_copy(site: Site, layer: CopyLayer) -> Band:
    """Return the band that writes the rows at once one after the other, each in segments of its own."""
    columns = site.walk.columns
    segments: list[Segment] = []
    for number in range(site.walk.rows_at_once):
        covered = (None,) * columns
        patch = Patch(first_row=0, rows=site.walk.rows, first_column=number * columns, covered=covered)
        segments += best_segments(site, patch, (partial(_row_of_copy, layer, number),))
    return Band(rows=site.walk.rows, segments=tuple(segments))


def _row_of_copy(layer: CopyLayer, number: int, site: Site, cut: Cut) -> Chunk | None:
    return copy_chunk(site, layer, cut, number)


def _segments(site: Site, row: Span, columns: Sequence[Span]) -> tuple[Segment, ...]:
    """Return the segments of neighbouring columns that see the same window."""
    patch = Patch(
        first_row=row.first,
        rows=row.count,
        first_column=columns[0].first,
        covered=tuple(_covered(site.layer, row, span) for span in columns for _ in range(span.count)),
    )
    return best_segments(site, patch, _builds(site.layer, row, columns[0]))


def _covered(layer: VectorLayer, row: Span, column: Span) -> int | None:
    """Return how many elements count in a window; None where all of them do, or it does not matter."""
    if row.covered is None or column.covered is None:
        return None
    covered = row.covered * column.covered
    return None if covered == layer.rows else covered


def _builds(layer: VectorLayer, row: Span, column: Span) -> tuple[Build, ...]:
    """Return the ways in which a chunk of the layer can be made."""
    if isinstance(layer, WindowLayer):
        kernel = (row.kernel, column.kernel)
        return tuple(
            lambda site, cut, strip=strip: window_chunk(site, layer, cut, kernel, strip=strip)
            for strip in (False, True)
        )
    if isinstance(layer, ElementwiseLayer):
        return (lambda site, cut: elementwise_chunk(site, layer, cut),)
    if isinstance(layer, ProductLayer):
        return (lambda site, cut: product_chunk(site, layer, cut),)
    assert not isinstance(layer, CopyLayer)
    return (lambda site, cut: concat_chunk(site, layer, cut),)
