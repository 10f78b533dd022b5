"""A clocked sense amplifier and its bench, written for ngspice: `python sense_amplifier.py sense_amplifier.sp`."""

import sys
from pathlib import Path

from nngen.netlist import Instance, Model, Netlist, Port, Subcircuit, check, format_ngspice, write_pieces

n, p = {"w": "wn", "l": "180n"}, {"w": "2*wn", "l": "180n"}
inputs = [Port("in_p", direction="in"), Port("in_n", direction="in"), Port("clock", "digital", "in")]
outputs = [Port("out_p", "digital", "out"), Port("out_n", "digital", "out")]
latch = [
    Instance(f"M{name}", nets.split(), model, parameters=p if model == "pch" else n)
    for name, model, nets in [
        ("reset_p", "pch", "out_p clock vdd vdd"),  # both outputs are high while the clock is low
        ("reset_n", "pch", "out_n clock vdd vdd"),
        ("pull_up_p", "pch", "out_p out_n vdd vdd"),
        ("pull_up_n", "pch", "out_n out_p vdd vdd"),
        ("pull_down_p", "nch", "out_p out_n half_p vss"),
        ("pull_down_n", "nch", "out_n out_p half_n vss"),
        ("input_n", "nch", "half_p in_n tail vss"),  # the higher input pulls the other side's output down
        ("input_p", "nch", "half_n in_p tail vss"),
        ("tail", "nch", "tail clock vss vss"),
    ]
]
supplies = [Port("vdd", "supply"), Port("vss", "supply")]
amplifier = Subcircuit("sense_amplifier", [*inputs, *outputs, *supplies], latch, parameters={"wn": "1u"})


def bench(difference: float) -> Netlist:
    """Return the amplifier with sources: the inputs differ by ``difference`` volts, the clock rises at 1 ns."""
    sources = [
        Instance("Vdd", ["vdd", "0"], value="1.8V"),
        Instance("Vin_p", ["in_p", "0"], value=0.9 + difference / 2),
        Instance("Vin_n", ["in_n", "0"], value=0.9 - difference / 2),
        Instance("Vclock", ["clock", "0"], value="dc 0 pulse(0 1.8 1n 50p 50p 5n 10n)"),
    ]
    loads = [Instance("Cp", ["out_p", "0"], value="10fF"), Instance("Cn", ["out_n", "0"], value="10fF")]
    nets = ["in_p", "in_n", "clock", "out_p", "out_n", "vdd", "0"]
    placed = Instance("Xamplifier", nets, "sense_amplifier", parameters={"wn": "2u"})
    level_1 = {"level": 1, "kp": "200u", "lambda": 0.1}
    models = [Model("nch", "nmos", level_1 | {"vto": 0.45}), Model("pch", "pmos", level_1 | {"vto": -0.45})]
    return Netlist("a sense amplifier", [amplifier], contents=[*sources, *loads, placed], models=models)


if __name__ == "__main__":
    netlist = bench(difference=0.02)
    check(netlist)
    write_pieces(format_ngspice(netlist), Path(sys.argv[1]))
