"""Cores for property tests: any that an architecture file could describe, as far as packing and addresses go."""

from hypothesis import strategies as st

from nngen.arch import Core, Macro, Vector


@st.composite
def cores(draw: st.DrawFn) -> Core:
    word_bytes = draw(st.sampled_from([4, 8, 16, 64]))
    columns_per_adc = draw(st.integers(1, 12))
    encoding = draw(st.sampled_from(["differential", "twos_complement", "offset"]))
    vector = Vector(
        buffer_bytes=2 * word_bytes << draw(st.integers(0, 3)),
        accumulators=word_bytes * draw(st.integers(1, 9)),
        coefficient_words=1 << draw(st.integers(0, 10)),
    )
    macro = Macro(
        rows=word_bytes * draw(st.integers(1, 6)),
        columns=(2 if encoding == "differential" else 1) * columns_per_adc * draw(st.integers(1, 5)),
        dac_bits=draw(st.integers(1, 8)),
        cell_bits=draw(st.integers(1, 8)),
        encoding=encoding,
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
        vector=draw(st.sampled_from([None, vector])),
        tables=draw(st.sampled_from([0, 1, 2, 16])),
        negative_slope=draw(st.booleans()),
    )


st.register_type_strategy(Core, cores())
