"""Wrapper, behavioural and empty view of the macro have the same pins, read by pyverilog."""

from pathlib import Path

import pytest

from nngen.arch import Architecture
from nngen.hardware import BEHAVIOURAL_VIEW, CROSSBAR_MODULE, EMPTY_VIEW, crossbar_pins
from nngen.sim.verification import Port, VerilogReader


@pytest.fixture(scope="module")
def reader() -> VerilogReader:
    return VerilogReader()


def test_views_agree_with_the_description(reader: VerilogReader, micro: Architecture, micro_rtl: Path) -> None:
    described = tuple(Port(name=p.name, direction=p.direction, width=p.width) for p in crossbar_pins(micro.core))
    assert reader.module_ports(micro_rtl / BEHAVIOURAL_VIEW, CROSSBAR_MODULE) == described
    assert reader.module_ports(micro_rtl / EMPTY_VIEW, CROSSBAR_MODULE) == described


def test_the_wrapper_connects_every_pin(reader: VerilogReader, micro: Architecture, micro_rtl: Path) -> None:
    connected = reader.instance_connections(micro_rtl / "nngen_tile.v", CROSSBAR_MODULE)
    assert sorted(connected) == sorted(pin.name for pin in crossbar_pins(micro.core))


def test_a_planted_swap_is_caught(reader: VerilogReader, micro_rtl: Path, tmp_path: Path) -> None:
    text = (micro_rtl / BEHAVIOURAL_VIEW).read_text()
    lines = text.splitlines()
    first = next(i for i, line in enumerate(lines) if " program_row," in line)
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    swapped = tmp_path / BEHAVIOURAL_VIEW
    swapped.write_text("\n".join(lines) + "\n")
    assert reader.module_ports(swapped, CROSSBAR_MODULE) != reader.module_ports(micro_rtl / EMPTY_VIEW, CROSSBAR_MODULE)
    widened = text.replace("wire [0:0] sample,", "wire [1:0] sample,")
    assert widened != text
    swapped.write_text(widened)
    assert reader.module_ports(swapped, CROSSBAR_MODULE) != reader.module_ports(micro_rtl / EMPTY_VIEW, CROSSBAR_MODULE)
