"""Test programs for a core: random, directed and faulty ones, with a result that does not depend on time.

They derive from the one description of the instruction set: a field or an instruction that is added to it gets its
corners here without being named.
"""

from ._bench import DirectedProgram
from ._constants import memory_image
from ._corners import corners
from ._directed import directed_cases, directed_programs
from ._faulty import random_faulty_program
from ._program import Block, Repeat, TestProgram
from ._random import random_program
from ._shrink import shrink
from ._words import illegal_word_programs

__all__ = [
    # programs
    "Block",
    "Repeat",
    "TestProgram",
    "DirectedProgram",
    # where they come from
    "corners",
    "directed_cases",
    "directed_programs",
    "illegal_word_programs",
    "memory_image",
    "random_faulty_program",
    "random_program",
    # what becomes of those that fail
    "shrink",
]
