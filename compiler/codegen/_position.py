"""The instructions that compute one output position: every round of a layer, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nngen.ir import Pass, Round, Source
from nngen.isa import BY_MNEMONIC, Instruction, instruction

from ._macro_settings import Sets, class_mask

_MOST_RECORDS = BY_MNEMONIC["POST"].field("count").highest


@dataclass(frozen=True, kw_only=True)
class Addressing:
    """Where a position's runs start: address registers, what is added to every offset; two-byte inputs are ``wide``,
    outputs go over the ``bus``.
    """

    input_register: int
    input_offset: int
    output_register: int
    output_offset: int
    wide: bool = False
    bus: bool = False


def position_body(rounds: Sequence[Round], groups: Sets, classes: Sets, addressing: Addressing) -> list[Instruction]:
    """Return the body of the innermost loop."""
    body: list[Instruction] = []
    index = 0
    for one in rounds:
        for i, p in enumerate(one.passes):
            body += groups.passes[index]
            body += _loads(p, addressing)
            body += classes.passes[index]
            body.append(_mvm(p, first=i == 0, last=i == len(one.passes) - 1))
            index += 1
        body += _posts(one)
        body.append(
            instruction(
                "STORE",
                register=addressing.output_register,
                offset=addressing.output_offset + one.output_offset,
                length=one.output_bytes,
                release=1,
                bus=int(addressing.bus),
            )
        )
        body += _zeros(one, addressing)
    return body


def _zeros(one: Round, addressing: Addressing) -> list[Instruction]:
    return [
        instruction(
            "FILL",
            register=addressing.output_register,
            offset=addressing.output_offset + offset,
            length=one.output_bytes,
            value=0,
            bus=int(addressing.bus),
        )
        for offset in one.zeros
    ]


def _loads(one: Pass, addressing: Addressing) -> list[Instruction]:
    return [
        instruction(
            "LOAD",
            register=addressing.input_register,
            offset=addressing.input_offset + run.offset,
            length=run.length,
            row=run.row,
            group=run.group,
            strided=int(run.repeat > 1),
            first=int(i == 0),
            last=int(i == len(one.runs) - 1),
            wide=int(addressing.wide),
        )
        for i, run in enumerate(one.runs)
    ]


def _mvm(one: Pass, *, first: bool, last: bool) -> Instruction:
    return instruction(
        "MVM",
        classes=class_mask(one),
        step=one.step,
        steps=one.steps,
        entry=one.entry,
        overwrite=int(one.overwrite),
        first=int(first),
        last=int(last),
        release=1,
    )


def _posts(one: Round) -> list[Instruction]:
    chunks = list(_whole_sums(one.sources))
    return [
        instruction(
            "POST",
            record=one.record + begin,
            count=end - begin,
            first=int(begin == 0),
            last=int(end == len(one.sources)),
            release=int(end == len(one.sources)),
        )
        for begin, end in chunks
    ]


def _whole_sums(sources: Sequence[Source]) -> Iterator[tuple[int, int]]:
    """Yield [begin, end) of pieces that one POST can count and that end with a sum: it starts each command from 0."""
    begin = last = 0
    for i, source in enumerate(sources, start=1):
        if source.last:
            if i - begin > _MOST_RECORDS:
                yield begin, last
                begin = last
            last = i
    yield begin, len(sources)
