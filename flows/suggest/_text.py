"""A suggested chip as TOML, each number with its reason."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from nngen.flows.present import printable
from nngen.flows.utilization import utilization
from nngen.ir import Network

from ._search import Found, largest_weight, slices_of

_WIDTH = 116


def suggestion_text(network: Network, found: Found) -> str:
    """Return the architecture file."""
    reasons = _reasons(network, found)
    content = found.draft.content()
    core = content.pop("core")[0]
    macro, memory, vector = core.pop("macro"), core.pop("memory"), core.pop("vector", {})
    parts = [_comment(_introduction(network)), _table(content, reasons)]
    tables = (("[[core]]", core), ("[core.macro]", macro), ("[core.memory]", memory), ("[core.vector]", vector))
    for heading, values in tables:
        if values:
            parts += ["", heading, _table(values, reasons)]
    return "\n".join(parts) + "\n"


def _introduction(network: Network) -> str:
    return (
        f"A chip that holds the network '{printable(network.name)}', suggested by `nngen arch suggest` and proven by "
        "compiling the network for it. It has as few macros as hold it, and memories little larger than it needs. "
        "Change what you like: the compiler says what no longer fits."
    )


def _reasons(network: Network, found: Found) -> dict[str, str]:
    """Return why each key has its value."""
    draft, compiled = found.draft, found.compiled
    core = draft.architecture().core
    program, regions = compiled.program.cores[0], compiled.schedule.cores[0].regions
    used = utilization(compiled.network, compiled.mapping, (core,))
    layers = network.matrix_layers
    weight = max((largest_weight(layer) for layer in layers), default=0)
    slices = max((slices_of(layer, draft.cell_bits) for layer in layers), default=1)
    rows = max((layer.rows for layer in layers), default=0)
    weights = sum(layer.weights.size for layer in layers)
    bytes_used = max((region.address + region.size for region in regions), default=0)
    return {
        "macros": f"The fewest that hold the {weights:,} weights as they are cut into tiles, which fill "
        f"{100 * used.cells[0] / used.cells[1]:.0f} % of the cells. More of them make the network faster, as long as "
        "layers can be spread over them.",
        "activation_bits": "The widest code that a layer reads.",
        "accumulator_bits": f"With {found.overflow_bits} bits no sum overflows, whatever is in the cells and whichever "
        "gains calibration chooses; one is spare for the offsets that it corrects.",
        "rows": f"Word lines; the tallest weight matrix has {rows:,} rows.",
        "columns": f"Bit lines: two store a signed slice of a weight, {2 * slices} the widest weight.",
        "dac_bits": "Activations are driven bit by bit: the drivers are simple, and signed codes need no offset.",
        "columns_per_adc": "Pairs of bit lines that take turns in one converter: with fewer the chip is faster and has "
        "more converters.",
        "gains": "Of the column readout; calibration takes the largest that suits a layer, which makes up for few bits."
        if len(draft.gains) > 1
        else "The converters lose nothing: a gain would add nothing.",
        "bitcell": f"The largest weight is {weight}: {slices} {'slice' if slices == 1 else 'slices'} of "
        f"{draft.cell_bits} bits.",
        "adc": f"{found.lossless_bits} bits would lose nothing, whatever the sums; each bit takes a cycle."
        if draft.adc_bits < found.lossless_bits
        else "Loses nothing: a step is one unit cell.",
        "tables": "Look-up tables of 256 codes: the different ones of the network, up to a power of two.",
        "negative_slope": "A layer scales negative sums by a factor of their own.",
        "buffer_bytes": "VEC runs the pools, sums and depthwise layers; what it works on at once.",
        "accumulators": "Its sums; what exceeds them is cut.",
        "coefficient_words": f"Depthwise kernels take {len(program.coefficients):,} words.",
        "activation_bytes": f"The tensors that live at the same time take {bytes_used:,} bytes with their padding.",
        "word_bytes": "The narrowest port at which loads and stores set no layer's bound.",
        "output_buffer_bytes": "Takes the outputs of a position, as far as it may.",
        "program_instructions": f"The program has {len(program.instructions):,}.",
        "constant_records": f"The program has {len(program.records):,}: at least one for each output of a layer whose "
        "constants differ.",
    }


def _table(values: dict[str, object], reasons: dict[str, str]) -> str:
    lines: list[str] = []
    for key, value in values.items():
        if key in reasons:
            lines.append(_comment(reasons[key]))
        lines.append(f"{key} = {_value(value)}")
    return "\n".join(lines)


def _comment(text: str) -> str:
    return "\n".join(f"# {line}" for line in textwrap.wrap(text, _WIDTH))


def _value(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(_escaped(value)) + '"'
    return f"{value:g}" if isinstance(value, float) and value < 1e6 else f"{value}"


def _escaped(text: str) -> Iterator[str]:
    for letter in text:
        if letter in '"\\':
            yield f"\\{letter}"
        elif letter.isprintable():
            yield letter
        else:
            yield f"\\U{ord(letter):08x}"
