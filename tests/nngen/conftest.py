"""Cores for property tests: any that an architecture file could describe, as far as packing and addresses go."""

from hypothesis import strategies as st

from nngen.arch import Core, Macro


@st.composite
def cores(draw: st.DrawFn) -> Core:
    word_bytes = draw(st.sampled_from([4, 8, 16, 64]))
    columns_per_adc = draw(st.integers(1, 12))
    macro = Macro(
        rows=word_bytes * draw(st.integers(1, 6)),
        columns=2 * columns_per_adc * draw(st.integers(1, 5)),
        dac_bits=draw(st.integers(1, 8)),
        cell_bits=draw(st.integers(1, 8)),
        encoding="differential",
        columns_per_adc=columns_per_adc,
        gains=(1,),
        controller="sar",
        adc_bits=draw(st.integers(2, 16)),
        sample_cycles=draw(st.integers(1, 255)),
    )
    return Core(
        macros=draw(st.integers(1, 64)),
        macro=macro,
        activation_bits=8,
        accumulator_bits=draw(st.integers(8, 32)),
        multiplier_bits=draw(st.integers(4, 25)),
        queue_depth=2,
        activation_bytes=word_bytes * draw(st.integers(4, 300)),
        word_bytes=word_bytes,
        output_buffer_bytes=word_bytes,
        program_instructions=draw(st.integers(16, 3000)),
        constant_records=draw(st.integers(1, 3000)),
    )


st.register_type_strategy(Core, cores())
