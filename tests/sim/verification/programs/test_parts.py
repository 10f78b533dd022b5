"""What programs are made of: corners, choices, areas, orders."""

from dataclasses import replace
from itertools import pairwise

import pytest

from nngen.isa import BY_MNEMONIC, UNIT_CODES, Field, Instruction, OperandRule, Unit, instruction
from nngen.sim.verification.programs import corners
from nngen.sim.verification.programs._corners import OperandMaker
from nngen.sim.verification.programs._counters import Counters
from nngen.sim.verification.programs._draw import Draw
from nngen.sim.verification.programs._layout import Area, Layout, divide
from nngen.sim.verification.programs._merge import UntimedCore, merge
from nngen.sim.verification.programs._units import STORE
from nngen.sim.verification.variants import limits, variants

from .conftest import FLASH, FULL, RAMP


def of(core, mnemonic, name):
    format_ = BY_MNEMONIC[mnemonic]
    return corners(core, format_, format_.field(name))


def test_corners_come_from_width_rules_and_core(micro):
    micro = replace(micro, vector=None, strided_access=False)
    assert of(micro, "LOAD", "length") == (0, 1, 16, 4095)
    assert of(micro, "LOAD", "row") == (0, 1, 15, 2047)
    assert of(micro, "LOAD", "offset") == (-(1 << 19), 0, 1, (1 << 19) - 1)
    assert of(micro, "MVM", "entry") == (0, 1, 255)
    assert of(replace(micro, constant_records=9), "POST", "record") == (0, 1, 8, 16383)
    assert of(micro, "STORE", "length") == (0, 1, 32, 8191)
    assert of(micro, "FILL", "length") == (0, 1, 1024, 65535)
    assert of(micro, "WAIT", "count") == (0, 1, 255)
    # With other limits in other variants, and where only multiples will do.
    assert of(FULL, "LOAD", "length") == (0, 1, 16, 64, 4095)
    assert of(FULL, "LOAD", "row") == (0, 1, 15, 63, 2047)
    assert of(FLASH, "LOAD", "length") == (0, 1, 2, 24, 48, 128, 4095)
    assert of(FULL, "VEC", "entry") == (0, 1, 4, 28, 4095)
    assert of(FULL, "STORE", "length") == (0, 1, 4, 32, 8191)
    assert of(FULL, "PROG", "length") == (0, 1, 256, 65535)
    assert of(FULL, "POST", "count") == (0, 1, 32, 64, 8191)


def test_a_field_that_is_added_gets_its_corners(micro):
    pitch = Field(name="pitch", offset=57, width=4, meaning="bytes between two rows")
    rule = OperandRule(fields=("pitch", "row"), least=0, most=lambda core: core.macro.rows // 2, refused="too far")
    known = BY_MNEMONIC["LOAD"]
    changed = replace(known, fields=(*known.fields, pitch), rules=(*known.rules, rule))
    assert corners(micro, changed, pitch) == (0, 1, 8, 15)
    plain = {"vec": 0, "wide": 0}
    assert limits(micro, changed, changed.field("row"), plain) == (0, 8)


@pytest.mark.parametrize("core", [FULL, FLASH, RAMP], ids=["full", "flash", "ramp"])
@pytest.mark.parametrize("mnemonic", sorted(BY_MNEMONIC))
def test_random_operands_keep_the_rules_and_reach_their_bounds(core, mnemonic):
    format_, maker = BY_MNEMONIC[mnemonic], OperandMaker(core, Draw("operands"))
    if not format_.in_core(core):
        return
    made = [maker.make(mnemonic) for _ in range(2500)]
    assert all(rule.holds(core, command.operands) for rule in format_.rules for command in made)
    for field in format_.fields:
        low, high = limits(core, format_, field)
        found = {command[field.name] for command in made}
        assert {low, high} <= found or high - low > 1 << 10, field.name
    known = variants(core, format_)
    assert all(any(chosen.items() <= command.operands.items() for command in made) for chosen in known)
    for rule in format_.rules:
        if rule.most is not None and any(all(chosen[n] == v for n, v in rule.when) for chosen in known):
            own = [command for command in made if rule.applies(command.operands)]
            assert any(sum(command[name] for name in rule.fields) == rule.most(core) for command in own), rule.refused


def test_operands_that_are_given_stay(micro):
    maker = OperandMaker(micro, Draw("given"))
    for _ in range(50):
        made = maker.make("LOAD", length=10, vec=0)
        assert made["length"] == 10
        assert made["row"] <= 6


def test_choices_reach_the_ends():
    draw = Draw("choices")
    assert {draw.number(3, 9) for _ in range(300)} == set(range(3, 10))
    assert {draw.amount(3, 9) for _ in range(300)} == set(range(3, 10))
    assert draw.number(4, 4) == draw.amount(4, 4) == 4
    assert sorted(draw.amount(1, 1000) for _ in range(999))[500] < 100
    for total, groups in ((1, 1), (5, 1), (5, 5), (7, 3)):
        dealt = draw.parts(total, groups)
        assert len(dealt) == total
        assert sorted(set(dealt)) == list(range(groups))
        assert dealt == sorted(dealt)


@pytest.mark.parametrize("total", [16, 48, 64, 520, 1024, 1 << 19])
@pytest.mark.parametrize("word", [4, 8, 16, 64])
def test_areas_share_the_memory_without_a_gap(micro, total, word):
    if total % word:
        pytest.skip("memories hold whole words")
    core = replace(micro, activation_bytes=total, word_bytes=word)
    orders = set()
    for seed in range(60):
        areas = divide(core, Draw(f"areas {seed}"), whole=bool(seed % 2))
        assert (areas.pop(Area.WHOLE, None) == (0, total)) == bool(seed % 2)
        spans = sorted(areas.values())
        assert spans[0][0] == 0
        assert spans[-1][1] == total
        assert all(first < end for first, end in spans)
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        traffic = areas.get(Area.TRAFFIC, (0, 0))
        assert traffic[0] % word == traffic[1] % word == 0
        assert Area.TRAFFIC not in areas or not seed % 2
        orders.add(tuple(areas))
    assert len(orders) > 1


def test_windows_keep_every_run_inside_their_area(any_core):
    for seed in range(40):
        layout = Layout(any_core, Draw(f"windows {seed}"))
        assert sorted(register.number for register in layout.all) == list(range(8))
        for register in layout.all:
            first, end = layout.areas[register.area]
            for base, size in register.windows:
                assert first <= base
                assert 1 <= register.reach <= size
                assert base + size - register.step + register.longest <= end
                assert base % register.step == size % register.step == 0


def make_items(*commands):
    units = {"WAIT": None, "SIGNAL": None}
    return [(made["unit"] if made.mnemonic in units else UNIT_CODES[made.unit], (made,)) for made in commands]


def command(mnemonic, **operands):
    return Instruction(mnemonic, operands)


def test_an_order_that_would_block_is_told(micro):
    machine = UntimedCore(2, Counters.draw(Draw("counters"), micro))
    store = (STORE, (command("STORE", length=1, release=1),))
    for _ in range(2):
        assert machine.takes(store)
        machine.issue(store)
    assert not machine.takes(store)
    assert not machine.idle


def test_items_that_cannot_run_are_refused(micro):
    draw = Draw("refused")
    with pytest.raises(AssertionError) as error:
        merge(micro, draw, make_items(command("LOAD", length=1, first=1, last=1)), Counters.draw(draw, micro))
    assert str(error.value) == (
        "items must be written down in an order in which they can run, and give everything back"
    )


def test_orders_differ_but_not_within_a_unit(micro):
    fills = [command("FILL", length=1, value=value) for value in range(4)]
    loads = [command("LOAD", length=1, row=row, first=1, last=1) for row in range(2)]
    mvms = [command("MVM", steps=1, entry=entry, release=1) for entry in range(2)]
    orders = set()
    for seed in range(40):
        draw = Draw(f"orders {seed}")
        made = merge(micro, draw, make_items(*loads, *mvms, *fills), Counters.draw(draw, micro))
        for unit in (Unit.LOAD, Unit.MVM, Unit.STORE):
            assert [m for m in made if m.unit is unit] == [m for m in (*loads, *mvms, *fills) if m.unit is unit]
        orders.add(made)
    assert len(orders) > 10
    # Also MVM in front of the LOAD that it waits for.
    assert any(made.index(mvms[0]) < made.index(loads[0]) for made in orders)


def test_a_loop_waits_until_its_commands_can_run_at_once(micro):
    counters = Counters.draw(Draw("loop"), micro)
    counter, unit = counters.full
    signal, wait = command("SIGNAL", unit=unit, counter=counter), command("WAIT", unit=unit, counter=counter, count=200)
    items = [(unit, (instruction("LOOP", count=200, length=1), signal)), *make_items(wait)]
    made = merge(micro, Draw("loop"), items, counters)
    assert [m.mnemonic for m in made] == ["LOOP", "SIGNAL", "WAIT"]
