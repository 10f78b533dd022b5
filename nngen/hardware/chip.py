"""The chip: host port, cores, and what joins them."""

from __future__ import annotations

from amaranth.hdl import Cat, Module, Mux, ResetInserter, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from nngen.arch import Architecture
from nngen.isa import STALL_SEED_BITS, Unit, core_stall_rotation, retire_prefix

from ._placement import VerilogPlatform, place
from .arbiter import Arbiter
from .host_port import HostPort, axi_lite_ports
from .node import Node
from .retire import RETIRE_PORTS

CHIP_MODULE = "nngen_chip"
NODE_MODULE = "nngen_node"
_FROM_BUS = ("write", "address", "data")


class Chip(wiring.Component):
    """Top of the design.

    Ports
    -----
    s_axi_*
        AXI4-Lite subordinate, map in ``nngen.host.chip_map``.
    interrupt
        Out: level, until the host clears it.
    retire_<unit>_*, core<c>_retire_<unit>_*
        Out, simulation builds: of the only core; of several.
    stall_seed
        In, simulation builds: see :class:`~nngen.hardware.core.Core`.
    running
        Out, simulation builds: a core runs; first high in cycle 0 of a program.
    """

    def __init__(self, architecture: Architecture, *, retire: bool = False):
        self.architecture = architecture
        self.retire = retire
        self.host_port = HostPort(architecture)
        kinds, block_bits = architecture.kinds, self.host_port.block_bits
        self._suffixes = ["" if kind == kinds[0] else f"_{kinds.index(kind)}" for kind in architecture.cores]
        self.nodes = [
            Node(core, block_bits=block_bits, suffix=suffix, retire=retire)
            for core, suffix in zip(architecture.cores, self._suffixes, strict=True)
        ]
        ports = axi_lite_ports(self.host_port.map.address_bits) | {"interrupt": Out(1)}
        if retire:
            for core in range(len(self.nodes)):
                prefix = retire_prefix(core, len(self.nodes))
                for unit in Unit:
                    ports |= {name.replace("retire_", f"{prefix}{unit}_"): port for name, port in RETIRE_PORTS.items()}
            ports |= {"stall_seed": In(STALL_SEED_BITS), "running": Out(1)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        host = self.host_port
        m.submodules.host_port = host
        for number, node in enumerate(self.nodes):
            self._add_node(m, platform, number, node)
        if len(self.nodes) > 1:
            self._arbitrate(m)
            self._bus(m)
        for name, member in self.signature.members.items():
            if name.startswith("s_axi_") or name == "interrupt":
                source, target = (host, self) if member.flow is Out else (self, host)
                m.d.comb += getattr(target, name).eq(getattr(source, name))
        if self.retire:
            m.d.comb += self.running.eq(host.run.any())
        return m

    def _add_node(self, m: Module, platform: object, number: int, node: Node) -> None:
        host = self.host_port
        if isinstance(platform, VerilogPlatform) and len(self.nodes) > 1:
            place(m, platform, f"core{number}", node, kind=f"{NODE_MODULE}{self._suffixes[number]}")
        elif len(self.nodes) > 1:
            m.submodules[f"core{number}"] = node
        else:
            m.submodules.node = node
        shared = {"start": host.start, "finished": host.finished, "watchdog": host.watchdog}
        shared |= {"loop_count": host.loop_count, "access_data": host.write_data}
        shared |= {name: getattr(host, name) for name in ("write_address", "write_strobe", "read_address")}
        m.d.comb += [getattr(node, name).eq(source) for name, source in shared.items()]
        m.d.comb += [
            node.write.eq(host.write[number]),
            node.read.eq(host.read[number]),
            host.run[number].eq(node.run),
            host.done[number].eq(node.done),
            host.write_fits[number].eq(node.write_fits),
            host.write_wait[number].eq(node.write_wait),
            host.read_ready[number].eq(node.read_ready),
            host.read_known[number].eq(node.read_known),
            getattr(host, f"read_value_{number}").eq(node.read_value),
        ]
        if self.retire:
            m.d.comb += node.stall_seed.eq(self.stall_seed.rotate_left(core_stall_rotation(number)))
            prefix = retire_prefix(number, len(self.nodes))
            for unit in Unit:
                for port in RETIRE_PORTS:
                    named = port.replace("retire_", f"retire_{unit}_")
                    m.d.comb += getattr(self, named.replace("retire_", prefix, 1)).eq(getattr(node, named))

    def _arbitrate(self, m: Module) -> None:
        m.submodules.arbiter = arbiter = ResetInserter(self.host_port.start)(Arbiter(len(self.nodes)))
        for number, node in enumerate(self.nodes):
            m.d.comb += [
                arbiter.ask[number].eq(node.ask),
                arbiter.bus[number].eq(node.ask_bus),
                arbiter.ends[number].eq(node.ask_ends),
                getattr(arbiter, f"ports_{number}").eq(node.ask_ports),
                node.ask_start.eq(arbiter.start[number]),
            ]

    def _bus(self, m: Module) -> None:
        """Send what one core writes to all others; a core's own outputs are 0 while it sends nothing."""
        nodes = self.nodes

        def wire(name: str, value: Value) -> Signal:
            """Name what all cores read: an expression would be written out for each of them."""
            signal = Signal(value.shape(), name=f"bus_{name}")
            m.d.comb += signal.eq(value)
            return signal

        progress = wire("progress", Cat(*[node.progress for node in nodes]).any())
        valid = wire("valid", _any([Mux(node.to_bus_valid, node.targets, 0) for node in nodes]))
        signals = wire("signal", _any([Mux(node.to_bus_signal, node.targets, 0) for node in nodes]))
        index = wire("index", _any([Mux(node.to_bus_signal, node.to_bus_index, 0) for node in nodes]))
        words = {
            name: wire(name, _any([Mux(node.to_bus_valid, getattr(node, f"to_bus_{name}"), 0) for node in nodes]))
            for name in _FROM_BUS
        }
        for number, node in enumerate(nodes):
            m.d.comb += [
                node.chip_progress.eq(progress),
                node.from_bus_valid.eq(valid[number]),
                node.from_bus_signal.eq(signals[number]),
                node.from_bus_index.eq(index),
                *(getattr(node, f"from_bus_{name}").eq(word) for name, word in words.items()),
            ]


def _any(values: list[Value]) -> Value:
    """Return the OR of values, in a tree."""
    while len(values) > 1:
        values = [values[i] | values[i + 1] if i + 1 < len(values) else values[i] for i in range(0, len(values), 2)]
    return values[0]
