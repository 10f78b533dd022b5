"""Chooses the numbers of a chip for a network.

1. A cell holds half the bits of the widest weight, or all where that is few; so a weight takes one or two slices.
2. Converters have nine bits, or fewer where that loses nothing, and every gain up to their step.
3. Macros have the smallest size of which a few hold the network, and there are as many as are needed. Where memories
   cannot be large enough, larger macros are tried.
4. The memory port is the narrowest with which loads and stores set no layer's bound.
5. The network is compiled with the largest memories that there can be; what it uses of them, with some room, they get.
6. Accumulators have the bits with which the compiler proves that nothing overflows whatever the gains, and one more.
7. The network is compiled for the result. Should that not fit, everything measured gets twice its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from nngen.compiler.mapper import check_overflow, different_tables, macros_needed, map_network
from nngen.errors import CapacityError, InputError
from nngen.flows.compiling import Compiled, compile_network
from nngen.flows.progress import Progress
from nngen.ir import Mapping, MatrixLayer, Network
from nngen.isa import MACRO_LIMIT
from nngen.numerics import Converter, WeightFormat
from nngen.sim.kpi import layer_bounds

from ._draft import (
    MOST_ACCUMULATOR_BITS,
    MOST_ACTIVATION_BITS,
    MOST_ACTIVATION_BYTES,
    MOST_COEFFICIENT_WORDS,
    MOST_INSTRUCTIONS,
    MOST_OUTPUT_BYTES,
    MOST_RECORDS,
    Draft,
)

SIZES = ((64, 64), (128, 128), (256, 256), (512, 512), (1024, 1024), (1984, 2048), (1984, 4096))
FEW_MACROS = 16
ADC_BITS = 9
COLUMNS_PER_ADC = 8
PORTS = (8, 16, 32, 64)  # bytes
NARROWEST_PORT = 4
MOST_CELL_BITS = 4
LARGEST_GAIN = 1 << 15
LEAST_ACCUMULATOR_BITS = 8
ROOM = 9 / 8  # of what the program takes, which another calibration may change a little


@dataclass(frozen=True, kw_only=True)
class Found:
    """A chip and the proof that it holds the network.

    Parameters
    ----------
    draft
        Its numbers.
    compiled
        The network on it.
    overflow_bits
        Bits that accumulators must have.
    lossless_bits
        Bits with which converters would lose nothing.
    """

    draft: Draft
    compiled: Compiled
    overflow_bits: int
    lossless_bits: int


def search(network: Network, *, rows: int | None, columns: int | None, progress: Progress) -> Found:
    """Return a chip that holds the network; see the rules of the module.

    Raises
    ------
    InputError
        No macro has these rows or columns.
    CapacityError
        No chip holds the network: what it needs, and the most there can be.
    """
    refused = CapacityError(f"network '{network.name}' needs more than {MACRO_LIMIT} macros, the most a core has")
    for draft in _drafts(network, rows, columns, progress):
        try:
            return _proven(network, _with_port(draft, network), progress)
        except CapacityError as error:  # larger macros need fewer partial sums: less of every memory
            refused = error
    raise refused


def _drafts(network: Network, rows: int | None, columns: int | None, progress: Progress) -> Iterator[Draft]:
    """Yield chips from the smallest macros of which a few hold the network on; the largest may be many."""
    sizes = list(dict.fromkeys((rows or height, columns or width) for height, width in SIZES))
    for height, width in sizes:
        most = MACRO_LIMIT if (height, width) == sizes[-1] else FEW_MACROS
        draft = _draft(network, height, width)
        progress(f"trying macros of {height}x{width}")
        if _cells(network, draft) > most * height * width:
            continue
        needed = macros_needed(network, draft.architecture().core)
        if needed is not None and needed <= most:
            yield replace(draft, macros=needed)


def _proven(network: Network, draft: Draft, progress: Progress) -> Found:
    """Return the chip with memories and accumulators that suffice; raises CapacityError where the most do not."""
    progress("compiling with the largest memories")
    mapping = map_network(network, draft.architecture())
    compiled = compile_network(network, draft.architecture(), mapping=mapping)
    overflow_bits = _overflow_bits(draft, ((network, mapping), (compiled.network, compiled.mapping)))
    lossless = lossless_bits(draft.rows, draft.cell_bits)
    progress("compiling for the chip")
    fitted = _fitted(draft, compiled, overflow_bits, 1)
    try:
        proof = compile_network(network, fitted.architecture())
    except CapacityError:
        fitted = _fitted(draft, compiled, overflow_bits, 2)
        proof = compile_network(network, fitted.architecture())
    return Found(draft=fitted, compiled=proof, overflow_bits=overflow_bits, lossless_bits=lossless)


def _draft(network: Network, rows: int, columns: int) -> Draft:
    layers = network.matrix_layers
    weight_bits = max((largest_weight(layer).bit_length() for layer in layers), default=1) or 1
    cell_bits = weight_bits if weight_bits <= MOST_CELL_BITS else -(-weight_bits // 2)
    slices = max((slices_of(layer, cell_bits) for layer in layers), default=1)
    if rows % NARROWEST_PORT:
        raise InputError(
            f"rows of a macro must be a multiple of {NARROWEST_PORT}, the narrowest memory word, not {rows}"
        )
    if columns % (2 * slices):
        raise InputError(f"columns of a macro must be a multiple of {2 * slices}, those of one weight, not {columns}")
    adc_bits = min(ADC_BITS, lossless_bits(rows, cell_bits))
    step = Converter(bits=adc_bits, full_scale=_full_scale(rows, cell_bits), signed=True).step
    return Draft(
        name=chip_name(network.name),
        description=f"suggested for {network.name}",
        rows=rows,
        columns=columns,
        cell_bits=cell_bits,
        adc_bits=adc_bits,
        columns_per_adc=_columns_per_adc(columns // 2, slices),
        gains=tuple(1 << i for i in range(min(step, LARGEST_GAIN).bit_length())),
        activation_bits=_widest_input(network),
        word_bytes=next((port for port in PORTS if rows % port == 0), NARROWEST_PORT),
        output_buffer_bytes=_output_buffer(network),
        has_vector=len(network.matrix_layers) < len(network.layers),
        tables=_power(tables, 1) if (tables := len(different_tables(network))) else 0,
        negative_slope=any(layer.requantization.has_negative for layer in network.layers),
    )


def _widest_input(network: Network) -> int:
    """Return the bits of the widest code that a row buffer takes."""
    widths = [network.tensors[layer.input].bits for layer in network.matrix_layers]
    return max((bits for bits in widths if bits <= MOST_ACTIVATION_BITS), default=8)


def slices_of(layer: MatrixLayer, cell_bits: int) -> int:
    """Return the pairs in which a weight of a layer is stored: chips that are suggested are differential."""
    return WeightFormat.of(layer.weights, encoding="differential", cell_bits=cell_bits).slices


def largest_weight(layer: MatrixLayer) -> int:
    """Return the largest magnitude of a layer's weights."""
    return int(np.abs(layer.weights).max(initial=0))


def lossless_bits(rows: int, cell_bits: int) -> int:
    """Return the bits of a converter whose step is one unit cell."""
    return _full_scale(rows, cell_bits).bit_length() + 1


def _full_scale(rows: int, cell_bits: int) -> int:
    return rows * ((1 << cell_bits) - 1)


def _columns_per_adc(pairs: int, slices: int) -> int:
    """Return the largest divisor of the pairs up to the usual number that whole weights fill, or else the least."""
    divisors = [divisor for divisor in range(slices, min(pairs, 255) + 1) if pairs % divisor == 0]
    whole = [divisor for divisor in divisors if divisor % slices == 0 and divisor <= COLUMNS_PER_ADC]
    return whole[-1] if whole else divisors[0]


def _cells(network: Network, draft: Draft) -> int:
    return sum(2 * layer.weights.size * slices_of(layer, draft.cell_bits) for layer in network.matrix_layers)


def _output_buffer(network: Network) -> int:
    """Return bytes for all outputs of a position of any layer, as far as a buffer may hold them."""
    tensors = [network.tensors[layer.output] for layer in network.layers]
    most = max((tensor.shape[2] * tensor.element_bytes for tensor in tensors), default=1)
    return min(_power(most, 64), MOST_OUTPUT_BYTES // max(PORTS) * max(PORTS))


def _with_port(draft: Draft, network: Network) -> Draft:
    def total(port: int) -> int:
        core = replace(draft, word_bytes=port).architecture().core
        return sum(layer_bounds(network, layer, core).bound for layer in network.layers)

    ports = [port for port in PORTS if draft.rows % port == 0]
    if not ports:
        return draft
    least = total(ports[-1])
    chosen = replace(draft, word_bytes=next(port for port in ports if total(port) == least))
    needed = macros_needed(network, chosen.architecture().core)
    return draft if needed is None else replace(chosen, macros=needed)


def _overflow_bits(draft: Draft, cases: Sequence[tuple[Network, Mapping]]) -> int:
    """Return the fewest accumulator bits with which nothing overflows, whether gains are open or chosen."""
    for bits in range(LEAST_ACCUMULATOR_BITS, MOST_ACCUMULATOR_BITS):
        architecture = replace(draft, accumulator_bits=bits).architecture()
        try:
            for network, mapping in cases:
                check_overflow(network, mapping, architecture)
        except CapacityError:
            continue
        return bits
    return MOST_ACCUMULATOR_BITS


def _fitted(draft: Draft, compiled: Compiled, overflow_bits: int, factor: int) -> Draft:
    program = compiled.program.cores[0]
    regions = compiled.schedule.cores[0].regions
    used = max((region.address + region.size for region in regions), default=1)
    return replace(
        draft,
        accumulator_bits=min(overflow_bits + 1, MOST_ACCUMULATOR_BITS) if factor == 1 else MOST_ACCUMULATOR_BITS,
        activation_bytes=min(_power(factor * used, 256), MOST_ACTIVATION_BYTES),
        program_instructions=min(_power(factor * len(program.instructions) * ROOM, 64), MOST_INSTRUCTIONS),
        constant_records=min(_power(factor * len(program.records) * ROOM, 64), MOST_RECORDS),
        coefficient_words=min(_power(factor * len(program.coefficients), 1), MOST_COEFFICIENT_WORDS),
    )


def _power(value: float, least: int) -> int:
    """Return the smallest power of two that is enough, and no less than ``least``."""
    return next(size for size in _doublings(least) if size >= value)


def _doublings(first: int) -> Iterator[int]:
    while True:
        yield first
        first *= 2


def chip_name(network: str) -> str:
    """Return a name that an architecture may have."""
    letters = re.sub(r"[^a-z0-9]+", "_", network.lower()).strip("_")[:40]
    return f"{letters}_chip" if letters[:1].isalpha() and letters.isascii() else "chip"
