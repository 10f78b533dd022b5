"""Trims a macro of a build to some columns, writes it with a deck that reads it, and, if asked, runs that."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nngen.errors import InputError, quoted, suggestion
from nngen.flows.machine import Machine
from nngen.flows.progress import Progress, quiet
from nngen.flows.samples import read_samples, stored_or_random_samples
from nngen.host.ends import quantize_inputs
from nngen.ir import LayerMapping, MatrixLayer, Tile
from nngen.sim.analog import Deviation
from nngen.sim.analog.bench import Bench, code_errors
from nngen.sim.analog.spice import Engine

from .files import write_readme
from .reads import observed_reads

__all__ = ["Trimmed", "trim"]

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Trimmed:
    """A trimmed macro.

    Parameters
    ----------
    folder
        Where its files are.
    macro
        Its number.
    bench
        Its netlist and its reads.
    expected
        Codes that the network's program gets, unsigned, shape ``(reads, adcs that are there)``.
    exact
        Where the dot products of the cells as they are lie on the scale of codes, the same shape.
    allowed
        LSB by which ngspice's codes may be off.
    codes
        Those of ngspice, the same shape; None where it did not run.
    """

    folder: Path
    macro: int
    bench: Bench
    expected: IntArray
    exact: FloatArray
    allowed: float
    codes: IntArray | None

    @property
    def errors(self) -> FloatArray:
        """By how many LSB ngspice's codes are off; 0 where nothing is connected."""
        assert self.codes is not None
        highest = (1 << self.bench.made.core.macro.adc_bits) - 1
        return code_errors(self.codes, self.exact, highest=highest) * self.bench.connected

    @property
    def passed(self) -> bool:
        """Whether no code is off by more than it may, as far as is known."""
        return self.codes is None or bool(np.abs(self.errors).max() <= self.allowed)


def trim(
    directory: Path,
    output: Path,
    *,
    macro: int | None = None,
    columns: Sequence[int] = (),
    layer: str | None = None,
    inputs: Path | None = None,
    sample: int = 0,
    reads: int = 4,
    variation: float = 0.0,
    seed: int = 0,
    simulate: bool = False,
    engine: Engine = "binary",
    time_limit_s: float = 600.0,
    progress: Progress = quiet,
) -> Trimmed:
    """Write a macro of a build, trimmed, with a deck that makes reads of the network.

    Parameters
    ----------
    directory
        The build.
    output
        A folder that does not exist yet, or is empty.
    macro
        Number of the macro; by default that of the layer's first tile, or the first in use.
    columns
        The columns (pairs, of the encoding differential) that stay; by default those of the layer's tile in the macro,
        or all.
    layer
        Its tile in the macro is meant, and its reads.
    inputs, sample
        Samples (.npz) by ONNX name and which of them; without a file the stored ones, else random ones.
    reads
        Of each place of a converter's multiplexer, at most.
    variation
        Standard deviation of every conductance, as a fraction of its own; drawn with ``seed``.
    simulate
        Whether to run the deck.
    engine, time_limit_s
        How ngspice runs, and the seconds that it may take.
    progress
        Told what comes next.

    Raises
    ------
    NngenError
        Whatever the user can mend. Codes that are off are not an error: the result says it.
    """
    _check_folder(output)
    progress("reading the build")
    machine = Machine.open(directory)
    number, kept = _choose(machine, macro, columns, layer)
    progress("assembling the netlist")
    made = machine.netlist(kept)
    progress("running the instruction set simulator")
    share = machine.core.macro.columns_per_adc
    places = sorted({conversion % share for conversion in made.conversions})
    observed, codes = observed_reads(
        machine, _sample(machine, inputs, sample), macro=number, places=places, layer=layer, most=reads
    )
    levels: npt.NDArray[np.generic] = machine.program.cores[0].cells[number]
    if variation:
        levels = _varied(levels, variation, (1 << machine.core.macro.cell_bits) - 1, seed)
    bench = Bench(made=made, levels=levels, reads=observed, title=f"{machine.architecture.name} macro {number}")
    exact = bench.exact()
    expected = codes[:, list(made.adcs)]
    with _whole(output) as folder:
        deck = output / bench.write(folder).name
        write_readme(folder, bench, number, expected)
    if simulate:
        progress(f"running {deck.name} in ngspice")
    return Trimmed(
        folder=output,
        macro=number,
        bench=bench,
        expected=expected,
        exact=exact,
        allowed=machine.architecture.analog.code_error,
        codes=bench.simulate(deck, engine=engine, time_limit_s=time_limit_s) if simulate else None,
    )


def _check_folder(output: Path) -> None:
    if output.exists() and (not output.is_dir() or any(output.iterdir())):
        raise InputError(f"output '{output}' must be a folder that is empty or does not exist yet")


@contextlib.contextmanager
def _whole(output: Path) -> Iterator[Path]:
    """Yield a folder that becomes ``output`` once everything is in it; of a failure nothing stays."""
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{output.name[:40]}.", dir=output.parent))
        try:
            yield folder
            folder.chmod(0o755)
            folder.replace(output)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    except OSError as error:
        raise InputError(f"output '{output}' cannot be written: {error.strerror or error}") from error


def _choose(
    machine: Machine, macro: int | None, columns: Sequence[int], layer: str | None
) -> tuple[int, Sequence[int] | None]:
    """Return the macro and the columns that stay; None for all."""
    layers = machine.mapping.layers
    if layer is not None:
        layers = tuple(one for one in layers if one.layer == layer)
        if not layers:
            names = [one.layer for one in machine.mapping.layers]
            known = ", ".join(quoted(name)[1:-1] for name in names)
            raise InputError(
                f"layer must be one of the mapping ({known}), not {quoted(layer)}{suggestion(layer, names)}"
            )
    tiles = [(one, tile) for one in layers for tile in one.tiles if macro is None or tile.macro == macro]
    if not tiles:
        used = sorted({tile.macro for one in layers for tile in one.tiles})
        which = ", ".join(map(str, used)) or "there are none"
        raise InputError(f"macro must be one in use ({which}), not {macro}")
    number = tiles[0][1].macro
    if columns or layer is None:
        return number, list(columns) or None
    return number, sorted({c for one, tile in tiles if tile.macro == number for c in _conversions(machine, one, tile)})


def _conversions(machine: Machine, layer: LayerMapping, tile: Tile) -> range:
    """Return the conversions of a tile."""
    macro = machine.core.macro
    matrix = next(one for one in machine.network.layers if one.name == layer.layer)
    assert isinstance(matrix, MatrixLayer)
    width = macro.weight_format(matrix.weights).columns * tile.outputs
    return range(tile.column // macro.lines, (tile.column + width) // macro.lines)


def _sample(machine: Machine, inputs: Path | None, sample: int) -> dict[str, IntArray]:
    """Return the codes of one sample."""
    if inputs is None:
        given, _ = stored_or_random_samples(machine.build, machine.network, samples=None)
    else:
        given = read_samples(inputs, machine.network)
    count = len(next(iter(given.values())))
    if not 0 <= sample < count:
        raise InputError(f"sample must be 0 to {count - 1}, not {sample}")
    one = {name: array[sample : sample + 1] for name, array in given.items()}
    return dict(quantize_inputs(machine.network, one))


def _varied(levels: npt.NDArray[np.generic], variation: float, highest: int, seed: int) -> FloatArray:
    """Return levels as they are programmed with an error."""
    deviation = Deviation(proportional=variation)
    wide = levels.astype(np.float32)
    spread = np.sqrt(deviation.variance(wide, highest))
    draws = np.random.default_rng(seed).standard_normal(wide.shape, np.float32)
    varied: FloatArray = np.maximum(wide + spread * draws, 0).astype(np.float64)
    return varied
