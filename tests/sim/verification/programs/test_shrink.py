"""Programs become as small as they can be while they fail, and stay legal."""

from dataclasses import replace

import pytest

from nngen.isa import Cause, Instruction
from nngen.sim.verification.programs import Block, Repeat, random_program, shrink

from .checks import find_race, time_of


def block(*values):
    return Block(instructions=tuple(Instruction("FILL", {"length": 1, "value": value}) for value in values))


def repeat(*body, count=5, host=False):
    return Repeat(count=count, host=host, body=body)


@pytest.fixture
def program(micro):
    return replace(random_program(micro, seed=1), opening=(), ending=(Instruction("HALT"),))


def holds(*values):
    """Fail on programs that fill all of these values."""

    def fails(program):
        found = {made["value"] for made in program.instructions if made.mnemonic == "FILL"}
        return found >= set(values)

    return fails


def test_what_does_not_matter_goes(program):
    body = (
        block(1),
        repeat(block(2), repeat(block(3), block(4)), block(5)),
        block(6, 7),
        *(block(9) for _ in range(20)),
    )
    small = shrink(replace(program, body=body), holds(4), attempts=100)
    assert small.body == (block(4),)
    assert small.opening == program.opening
    assert small.ending == program.ending


def test_blocks_stay_whole(program):
    small = shrink(replace(program, body=(block(1), block(6, 7), block(8))), holds(7), attempts=100)
    assert small.body == (block(6, 7),)


def test_what_belongs_together_stays(program):
    body = (*(block(i) for i in range(30)), repeat(block(30), block(31)), block(32))
    small = shrink(replace(program, body=body), holds(3, 17, 31), attempts=1000)
    assert small.body == (block(3), block(17), block(31))


def test_loops_that_matter_become_short(program):
    def fails(program):
        loops = [made for made in program.instructions if made.mnemonic == "LOOP"]
        return any(made["count"] * made["length"] >= 4 for made in loops)

    body = (repeat(block(1), repeat(block(2, 3), count=20), block(4), count=7),)
    small = shrink(replace(program, body=body), fails, attempts=1000)
    assert small.body == (repeat(block(2, 3), count=2),)


def test_a_loop_as_often_as_the_host_says_becomes_one_with_a_count(program):
    body = (repeat(block(1), block(2), host=True),)

    def fails(program):
        return any(made.mnemonic == "LOOP" for made in program.instructions) and holds(2)(program)

    assert shrink(replace(program, body=body), fails, attempts=100).body == (repeat(block(2), count=1),)


def test_two_loops_shrink_on_their_own(program):
    body = (repeat(block(1), block(2)), block(7), repeat(block(3), block(4), block(5)))

    def fails(program):
        loops = sum(made.mnemonic == "LOOP" for made in program.instructions)
        return loops == 2 and holds(2, 4)(program)

    assert shrink(replace(program, body=body), fails, attempts=1000).body == (
        repeat(block(2), count=1),
        repeat(block(4), count=1),
    )


def test_attempts_are_limited(program):
    tried = []

    def fails(program):
        tried.append(program)
        return False

    whole = replace(program, body=tuple(block(i) for i in range(50)))
    assert shrink(whole, fails, attempts=13) is whole
    assert len(tried) == 13


def test_every_program_that_is_tried_is_legal(micro):
    """A random program that fails because of one command of one block, or of one loop."""
    tried = []

    def fails(program):
        tried.append(program)
        assert time_of(micro, program).cause is Cause.NONE
        assert find_race(micro, program) is None
        return sum(made.mnemonic == "POST" for made in program.instructions) > 6

    for seed in range(3):
        program = random_program(micro, seed=seed)
        small = shrink(program, fails, attempts=60)
        assert len(small.instructions) < len(program.instructions) // 2
    assert len(tried) > 10
