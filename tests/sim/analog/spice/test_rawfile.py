"""Raw files: what ngspice writes, in both forms, and what is none."""

from __future__ import annotations

import re
import struct
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nngen.errors import ToolError
from nngen.sim.analog.spice import read_rawfile
from tests.tools import needs_ngspice

HEADER = (
    "Title: * a deck\nDate: today\nPlotname: Operating Point\nFlags: real\nNo. Variables: 2\nNo. Points: 2       \n"
    "Variables:\n\t0\tV(Out)\tvoltage\n\t1\ti(v1)\tcurrent\tdims=2\n"
)

BINARY = (HEADER + "Binary:\n").encode() + struct.pack("4d", 1.5, -2, 3, 4)
ASCII = (HEADER + "Values:\n 0\t1.5e+00\n\t-2.0\n\n 1\t3\n\t4\n\n").encode()
COMPLEX = ASCII.replace(b"real", b"complex").replace(b"1.5e+00", b"1.5,1").replace(b"-2.0", b"-2,0")
COMPLEX = COMPLEX.replace(b"1\t3", b"1\t3,0").replace(b"\t4\n", b"\t4,-1\n")


def write(path: Path, content: bytes) -> Path:
    path /= "result.raw"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [BINARY, ASCII], ids=["binary", "ascii"])
def test_both_forms_hold_the_same(content: bytes, tmp_path: Path) -> None:
    (plot,) = read_rawfile(write(tmp_path, content))
    assert plot.name == "Operating Point"
    assert {name: vector.tolist() for name, vector in plot.vectors.items()} == {"v(out)": [1.5, 3], "i(v1)": [-2, 4]}


def test_several_plots_follow_each_other_and_constants_are_left_out(tmp_path: Path) -> None:
    constants = BINARY.replace(b"Operating Point", b"constants")
    plots = read_rawfile(write(tmp_path, BINARY + constants + ASCII + BINARY))
    assert [plot.name for plot in plots] == ["Operating Point"] * 3
    assert all(plot.vectors["i(v1)"].tolist() == [-2, 4] for plot in plots)


def test_complex_numbers_have_two_parts(tmp_path: Path) -> None:
    binary = BINARY.replace(b"real", b"complex")[: -4 * 8] + struct.pack("8d", 1.5, 1, -2, 0, 3, 0, 4, -1)
    for content in (COMPLEX, binary):
        (plot,) = read_rawfile(write(tmp_path, content))
        assert plot.vectors["v(out)"].tolist() == [1.5 + 1j, 3]
        assert plot.vectors["i(v1)"].tolist() == [-2, 4 - 1j]


def test_a_plot_without_points_has_empty_vectors(tmp_path: Path) -> None:
    empty = BINARY[: -4 * 8].replace(b"Points: 2", b"Points: 0")
    (plot,) = read_rawfile(write(tmp_path, empty))
    assert {name: vector.shape for name, vector in plot.vectors.items()} == {"v(out)": (0,), "i(v1)": (0,)}


def test_vectors_cannot_be_changed(tmp_path: Path) -> None:
    (plot,) = read_rawfile(write(tmp_path, BINARY))
    with pytest.raises(ValueError, match="read-only"):
        plot.vectors["v(out)"][0] = 1


@needs_ngspice
def test_ngspice_s_own_ascii_and_binary_agree(tmp_path: Path) -> None:
    commands = "\n".join(
        f"set filetype={kind}\nset appendwrite\nforeach p ac1 tran1\nsetplot $p\nwrite {kind}.raw\nend"
        for kind in ("binary", "ascii")
    )
    circuit = "V1 a 0 dc 0 ac 1 sin(0 1 1k)\nR1 a b 1k\nC1 b 0 1u\n.ac dec 5 1 1k\n.tran 1u 1m"
    (tmp_path / "deck.cir").write_text(f"* d\n{circuit}\n.control\nrun\n{commands}\nquit\n.endc\n.end\n")
    subprocess.run(["ngspice", "-b", "-n", "deck.cir"], cwd=tmp_path, check=True, capture_output=True)
    binary, text = (read_rawfile(tmp_path / f"{kind}.raw") for kind in ("binary", "ascii"))
    assert [plot.name for plot in binary] == [plot.name for plot in text] == ["AC Analysis", "Transient Analysis"]
    for one, other in zip(binary, text, strict=True):
        assert one.vectors.keys() == other.vectors.keys()
        assert all(np.allclose(one.vectors[name], other.vectors[name], rtol=1e-14, atol=0) for name in one.vectors)


BAD = {
    "must have a header of 'key: value', not 'nonsense'": b"nonsense\n",
    "must hold whole lines, not end with 'Title'": b"Title",
    "must have 'flags' in its header, not only title, date, plotname, no. variables, no. points": BINARY.replace(
        b"Flags: real\n", b""
    ),
    "must have 'plotname' in its header, not only a": b"a: b\n" * 40,
    "must give 'no. points' as a number, not '-2'": BINARY.replace(b"Points: 2", b"Points: -2"),
    "must give 'no. points' as a number, not '9999999999999999999'": BINARY.replace(
        b"Points: 2", b"Points: " + b"9" * 19
    ),
    "must hold 2000000000 points of 2 variables, not 32 bytes more": BINARY.replace(b"s: 2 ", b"s: 2000000000 ", 2),
    "must hold 200000000 points of 2 variables, not 27 bytes more": ASCII.replace(b"s: 2 ", b"s: 200000000 ", 2),
    "must hold 99999999 of 'no. variables', not 82 bytes more": BINARY.replace(b"Variables: 2", b"Variables: 99999999"),
    "must hold 2 points of 2 variables, not 31 bytes more": BINARY[:-1],
    "must have variable 1 next, not '3 i(v1) current dims=2'": BINARY.replace(b"\t1\t", b"\t3\t"),
    "must have a variable only once, not 'v(out)'": BINARY.replace(b"i(v1)", b"v(OUT)"),
    "must go on with 'Binary:' or 'Values:', not 'bin:'": BINARY.replace(b"Binary:", b"Bin:"),
    "must have a number in a line, not '0\\t1.5e+00,3'": ASCII.replace(b" 0\t1.5e+00", b" 0\t1.5e+00,3"),
    "must have a number in a line, not '7\\t1.5e+00'": ASCII.replace(b" 0\t1.5e+00", b" 7\t1.5e+00"),
    "must have two numbers in a line, not '4'": COMPLEX.replace(b"\t4,-1", b"\t4"),
}


@pytest.mark.parametrize("message", BAD)
def test_what_is_no_raw_file_is_refused(message: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=f"^{re.escape(f'raw file result.raw {message}')}$"):
        read_rawfile(write(tmp_path, BAD[message]))


@given(
    place=st.integers(0, len(ASCII) - 1), byte=st.integers(0, 255), content=st.sampled_from([BINARY, ASCII, COMPLEX])
)
def test_damage_is_an_error_or_other_numbers(
    place: int, byte: int, content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    damaged = bytearray(content)
    damaged[min(place, len(content) - 1)] = byte
    path = write(tmp_path_factory.getbasetemp(), bytes(damaged))
    with suppress(ToolError):
        read_rawfile(path)
