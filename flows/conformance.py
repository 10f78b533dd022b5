"""``make conformance``: every network of a folder against its reference, or refused with the right reason.

Rules
-----
1. A network is compared layer by layer, each layer on the input codes that onnxruntime computed itself, before a
   Softmax. Codes may differ only where float32 moved a near-tie: at most ``max(1, 1e-5 × codes)`` of a network. Means
   that are ties themselves are counted apart.
2. Where onnxruntime cannot load the file (operators of QONNX) or the file has no tensor of a layer's codes, the
   network's outputs are compared with those that were shipped, in steps of their scale. So they are, besides, where the
   network's author shipped them.
3. Largest outputs are compared too: how many samples change their class.
4. A file of ``conformance_expected.REFUSED`` must be refused with that reason; any other refusal is a miss.
5. The same network as QCDQ and as QONNX has the same outputs; two files of ``PAIRED_MAPPINGS`` have the same weights
   and mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import typer

from nngen.arch import Architecture, read_architecture
from nngen.compiler.frontend import read_network
from nngen.compiler.mapper import map_network
from nngen.errors import ModelError, NngenError
from nngen.host.ends import finish_outputs, quantize_inputs
from nngen.ir import Network
from nngen.sim.golden import run_golden

from .accuracy import Difference, LayerComparison, agreement, compare_with_reference
from .conformance_expected import PAIRED_MAPPINGS, REFUSED
from .conformance_networks import NetworkFile, networks_below
from .conformance_report import render, write_json
from .present import show
from .progress import shown
from .reference import run_reference

__all__ = ["Checked", "check", "check_pair", "conformance"]

Array = npt.NDArray[Any]
Outcome = Literal["equal", "near-ties", "refused", "MISS"]

DEFAULT_FOLDER = Path(__file__).resolve().parents[2] / "shared" / "models"
ARCHITECTURE = Path(__file__).parent / "architectures" / "cim256_lossless.toml"
NEAR_TIES_ALLOWED = 1e-5
NO_REFERENCE = ("onnxruntime cannot", "has no tensor")


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What became of a network.

    Parameters
    ----------
    name
        Path below the folder.
    dialect
        As it was recognized; empty where it was refused.
    reference
        What its codes were compared with.
    samples, codes, differing
        How many of each.
    near_ties
        Differing codes that float32 explains, listed; those of ``tied_means`` are counted apart.
    largest
        Largest difference of a code.
    class_changes
        Samples whose largest output is another.
    outcome, reason
        The verdict; why it was refused, or what is amiss.
    listed
        The differences, each with the layer's name.
    """

    name: str
    outcome: Outcome
    dialect: str = ""
    reference: str = ""
    samples: int = 0
    codes: int = 0
    differing: int = 0
    near_ties: int = 0
    tied_means: int = 0
    largest: int = 0
    class_changes: int = 0
    reason: str = ""
    listed: tuple[tuple[str, Difference], ...] = ()


def conformance(folder: Path, *, progress: Callable[[str], None] = lambda name: None) -> Iterator[Checked]:
    """Check every network of a folder, then what pairs of them have in common.

    Raises
    ------
    InputError
        Where samples cannot be read.
    """
    files = networks_below(folder)
    for file in files:
        progress(file.name)
        yield check(file, refused=REFUSED.get(file.name))
    by_name = {file.name: file for file in files}
    for name, file in by_name.items():
        other = by_name.get(name.replace("_qonnx.onnx", "_qcdq.onnx"), file)
        if other is not file:
            progress(name)
            yield check_pair(other, file, _outputs_differ)
    for first, second in PAIRED_MAPPINGS:
        if first in by_name and second in by_name:
            progress(second)
            yield check_pair(by_name[first], by_name[second], _mappings_differ)


def check(file: NetworkFile, *, refused: str | None = None) -> Checked:
    """Check one network; ``refused`` is a part of the sentence that must refuse it."""
    try:
        network = read_network(file.path)
    except ModelError as error:
        reason = str(error).removeprefix(f"{file.path}: ")
        as_it_must = refused is not None and refused in reason
        return Checked(name=file.name, outcome="refused" if as_it_must else "MISS", reason=f"refused: {reason}")
    if refused is not None:
        return Checked(name=file.name, dialect=network.dialect, outcome="MISS", reason=f"must be refused: {refused}")
    if not file.samples:
        return Checked(name=file.name, dialect=network.dialect, outcome="MISS", reason="has no samples beside it")
    try:
        return _compared(file, network)
    except NngenError as error:
        return Checked(name=file.name, dialect=network.dialect, outcome="MISS", reason=str(error))


def _compared(file: NetworkFile, network: Network) -> Checked:
    samples = _samples(file, network)
    codes = run_golden(network, quantize_inputs(network, samples))
    found = finish_outputs(network, codes)
    before_tail = finish_outputs(_without_tails(network), codes)
    try:
        layers = compare_with_reference(network, file.path, samples)
        reference = run_reference(file.path, samples)
    except ModelError as error:
        if not any(reason in str(error) for reason in NO_REFERENCE) or not file.outputs:
            raise
        return _against_shipped(file, network, before_tail)
    made = _against_layers(file, network, layers, found, reference)
    shipped = _against_shipped(file, network, before_tail) if file.golden else made
    return made if shipped.outcome != "MISS" else shipped


def _without_tails(network: Network) -> Network:
    """Return the network with outputs as an author's golden ones are: before a Softmax and its like."""
    return replace(network, outputs=tuple(replace(end, tail=(), file_type="float32") for end in network.outputs))


def _samples(file: NetworkFile, network: Network) -> dict[str, Array]:
    """Return the samples by the names of the file's inputs."""
    return {end.name: array for end, array in zip(network.inputs, file.samples, strict=False)}


def _against_layers(
    file: NetworkFile,
    network: Network,
    layers: list[LayerComparison],
    found: Mapping[str, Array],
    reference: Mapping[str, Array],
) -> Checked:
    listed = tuple((layer.layer, one) for layer in layers for one in layer.differences)
    codes, differing = sum(layer.codes for layer in layers), sum(layer.differing for layer in layers)
    near_ties, tied = sum(layer.near_ties for layer in layers), sum(layer.tied_means for layer in layers)
    within = differing == near_ties <= max(1, int(NEAR_TIES_ALLOWED * codes)) + tied
    samples = len(file.samples[0])
    return Checked(
        name=file.name,
        dialect=network.dialect,
        reference="onnxruntime, layer by layer",
        samples=samples,
        codes=codes,
        differing=differing,
        near_ties=near_ties,
        tied_means=tied,
        largest=max((abs(one.golden - one.reference) for _, one in listed), default=0),
        class_changes=sum(samples - agreement(found[name], reference[name]) for name in found),
        outcome="equal" if differing == 0 else "near-ties" if within else "MISS",
        reason="" if within else "codes differ beyond near-ties",
        listed=listed,
    )


def _against_shipped(file: NetworkFile, network: Network, found: Mapping[str, Array]) -> Checked:
    """Compare the outputs alone, in steps of their scale."""
    codes = differing = largest = changes = 0
    for end, wanted in zip(network.outputs, file.outputs, strict=False):
        values = found[end.name].reshape(-1)
        steps = np.abs(values - wanted.reshape(-1)) / np.broadcast_to(end.scale, end.scale.shape).min()
        rounded = np.rint(steps).astype(np.int64)
        codes, differing, largest = codes + steps.size, differing + int((rounded > 0).sum()), int(rounded.max())
        shaped = np.where(rounded > 0, wanted.reshape(-1), values).reshape(found[end.name].shape)
        changes += len(shaped) - agreement(found[end.name], shaped)
    return Checked(
        name=file.name,
        dialect=network.dialect,
        reference="golden outputs of its author" if file.golden else "shipped outputs",
        samples=len(file.samples[0]),
        codes=codes,
        differing=differing,
        largest=largest,
        class_changes=changes,
        outcome="MISS" if differing else "equal",
        reason="outputs differ from those shipped" if differing else "",
    )


# ---------------------------------------------------------------- pairs


def check_pair(first: NetworkFile, second: NetworkFile, differ: Callable[[NetworkFile, NetworkFile], str]) -> Checked:
    """Check what two files of one network have in common; ``differ`` returns what is amiss."""
    try:
        reason = differ(first, second)
    except NngenError as error:
        reason = str(error)
    name = f"{first.name} = {second.name}"
    return Checked(name=name, reference="each other", outcome="MISS" if reason else "equal", reason=reason)


def _outputs_differ(first: NetworkFile, second: NetworkFile) -> str:
    results = []
    for file in (first, second):
        network = read_network(file.path)
        codes = run_golden(network, quantize_inputs(network, _samples(file, network)))
        results.append(list(finish_outputs(network, codes).values()))
    same = all(np.allclose(one, other, rtol=1e-5, atol=1e-6) for one, other in zip(*results, strict=True))
    return "" if same else "their outputs differ"


def _mappings_differ(first: NetworkFile, second: NetworkFile) -> str:
    networks = [read_network(file.path) for file in (first, second)]
    pairs = list(zip(networks[0].matrix_layers, networks[1].matrix_layers, strict=False))
    counts = {len(network.matrix_layers) for network in networks}
    if len(counts) > 1 or any(not np.array_equal(one.weights, other.weights) for one, other in pairs):
        return "their integer weights differ"
    architecture = read_architecture(ARCHITECTURE)
    places = [_places(network, architecture) for network in networks]
    return "" if places[0] == places[1] else "their mappings differ"


def _places(network: Network, architecture: Architecture) -> list[Any]:
    """Return where the weights of each matrix layer lie, without names."""
    mapping = map_network(network, architecture)
    return [mapping.layer(layer.name).tiles for layer in network.matrix_layers]


# ---------------------------------------------------------------- command line

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def main(
    folder: Annotated[Path, typer.Argument(metavar="[FOLDER]", show_default=False)] = DEFAULT_FOLDER,
    *,
    json: Annotated[Path | None, typer.Option("--json", metavar="F", help="Write the table as JSON too.")] = None,
) -> None:
    """Compare every network of a folder (../shared/models) with its reference; exit status 1 where one misses."""
    if not folder.is_dir():
        typer.echo(f"folder of networks must exist, and '{folder}' does not", err=True)
        raise typer.Exit(2)
    with shown() as step:
        results = list(conformance(folder, progress=step))
    show(render(results))
    if json is not None:
        write_json(results, json)
    if not results or any(one.outcome == "MISS" for one in results):
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
