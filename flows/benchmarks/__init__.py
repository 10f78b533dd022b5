"""The figures that the design is measured against: ``python -m nngen.flows.benchmarks``."""

from functools import partial

from .chips import measure_building, measure_digits, measure_layers
from .faults import measure_faults
from .golden import measure_golden
from .importing import measure_importing
from .mapping import measure_mapping
from .netlist import measure_netlist
from .networks import CHIPS, PIPELINED, measure_networks, measure_networks_rtl
from .noisy import measure_noisy
from .registry import Benchmark, Row
from .wires import measure_wires

__all__ = ["BENCHMARKS", "Benchmark", "Row"]

BENCHMARKS = [
    Benchmark(
        name="golden",
        description="speed of the golden model, lossless and lossy, against float32 im2col and BLAS products",
        measure=measure_golden,
    ),
    Benchmark(
        name="noisy",
        description="a noisy 256 x 256 product, batched, against CrossSim",
        measure=measure_noisy,
    ),
    Benchmark(
        name="wires",
        description="crossbars with wire resistance: seconds a solution, and its distance from LU and from ngspice",
        measure=measure_wires,
    ),
    Benchmark(
        name="digits",
        description="perceptron on the chip `digits`: cycles, logic and Verilog of one build",
        measure=measure_digits,
    ),
    Benchmark(
        name="layers",
        description="cycles of every layer of the convolutional networks over their bounds",
        measure=measure_layers,
    ),
    Benchmark(
        name="networks",
        description="networks of others on four chips: golden = ISS, cycles over bounds, programs, labels",
        measure=measure_networks,
    ),
    *(
        Benchmark(
            name=f"networks-rtl-{chip}",
            description=f"the same networks on {chip} in Verilator: golden = ISS = RTL; long",
            measure=partial(measure_networks_rtl, chip),
            long=True,
        )
        for chip in CHIPS
    ),
    *(
        Benchmark(
            name=f"networks-rtl-{chip}-pipelined",
            description=f"the same networks on {chip}, 4 inferences a start, in Verilator: golden = ISS = RTL; long",
            measure=partial(measure_networks_rtl, chip, inferences=4),
            long=True,
        )
        for chip in PIPELINED
    ),
    Benchmark(
        name="mapping",
        description="macros, traffic, cycles of each mapping strategy beside their bounds; ResNet-18 on chips it fills",
        measure=measure_mapping,
    ),
    Benchmark(
        name="importing",
        description="time and memory to import a file of the size of ResNet-18",
        measure=measure_importing,
    ),
    Benchmark(
        name="building",
        description="time to compile a network, and to build it with Verilog",
        measure=measure_building,
    ),
    Benchmark(
        name="netlist",
        description="netlists of 1T1R arrays: speed and memory, beside hdl21; currents in ngspice",
        measure=measure_netlist,
    ),
    Benchmark(
        name="faults",
        description="instructions after which planted faults of the hardware are seen",
        measure=measure_faults,
    ),
]
"""All benchmarks, in the order they run."""
