"""A 1T1R array by hdl21, timed: run by ``netlist`` in an environment that has hdl21, which nngen's cannot.

Takes the side of the array and prints seconds.
"""

from __future__ import annotations

import io
import random
import sys
import time

import hdl21


def array(side: int) -> hdl21.Module:
    """Return the array: one transistor and one resistor a cell, as ``netlist`` builds it."""
    transistor = hdl21.ExternalModule(
        name="nch", port_list=[hdl21.Inout(name=name) for name in "dgsb"], paramtype=dict, desc="a transistor"
    )(w="1u", l="180n")
    generator = random.Random(1)
    module = hdl21.Module(name="array")
    vss = module.add(hdl21.Inout(name="vss"))
    word, bit, source = (
        [module.add(hdl21.Inout(name=f"{line}{place}")) for place in range(side)] for line in ("wl", "bl", "sl")
    )
    for row in range(side):
        for column in range(side):
            inner = module.add(hdl21.Signal(name=f"n{row}_{column}"))
            cell = transistor(d=inner, g=word[row], s=source[row], b=vss)
            module.add(cell, name=f"t_{row}_{column}")
            memory = hdl21.IdealResistor(r=generator.uniform(5e3, 1e5))(p=bit[column], n=inner)
            module.add(memory, name=f"m_{row}_{column}")
    return module


def main() -> None:
    """Build it, print it, and say how long both took."""
    side = int(sys.argv[1])
    array(2)  # what is done once is not counted
    begin = time.perf_counter()
    hdl21.netlist(array(side), dest=io.StringIO(), fmt="spice")
    print(time.perf_counter() - begin)


if __name__ == "__main__":
    main()
