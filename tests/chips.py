"""Chips that are made from `micro` and `odd`: together they have every encoding, converter and size of element."""

from dataclasses import replace
from pathlib import Path

from nngen.arch import Architecture, Vector, read_architecture


def with_macro(architecture: Architecture, core: dict[str, object], **macro: object) -> Architecture:
    """The architecture with other numbers; its file no longer tells of them."""
    changed = replace(architecture.core, macro=replace(architecture.core.macro, **macro), **core)
    return replace(architecture, cores=(changed,))


def chips(repository: Path) -> dict[str, Architecture]:
    """Both, and what they lack: ramp, two's complement, planes wider than a code, wide words."""
    folder = repository / "flows/architectures"
    micro, odd = (read_architecture(folder / f"{name}.toml") for name in ("micro", "odd"))
    small = Vector(buffer_bytes=32, accumulators=40, coefficient_words=4)
    return {
        "micro": micro,
        "odd": odd,
        "ramp": with_macro(
            micro, {}, encoding="twos_complement", cell_bits=1, controller="ramp", adc_bits=3, sample_cycles=2
        ),
        "flash": with_macro(odd, {"vector": None}, encoding="differential", columns=24, sample_cycles=1),
        "narrow": with_macro(
            odd,
            {"vector": small, "word_bytes": 4, "activation_bits": 5, "tables": 4},
            controller="sar",
            adc_bits=4,
            sample_cycles=1,
        ),
        "broad": with_macro(odd, {"vector": None, "word_bytes": 4, "activation_bits": 3}, dac_bits=4),
        "wide": with_macro(
            odd,
            {
                "vector": Vector(buffer_bytes=64, accumulators=48, coefficient_words=1),
                "word_bytes": 16,
                "activation_bits": 11,
                "activation_bytes": 576,
                "output_buffer_bytes": 48,
                "accumulator_bits": 32,
                "negative_slope": True,
                "strided_access": False,
            },
            encoding="twos_complement",
            rows=48,
        ),
    }
