"""Deliverable and simulation build are the same circuit, but for the retire ports and the seeded stalls.

Simulations see the simulation build, the foundry gets the deliverable. Here yosys cuts what only simulations need
(input ``stall_seed`` tied to 0, outputs ``retire_*`` and ``running`` left open), removes what this leaves without
effect, and compares the rest:

1. Registers, bit by bit, become black boxes, as memories and crossbar macros are. Both builds must have the same ones,
   by name, with the same initial values and parameters. What is inside of memory and macro is compared as text.
2. The pins of all black boxes become ports, which leaves two combinational circuits with the same inputs: inputs of the
   chip, values of registers, outputs of memories and macros.
3. They must compute the same outputs: outputs of the chip, next values and clocks of registers, inputs of memories and
   macros. Whatever is not the same gate on the same signals anyway is left to the solver of yosys.

By induction over the cycles both builds then do the same for all inputs. A bit that the Verilog leaves undefined counts
as 0 in both.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from nngen.arch import Architecture
from nngen.errors import ToolError
from nngen.hardware import BEHAVIOURAL_VIEW, CHIP_MODULE, EMPTY_VIEW, MEMORY_MODULE, emit_rtl, synthesis_files
from nngen.isa import STALL_SEED_BITS

from ._run import DEFAULT_LIMIT_S, _end, _place, _read

_DELIVERABLE, _SIMULATION, _BOTH = "deliverable", "simulation", "both"
_OPAQUE = (f"{MEMORY_MODULE}.v", EMPTY_VIEW, BEHAVIOURAL_VIEW)
_REGISTER = "nngen_register"
_CELLS_FILE, _MAP_FILE, _BOXES_FILE, _DIFFERENT_FILE = "cells.v", "map.v", "boxes.il", "different.il"

_CELLS = f"""\
(* blackbox *)
module {_REGISTER} #(parameter INITIAL = 1'bx) (input clock, input next, output value);
endmodule
"""
_MAP = f"""\
(* techmap_celltype = "$_DFF_P_" *)
module flip_flop (input C, input D, output Q);
  parameter _TECHMAP_WIREINIT_Q_ = 1'bx;
  {_REGISTER} #(.INITIAL(_TECHMAP_WIREINIT_Q_)) _TECHMAP_REPLACE_ (.clock(C), .next(D), .value(Q));
endmodule
"""
_CUT = f"""\
delete -port {CHIP_MODULE}/o:retire_* {CHIP_MODULE}/o:running {CHIP_MODULE}/i:stall_seed
cd {CHIP_MODULE}
connect -set stall_seed {STALL_SEED_BITS}'d0
cd ..
"""
# Memories become boxes only once they have their widths: a box keeps those that its ports were declared with.
# Words of queues become bits before anything is removed: of each word the cut ports read a part, the units the rest.
# The second round of opt_dff finds registers that stand still because those found in the first do.
_PREPARE = """\
read_verilog -sv {sources}
read_verilog -lib {cells}
hierarchy -check -top {chip}
blackbox *{memory}*
proc -noopt
{cut}pmuxtree
simplemap nngen_core.*_queue/t:$mux
setattr -unset src *
flatten
setattr -unset src -unset hdlname */*
setundef -zero
opt_clean -purge
opt_expr
opt_dff -nodffe -nosdff
opt_expr
opt_dff -nodffe -nosdff
simplemap t:$dff
splitnets
opt_clean -purge
techmap -map {map} t:$_DFF_P_
opt_expr
opt_merge
rename {chip} {build}
tee -q -o {boxes} dump t:*nngen_*
rename -hide w:*
opt_clean
write_rtlil {design}
"""
_COMPARE = """\
{designs}equiv_make {builds} {both}
cd {both}
opt_merge
opt_clean
equiv_simple
equiv_remove
tee -q -o {different} dump t:$equiv
"""
_READ = """\
read_rtlil -nooverwrite {design}
cd {build}
expose -evert t:*nngen_*
cd ..
"""

# A cell in RTLIL: type, name, parameters and connections.
_CELL = re.compile(r"^ *cell (\S+) (\S+)\n((?: +(?:parameter|connect) .*\n)*)", re.MULTILINE)
_PARAMETER = re.compile(r"^ *parameter (.*)", re.MULTILINE)
_CONNECTION = r"^ *connect \\{} (.*)"
_PORT = re.compile(r"^ *wire (.*?)((?:input|output|inout)) \d+ (\S+)$", re.MULTILINE)
_BOX_NAME = re.compile(r"^( *cell \S*nngen_\S+) (\S+)$", re.MULTILINE)
_NUMBER = re.compile(r"\$(\d+)")
_BIT = re.compile(r"\[\d+\]$")


@dataclass(frozen=True, kw_only=True)
class Equivalence:
    """What yosys found.

    Parameters
    ----------
    unmatched
        Registers, memories, macros, ports and files that only one build has, or both with other parameters or initial
        values. If there are any, nothing else is compared.
    differing
        Outputs of the chip and inputs of registers (``next``), memories and macros that are not proven equal. Of those
        that are alike within each build one is named.
    """

    unmatched: tuple[str, ...] = ()
    differing: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether the builds are the same circuit."""
        return not self.unmatched and not self.differing


def prove_equal_without_retire_ports(
    architecture: Architecture,
    *,
    folder: Path | None = None,
    limit_s: float = DEFAULT_LIMIT_S,
    yosys: Path | None = None,
) -> Equivalence:
    """Prove that a chip's deliverable and simulation build are the same circuit once the latter's additions are cut.

    Parameters
    ----------
    architecture
        The chip.
    folder, limit_s, yosys
        As for :func:`compare_builds`.

    Raises
    ------
    ToolError
        yosys is missing, broke off, or took longer than the limit. The message carries the end of the log.
    """
    return compare_builds(
        emit_rtl(architecture), emit_rtl(architecture, retire=True), folder=folder, limit_s=limit_s, yosys=yosys
    )


def compare_builds(
    deliverable: Mapping[str, str],
    simulation: Mapping[str, str],
    *,
    folder: Path | None = None,
    limit_s: float = DEFAULT_LIMIT_S,
    yosys: Path | None = None,
) -> Equivalence:
    """Compare a deliverable with a simulation build whose additions are cut.

    Parameters
    ----------
    deliverable, simulation
        Verilog text by file name, as :func:`nngen.hardware.emit_rtl` returns it.
    folder
        Where scripts, netlists and logs go; it must exist. By default a temporary one.
    limit_s
        Most seconds for each of: preparing a build, comparing the two.
    yosys
        The program; by default that on PATH.

    Raises
    ------
    ToolError
        yosys is missing, broke off, or took longer than the limit. The message carries the end of the log.
    """
    if texts := [name for name in _OPAQUE if deliverable[name] != simulation[name]]:
        return Equivalence(unmatched=tuple(texts))
    with _place(folder) as place, ThreadPoolExecutor(2) as pool:
        job = _Job(place, yosys or _find_yosys(), limit_s)
        (place / _CELLS_FILE).write_text(_CELLS, encoding="utf-8")
        (place / _MAP_FILE).write_text(_MAP, encoding="utf-8")
        builds = [
            pool.submit(_prepare, job, _DELIVERABLE, deliverable, ""),
            pool.submit(_prepare, job, _SIMULATION, simulation, _CUT),
        ]
        one, other = (build.result() for build in builds)
        if unmatched := _unmatched(one, other):
            return Equivalence(unmatched=unmatched)
        return Equivalence(differing=_compare(job, (one, other)))


@dataclass(frozen=True)
class _Job:
    """Runs yosys in one folder."""

    place: Path
    yosys: Path
    limit_s: float

    def run(self, name: str, script: str, *, results: Sequence[str]) -> list[str]:
        """Run a script and return the text of the files that it must write."""
        (self.place / f"{name}.ys").write_text(script, encoding="utf-8")
        log_file = self.place / f"{name}.log"
        with log_file.open("wb") as log:
            try:
                done = subprocess.run(
                    [self.yosys, "-q", f"{name}.ys"],
                    cwd=self.place,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=self.limit_s,
                    check=False,
                )
            except subprocess.TimeoutExpired:
                raise ToolError(
                    f"yosys must finish the comparison of builds ({name}) within {self.limit_s:g} s, but has not"
                    f"{_end(_read(log_file))}"
                ) from None
        if done.returncode or not all((self.place / result).exists() for result in results):
            raise ToolError(
                f"yosys must finish the comparison of builds ({name}), but broke off{_end(_read(log_file))}"
            )
        return [_read(self.place / result) for result in results]


@dataclass(frozen=True)
class _Build:
    """A build whose registers are black boxes.

    Parameters
    ----------
    name
        Which one.
    design
        Its RTLIL; the boxes carry the names of their registers.
    kinds
        What each box and each port is, with parameters or width, by name.
    """

    name: str
    design: str
    kinds: Mapping[str, str]


def _prepare(job: _Job, build: str, files: Mapping[str, str], cut: str) -> _Build:
    """Cut the additions of a build, remove what has no effect, and make boxes of the registers."""
    folder = job.place / build
    folder.mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    results = _design_file(build), f"{build}/{_BOXES_FILE}"
    script = _PREPARE.format(
        sources=" ".join(f"{build}/{name}" for name in synthesis_files(dict(files))),
        memory=MEMORY_MODULE,
        cells=_CELLS_FILE,
        map=_MAP_FILE,
        chip=CHIP_MODULE,
        cut=cut,
        build=build,
        design=results[0],
        boxes=results[1],
    )
    design, boxes = job.run(build, script, results=results)
    names, kinds = _boxes(boxes)
    ports = {name: f"{direction} {width}" for width, direction, name in _PORT.findall(_module(design, build))}
    named = _BOX_NAME.sub(lambda match: f"{match[1]} {names[match[2]]}", design)
    return _Build(build, named, kinds | ports)


def _design_file(build: str) -> str:
    return f"{build}.il"


def _module(design: str, name: str) -> str:
    _, _, text = design.partition(f"\nmodule \\{name}\n")
    return text.partition("\nend\n")[0]


def _boxes(dump: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the name of each box by its name in the dump, and what it is by its name."""
    cells = [(type_, cell, lines) for type_, cell, lines in _CELL.findall(dump) if "nngen_" in type_]
    registers = {cell: _connection(lines, "value") for type_, cell, lines in cells if type_ == f"\\{_REGISTER}"}
    numbered = _number_anew(registers.values())
    names = {cell: cell for _, cell, _ in cells}
    # With a suffix: a port that a register drives has the name already.
    names |= {cell: f"{numbered[signal]}.register" for cell, signal in registers.items()}
    kinds = {names[cell]: " ".join((type_, *_PARAMETER.findall(lines))) for type_, cell, lines in cells}
    return names, kinds


def _connection(lines: str, pin: str) -> str:
    """Return the signal at a one-bit pin of a cell; a bit of a port has a space before its index."""
    found: str = re.findall(_CONNECTION.format(pin), lines, re.MULTILINE)[0]
    return found.replace(" ", "")


def _number_anew(names: Iterable[str]) -> dict[str, str]:
    """Number signals that have no name of their own by their order: Amaranth counts those of the additions too."""
    numbers: dict[str, set[tuple[int, ...]]] = defaultdict(set)
    split = {name: (_NUMBER.sub("$", name), tuple(map(int, _NUMBER.findall(name)))) for name in names}
    for stem, places in split.values():
        numbers[_BIT.sub("", stem)].add(places)
    orders = {stem: {places: order for order, places in enumerate(sorted(found))} for stem, found in numbers.items()}
    return {name: _numbered(stem, orders[_BIT.sub("", stem)][places]) for name, (stem, places) in split.items()}


def _numbered(stem: str, order: int) -> str:
    whole = _BIT.sub("", stem)
    return f"{whole}{order}{stem[len(whole) :]}" if "$" in stem else stem


def _unmatched(one: _Build, other: _Build) -> tuple[str, ...]:
    names = sorted(one.kinds.keys() | other.kinds.keys())
    return tuple(_readable(name) for name in names if one.kinds.get(name) != other.kinds.get(name))


def _compare(job: _Job, builds: Sequence[_Build]) -> tuple[str, ...]:
    """Return the outputs that are not proven equal."""
    for build in builds:
        (job.place / _design_file(build.name)).write_text(build.design, encoding="utf-8")
    names = [build.name for build in builds]
    script = _COMPARE.format(
        designs="".join(_READ.format(design=_design_file(name), build=name) for name in names),
        builds=" ".join(names),
        both=_BOTH,
        different=_DIFFERENT_FILE,
    )
    (different,) = job.run(_BOTH, script, results=(_DIFFERENT_FILE,))
    return tuple(sorted(_readable(_connection(lines, "Y")) for _, _, lines in _CELL.findall(different)))


def _readable(name: str) -> str:
    return name.removeprefix("\\")


def _find_yosys() -> Path:
    found = shutil.which("yosys")
    if found is None:
        raise ToolError(
            "the comparison of builds needs the program 'yosys', which is not on PATH: "
            "install it with 'apt-get install yosys'"
        )
    return Path(found)
