"""The third simulator: Amaranth's own, which simulates the design as it was before it became Verilog."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate, count

from amaranth.hdl import Cat, ClockDomain, Module, Signal, Value
from amaranth.sim import Simulator, SimulatorContext

from nngen.arch import Architecture
from nngen.errors import ToolError
from nngen.hardware import Chip, by_levels
from nngen.isa import Unit, retire_prefix

from ._log import LINE_FORMAT, Kind
from ._operations import Operation, read_script
from ._script import HostScript, Op

RESET_CYCLES = 4
_CLOCK_S = 10e-9
# What the bench looks at in every cycle; the handshakes are named as the channels of the bus.
_FLAGS = {
    "running": "running",
    "interrupt": "interrupt",
    "awready": "s_axi_awready",
    "wready": "s_axi_wready",
    "bvalid": "s_axi_bvalid",
    "arready": "s_axi_arready",
    "rvalid": "s_axi_rvalid",
}
_MASKS = {name: 1 << i for i, name in enumerate(_FLAGS)}
_RETIREMENT = ("valid", "word", "pc", "state", "digest")


def simulate_in_amaranth(architecture: Architecture, script: HostScript | str, *, cycle_limit: int = 10_000_000) -> str:
    """Simulate a chip while the host does what a script says, and return the log.

    Parameters
    ----------
    architecture
        The chip; it is simulated with retire ports.
    script
        What the host does, or the text of it.
    cycle_limit
        Cycles of the clock within which the script must end.

    Raises
    ------
    InputError
        A line of the script is no operation.
    ToolError
        The script does not end within the limit; names the operation that it has come to.
    """
    operations = read_script(script if isinstance(script, str) else script.text())
    design = _Design(Chip(architecture, retire=True))
    bench = _Bench(design, operations, cycle_limit)
    simulator = Simulator(by_levels(design.module))
    simulator.add_clock(_CLOCK_S)
    simulator.add_testbench(bench.run)
    simulator.run()
    return "".join(bench.log)


class _Design:
    """The chip and what the bench reads of it: as few signals as can be, because the simulator pays for each.

    Attributes
    ----------
    inputs
        What the bench drives, by name.
    flags
        The outputs ``_FLAGS``, lowest first; above them, whether any unit retires.
    answer
        Write response, read response and read data at the last clock edge with an answer.
    retired
        The retire ports of each unit of each core at the last clock edge with a retirement.
    """

    def __init__(self, chip: Chip) -> None:
        self.module = m = Module()
        m.domains.sync = domain = ClockDomain("sync")
        m.submodules.chip = chip
        prefix = "s_axi_"
        inputs = ("awaddr", "awvalid", "wdata", "wstrb", "wvalid", "bready", "araddr", "arvalid", "rready")
        self.inputs: dict[str, Signal] = {name: getattr(chip, prefix + name) for name in inputs}
        self.inputs |= {"rst": domain.rst, "stall_seed": chip.stall_seed}
        cores = len(chip.nodes)
        retiring = [
            [getattr(chip, f"{retire_prefix(core, cores)}{unit}_{name}") for name in _RETIREMENT]
            for core in range(cores)
            for unit in Unit
        ]
        any_retires = Cat(*[valid for valid, *_ in retiring]).any()
        self.flags = Signal(len(_FLAGS) + 1)
        m.d.comb += self.flags.eq(Cat(*[getattr(chip, name) for name in _FLAGS.values()], any_retires))
        answered = chip.s_axi_bvalid | chip.s_axi_rvalid
        self.answer = _keep(m, answered, [chip.s_axi_bresp, chip.s_axi_rresp, chip.s_axi_rdata])
        kept = _keep(m, any_retires, [port for ports in retiring for port in ports])
        self.retired = [kept[i : i + len(_RETIREMENT)] for i in range(0, len(kept), len(_RETIREMENT))]


def _keep(m: Module, when: Value, ports: Sequence[Signal]) -> list[Value]:
    """Return what the ports were at the last edge with ``when``, whatever the reset does."""
    together = Cat(*ports)
    kept = Signal(len(together), reset_less=True)
    with m.If(when):
        m.d.sync += kept.eq(together)
    return [kept[end - len(port) : end] for port, end in zip(ports, accumulate(map(len, ports)), strict=True)]


class _Bench:
    """Does what the Verilog bench does, at the same edges of the clock.

    Attributes
    ----------
    log
        Lines of the log, each with its end.
    """

    def __init__(self, design: _Design, operations: Sequence[Operation], cycle_limit: int) -> None:
        self.log: list[str] = []
        self._design = design
        self._operations = operations
        self._cycle_limit = cycle_limit
        self._driven = dict.fromkeys(design.inputs, 0)  # the bench's registers, as they are before an edge
        self._changes: dict[str, int] = {}  # what becomes of them after it
        self._flags = 0
        self._now = 0
        self._done = 0  # operations
        self._recording = True

    async def run(self, context: SimulatorContext) -> None:
        """Act at every clock edge until the script has ended."""
        self._context = context
        self._drive(rst=1, wstrb=0b1111)
        self._apply()
        host = self._host()
        edges = 0
        async for _, _, flags in context.tick().sample(self._design.flags):
            self._observe(flags)
            if next(host, True):
                return
            self._apply()
            edges += 1
            if edges == self._cycle_limit:
                raise ToolError(
                    f"host script must end within {self._cycle_limit} cycles, but is at operation {self._done + 1} of "
                    f"{len(self._operations)}"
                )

    # ---------------------------------------------------------------- the log

    def _observe(self, flags: int) -> None:
        """Take in the outputs as they were at the edge; log what retires."""
        begins = flags & ~self._flags & _MASKS["running"]
        self._now = 0 if begins else (self._now + 1) & 0xFFFFFFFF
        self._flags = flags
        if not flags >> len(_FLAGS) or not self._recording:
            return
        for number, ports in enumerate(self._design.retired):
            valid, word, pc, state, digest = (self._context.get(port) for port in ports)
            if valid:
                core, unit = divmod(number, len(Unit))
                self._write_entry(
                    Kind.RETIRE, cycle=self._now, core=core, unit=unit, pc=pc, state=state, digest=digest, word=word
                )

    def _write_entry(
        self, kind: Kind, *, cycle: int = 0, core: int = 0, unit: int = 0, pc: int = 0, state: int = 0,
        digest: int = 0, word: int = 0,
    ) -> None:  # fmt: skip
        self.log.append(LINE_FORMAT % (kind, cycle, core, unit, pc, state, digest, word) + "\n")

    # ---------------------------------------------------------------- pins

    def _high(self, name: str) -> bool:
        return bool(self._flags & _MASKS[name])

    def _drive(self, **inputs: int) -> None:
        """Give inputs of the chip new values, all at once when the edge is over."""
        self._changes |= inputs

    def _apply(self) -> None:
        if not self._changes:
            return
        value = position = 0
        for name, number in self._changes.items():
            width = len(self._design.inputs[name])
            value |= (number & ((1 << width) - 1)) << position
            position += width
        self._context.set(Cat(*[self._design.inputs[name] for name in self._changes]), value)
        self._driven |= self._changes
        self._changes = {}

    def _offer(self, channel: str, now: bool, **payload: int) -> None:
        """Raise the channel's valid ``now``, with what it says; lower it once it was seen."""
        if self._driven[f"{channel}valid"] and self._high(f"{channel}ready"):
            self._drive(**{f"{channel}valid": 0})
        if now:
            self._drive(**{f"{channel}valid": 1}, **payload)

    def _answered(self, channel: str, now: bool) -> bool:
        """Raise the channel's ready ``now``; return whether it is answered, which lowers it."""
        ready = f"{channel}ready"
        if self._driven[ready] and self._high(f"{channel}valid"):
            self._drive(**{ready: 0})
            return True
        if now:
            self._drive(**{ready: 1})
        return False

    # ---------------------------------------------------------------- the host: generators that act once an edge

    def _host(self) -> Iterator[None]:
        """Reset the chip, then do one operation after the other."""
        for _ in range(RESET_CYCLES - 1):
            yield
        self._drive(rst=0)
        yield
        for operation in self._operations:
            for _ in range(operation.pause):
                yield
            if operation.op is Op.END:
                break
            yield from self._act(operation)
            self._done += 1
            yield
        self._write_entry(Kind.END)

    def _act(self, operation: Operation) -> Iterator[None]:
        match operation.op:
            case Op.WRITE:
                return self._write(operation)
            case Op.READ:
                return self._read(operation)
            case Op.AWAIT:
                return self._await(operation.data)
            case Op.RESET:
                return self._reset(operation.data)
            case Op.STALL_SEED:
                self._drive(stall_seed=operation.data)
                return iter(())
            case _:
                self._recording = bool(operation.data)
                return iter(())

    def _write(self, operation: Operation) -> Iterator[None]:
        for elapsed in count():
            self._offer("aw", elapsed == operation.address_delay, awaddr=operation.address)
            self._offer("w", elapsed == operation.data_delay, wdata=operation.data)
            if self._answered("b", elapsed == operation.answer_delay):
                break
            yield
        response = self._context.get(self._design.answer[0])
        if response:
            self._write_entry(Kind.REFUSED, unit=response, word=operation.address)

    def _read(self, operation: Operation) -> Iterator[None]:
        for elapsed in count():
            self._offer("ar", elapsed == operation.address_delay, araddr=operation.address)
            if self._answered("r", elapsed == operation.answer_delay):
                break
            yield
        _, response, data = (self._context.get(value) for value in self._design.answer)
        self._write_entry(Kind.READ, unit=response, digest=data, word=operation.address)

    def _await(self, limit: int) -> Iterator[None]:
        for _ in range(limit):
            if self._high("interrupt"):
                break
            yield
        self._write_entry(Kind.INTERRUPT if self._high("interrupt") else Kind.TIMEOUT)

    def _reset(self, cycles: int) -> Iterator[None]:
        self._drive(rst=1)
        yield
        self._write_entry(Kind.RESET, cycle=self._now)
        for _ in range(cycles - 1):
            yield
        self._drive(rst=0)
