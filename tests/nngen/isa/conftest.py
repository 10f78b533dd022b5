"""Instructions for property tests: any mnemonic with any value that each field holds."""

from hypothesis import strategies as st

from nngen.isa import INSTRUCTIONS, Instruction, InstructionFormat


def instructions_of(known: InstructionFormat) -> st.SearchStrategy[Instruction]:
    values = {field.name: st.integers(field.lowest, field.highest) for field in known.fields}
    return st.builds(Instruction, st.just(known.mnemonic), st.fixed_dictionaries(values))


st.register_type_strategy(Instruction, st.one_of([instructions_of(known) for known in INSTRUCTIONS]))
