"""Assembly of the manual: a statement of each instruction, and programs that show how they work together."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Example:
    """A program with the words that introduce it."""

    title: str
    introduction: str
    text: str


STATEMENTS: dict[str, str] = {
    "NOP": "NOP",
    "HALT": "HALT",
    "SET": "SET mvm.PLANES = 8                    ; eight planes of one bit\n"
    "SET load.GROUP[3] = 2                 ; macro 3 listens to load group 2\n"
    "SET mvm.MACRO[3] = 0x11020            ; class 0, first column step 2, gain 2, enabled\n"
    "SET post.LOWEST = -128                ; two's complement of as many bits as the register has",
    "ADD": "ADD register=1, value=-24             ; back by 24 bytes",
    "LOOP": "LOOP count=28, length=5               ; the next five instructions, 28 times\n"
    "LOOP host, length=5                   ; as often as LOOP_COUNT says",
    "WAIT": "WAIT unit=load, counter=0, count=3    ; LOAD goes on when counter 0 has reached 3",
    "SIGNAL": "SIGNAL unit=store, counter=0          ; when everything stored before is in memory",
    "LOAD": "LOAD register=0, offset=16, length=24, row=48, group=1, last\n"
    "LOAD register=0, length=48, strided, vec, first, last   ; RUNS runs of 48 bytes to the vector buffer",
    "MVM": "MVM classes=0x3, steps=4, overwrite, first, last, release",
    "POST": "POST record=16, count=8, first, last, release\n"
    "POST vec, single, entry=0, record=7, count=64, first, last, release   ; VEC's, one record for all",
    "STORE": "STORE register=1, length=8, release",
    "FILL": "FILL register=2, length=40, value=0x80",
    "VEC": "VEC operation=1, source=0, length=16, overwrite, first, last, release   ; largest of TAPS elements\n"
    "VEC operation=3, source=0, length=64, coefficient=128, overwrite, first, last, release   ; depthwise",
    "PROG": "PROG register=3, length=256, row=0, macro=1",
    "TELL": "TELL counter=0                       ; the cores in TARGETS, when everything stored before is in memory",
}

EXAMPLES: tuple[Example, ...] = (
    Example(
        title="A fully connected layer",
        introduction="64 codes at address 0 become 16 codes at address 64, on macro 0: the eight pairs of each of its "
        "two converters hold eight outputs. Each output takes one accumulator, so there are 16 constant records.",
        text="""\
SET sequencer.BASE[0] = 0                ; window 0: the input
SET sequencer.SIZE[0] = 64
SET sequencer.BASE[1] = 64               ; window 1: the output
SET sequencer.SIZE[1] = 16
SET mvm.PLANES = 8
SET mvm.SLICES = 1
SET mvm.MACRO[0] = 0x10000               ; class 0, from column step 0, gain 1, enabled
SET post.LOWEST = -128
SET post.HIGHEST = 127
LOAD register=0, length=64, row=0, group=0, first, last
MVM classes=0x1, steps=8, overwrite, first, last, release
POST record=0, count=16, first, last, release
STORE register=1, length=16, release
HALT
""",
    ),
    Example(
        title="A 3×3 convolution",
        introduction="An input of 8×8 pixels with 4 channels stands at address 0 with a halo of one pixel, 10×10 in "
        "all: a kernel row is one run of 12 bytes, a pixel row 40. The 64 output pixels of 8 channels go to address "
        "512. The loops cost nothing; while MVM converts one position, LOAD fills the other row buffer with the next.",
        text="""\
SET sequencer.BASE[0] = 0                ; window 0: the input with its halo
SET sequencer.SIZE[0] = 400
SET sequencer.BASE[1] = 512              ; window 1: the output
SET sequencer.SIZE[1] = 512
SET mvm.PLANES = 8
SET mvm.SLICES = 1
SET mvm.MACRO[0] = 0x10000
SET post.LOWEST = 0
SET post.HIGHEST = 127
LOOP count=8, length=10                  ; output rows
  LOOP count=8, length=8                 ; output columns
    LOAD register=0, offset=0, length=12, row=0, group=0, first
    LOAD register=0, offset=40, length=12, row=12, group=0
    LOAD register=0, offset=80, length=12, row=24, group=0, last
    MVM classes=0x1, steps=8, overwrite, first, last, release
    POST record=0, count=8, first, last, release
    STORE register=1, length=8, release
    ADD register=0, value=4              ; next pixel
    ADD register=1, value=8              ; wraps to 0 behind the last one
  ADD register=0, value=8                ; over the halo to the next row
HALT
""",
    ),
    Example(
        title="A residual sum",
        introduction="Two tensors of 8×8 pixels with 4 channels at addresses 0 and 256 are added, each with a scale of "
        "its own, 16 elements at a time: two runs, 256 bytes apart, become two taps, 16 bytes apart. The sum goes to "
        "address 512; record 0 shifts it back.",
        text="""\
SET sequencer.BASE[0] = 0
SET sequencer.SIZE[0] = 512
SET sequencer.BASE[1] = 512
SET sequencer.SIZE[1] = 256
SET load.RUNS = 2
SET load.STRIDE = 256
SET vec.TAPS = 2
SET vec.STRIDE = 16
SET vec.SIGNED = 1
SET vec.COEFFICIENT[0] = 1048576         ; scale of the first over that of the sum, times 2^20
SET vec.COEFFICIENT[1] = 731104          ; of the second
SET post.LOWEST = -128
SET post.HIGHEST = 127
LOOP count=16, length=6
  LOAD register=0, length=16, row=0, vec, strided, first, last
  VEC operation=2, source=0, entry=0, length=16, overwrite, first, last, release
  POST vec, single, record=0, count=16, first, last, release
  STORE register=1, length=16, release
  ADD register=0, value=16
  ADD register=1, value=16
HALT
""",
    ),
    Example(
        title="One layer behind the other",
        introduction="LOAD must not read what STORE has not written. STORE signals behind the last pixel of the first "
        "layer; LOAD waits for it. Both travel the queue of their unit, so neither holds up anything else.",
        text="""\
STORE register=1, length=8, release
SIGNAL unit=store, counter=0
WAIT unit=load, counter=0, count=1
LOAD register=1, length=8, row=0, group=0, first, last
HALT
""",
    ),
)
