"""How good a network's answers are, and whether the golden model computes what onnxruntime computes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nngen.compiler.frontend import load_model
from nngen.errors import InputError
from nngen.host.ends import quantize_inputs
from nngen.ir import (
    CopyLayer,
    DepthwiseLayer,
    ElementwiseLayer,
    HostOutput,
    Layer,
    MatrixLayer,
    Network,
    PoolLayer,
    ProductLayer,
    Tensor,
)
from nngen.numerics import Requantization
from nngen.sim.golden import LayerRun, run_layer

from .reference import channel_last_codes, run_reference

__all__ = [
    # answers
    "Evaluation",
    "agreement",
    "evaluate",
    "predicted_labels",
    # codes
    "Difference",
    "LayerComparison",
    "compare_codes",
    "compare_with_reference",
    "reference_codes",
]

Array = npt.NDArray[Any]
IntArray = npt.NDArray[np.int64]

NEAR_TIES_ALLOWED = 1e-5
FLOAT32_ROUNDING = 2.0**-24
# Roundings of the reference beside its additions: two scales, a product, batch norm (5), division; and m's own.
ROUNDINGS_BESIDE_SUM = 10
DIFFERENCES_LISTED = 100
HOST_FUNCTIONS = ("Softmax", "LogSoftmax", "Sigmoid")


# ---------------------------------------------------------------- answers


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Answers against labels.

    Parameters
    ----------
    samples, correct
        How many there are, and are right.
    confusion
        Counts, shape ``(classes, classes)``: rows are labels, columns predictions.
    """

    samples: int
    correct: int
    confusion: IntArray

    @property
    def accuracy(self) -> float:
        """Share of right answers."""
        return self.correct / self.samples


def predicted_labels(values: Array) -> IntArray:
    """Return the index of the largest output of each sample; the lowest one on ties.

    ``values`` has the samples first; what follows is one output of each class. Where scales differ between channels,
    these are scaled outputs, not accumulators.
    """
    labels: IntArray = values.reshape(len(values), -1).argmax(axis=1).astype(np.int64)
    return labels


def evaluate(values: Array, labels: Array) -> Evaluation:
    """Compare a network's outputs with labels.

    Parameters
    ----------
    values
        Outputs, shape ``(samples, classes)`` or with axes of 1 between.
    labels
        Integers of shape ``(samples,)``, each a class.

    Raises
    ------
    InputError
        Where the labels do not fit the outputs.
    """
    if not len(values):
        raise InputError("there must be at least one sample to evaluate, not 0")
    if labels.shape != (len(values),):
        raise InputError(f"labels must have the shape ({len(values)},), not {labels.shape}")
    if labels.dtype.kind not in "iu":
        raise InputError(f"labels must be integers, not {labels.dtype}")
    classes = values.reshape(len(values), -1).shape[1]
    for label in (labels.min(), labels.max()):
        if not 0 <= label < classes:
            raise InputError(f"labels must be classes 0 to {classes - 1}, not {label}")
    predicted = predicted_labels(values)
    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    return Evaluation(samples=len(labels), correct=int((predicted == labels).sum()), confusion=confusion)


def agreement(first: Array, second: Array) -> int:
    """Return for how many samples two sets of outputs predict the same label."""
    return int((predicted_labels(first) == predicted_labels(second)).sum())


# ---------------------------------------------------------------- codes


@dataclass(frozen=True, kw_only=True)
class Difference:
    """One code that the reference computes otherwise.

    Parameters
    ----------
    index
        (sample, y, x, channel).
    golden, reference
        Both codes.
    distance
        From the exact value before rounding to the tie between both codes, in codes; infinite where they are no
        neighbours. Where a layer has a table, codes are those that it looks up.
    tolerance
        How far float32 can have moved the reference's value, in codes.
    """

    index: tuple[int, int, int, int]
    golden: int
    reference: int
    distance: float
    tolerance: float

    @property
    def near_tie(self) -> bool:
        """Whether the reference's own rounding explains the difference."""
        return self.distance <= self.tolerance

    @property
    def tied(self) -> bool:
        """Whether the value is a tie but for the rounding of m, by at most 2^-24 of it."""
        return self.distance <= (max(abs(self.golden), abs(self.reference)) + 1) * FLOAT32_ROUNDING


@dataclass(frozen=True, kw_only=True)
class LayerComparison:
    """Golden model against reference on the reference's own input codes.

    Parameters
    ----------
    layer
        Its name.
    codes
        How many were compared.
    differing, near_ties
        How many differ; how many of these the reference's float32 rounding explains.
    tied_means
        How many of the near-ties are means whose value is a tie but for the rounding of m: the sum of a pool over a
        small number of codes often is, and the rounding of scales decides them either way. They are counted apart.
    differences
        The first hundred.
    """

    layer: str
    codes: int
    differing: int
    near_ties: int
    tied_means: int
    differences: tuple[Difference, ...]

    @property
    def near_ties_allowed(self) -> int:
        """At most one in 100 000 codes; one in a small layer."""
        return max(1, int(NEAR_TIES_ALLOWED * self.codes))

    @property
    def equal(self) -> bool:
        """Whether all codes are equal but for a few near-ties, and means that are ties themselves."""
        return self.differing == self.near_ties <= self.near_ties_allowed + self.tied_means


def compare_with_reference(network: Network, path: Path, inputs: Mapping[str, Array]) -> list[LayerComparison]:
    """Compare every layer with onnxruntime, each on the input codes that onnxruntime itself computed.

    Parameters
    ----------
    network
        The integer network of the file.
    path
        The unmodified ONNX file.
    inputs
        Samples by ONNX name.

    Raises
    ------
    ModelError, InputError
        Where the file or the samples cannot be used.
    """
    codes = reference_codes(network, path, inputs)
    return [
        compare_codes(network, layer, inputs=[codes[name] for name in layer.inputs], reference=codes[layer.output])
        for layer in network.layers
    ]


def reference_codes(network: Network, path: Path, inputs: Mapping[str, Array]) -> dict[str, IntArray]:
    """Return the codes of every tensor as onnxruntime computes them, shape (samples, height, width, channels).

    Where the file has no codes (a last layer without quantizer), they are the accumulators nearest to its outputs. What
    only the network has (copies, converted codes) is computed exactly from its inputs.
    """
    layers = {layer.output: layer for layer in network.layers}
    passed = {end.tensor: end for end in network.outputs if end.tensor == end.name and end.tensor in layers}
    given = {end.tensor for end in network.inputs if end.tensor == end.name}
    made = {output for node in load_model(path).graph.node for output in node.output} | set(inputs)
    own = {name for name, layer in layers.items() if isinstance(layer, CopyLayer) or name not in made}
    inside = [name for name in network.tensors if name not in passed and name not in given and name not in own]
    passed = {name: end for name, end in passed.items() if name not in own}
    sources = {name: _before_tail(path, name) if end.tail else name for name, end in passed.items()}
    values = run_reference(path, dict(inputs), intermediate=[*inside, *sources.values()])
    codes = {name: channel_last_codes(network, name, values[name]) for name in inside}
    codes |= {name: array for name, array in quantize_inputs(network, inputs).items() if name in given}
    codes |= {name: _accumulators(network.tensors[name], end, values[sources[name]]) for name, end in passed.items()}
    for layer in network.layers:
        if layer.output in own:
            codes[layer.output] = run_layer(network, layer, *(codes[name] for name in layer.inputs)).codes
    return codes


def _before_tail(path: Path, name: str) -> str:
    """Return the tensor that the host's function behind an output reads."""
    makers = {output: node for node in load_model(path).graph.node for output in node.output}
    while name in makers and makers[name].op_type not in HOST_FUNCTIONS:
        name = makers[name].input[0]
    return makers[name].input[0] if name in makers else name


def _accumulators(tensor: Tensor, end: HostOutput, values: Array) -> IntArray:
    """Undo the host's scaling: ``values`` are in the file's layout."""
    in_file = [tensor.shape[axis] for axis in end.permutation]
    back = np.argsort(end.permutation)
    ordered = values.reshape(len(values), *in_file).transpose(0, *(axis + 1 for axis in back))
    real = (ordered.astype(np.float64) - end.offset) / end.scale
    return np.clip(np.rint(real), tensor.lowest, tensor.highest).astype(np.int64)


def compare_codes(
    network: Network, layer: Layer, *, inputs: Sequence[IntArray], reference: IntArray
) -> LayerComparison:
    """Compare one layer's codes, computed exactly from ``inputs``, with a reference's."""
    run = run_layer(network, layer, *inputs)
    indices = np.argwhere(run.codes != reference)
    differences: list[Difference] = []
    if len(indices):
        magnitudes = _magnitudes(network, layer, inputs)
        differences = [_difference(network, layer, run, magnitudes, reference, tuple(at)) for at in indices.tolist()]
    return LayerComparison(
        layer=layer.name,
        codes=run.codes.size,
        differing=len(differences),
        near_ties=sum(difference.near_tie for difference in differences),
        tied_means=sum(one.near_tie and one.tied for one in differences) if _is_mean(layer) else 0,
        differences=tuple(differences[:DIFFERENCES_LISTED]),
    )


def _is_mean(layer: Layer) -> bool:
    return isinstance(layer, PoolLayer) and layer.kind == "average"


def _magnitudes(network: Network, layer: Layer, inputs: Sequence[IntArray]) -> IntArray:
    """Return what float32 rounds, in accumulator units: the sum of the magnitudes of all products of an output."""
    sources = [network.tensors[name] for name in layer.inputs]
    centred = [np.abs(codes - source.zero_point) for codes, source in zip(inputs, sources, strict=True)]
    largest = max(int(codes.max(initial=0)) for codes in centred)
    positive = {source.name: replace(source, zero_point=0, lowest=0, highest=largest) for source in sources}
    if isinstance(layer, MatrixLayer | DepthwiseLayer):
        layer = replace(layer, weights=np.abs(layer.weights))
    elif isinstance(layer, ElementwiseLayer):
        layer = replace(layer, coefficients=tuple(map(abs, layer.coefficients)))
    elif isinstance(layer, ProductLayer):
        layer = replace(layer, zero_points=(0, 0))
    elif isinstance(layer, CopyLayer):
        layer = replace(layer, fill=0)
    absolute = replace(network, tensors=network.tensors | positive)
    return run_layer(absolute, replace(layer, table=None), *centred).accumulators


def _difference(  # noqa: PLR0917 - both sides of a code, and where it is
    network: Network, layer: Layer, run: LayerRun, magnitudes: IntArray, reference: IntArray, index: tuple[int, ...]
) -> Difference:
    """Measure one difference; v = (acc * m + b) / 2^s + z is exact in Python's integers and fractions.

    Source of the tolerance: the bound on the error of a sum of n floats, each product and addition rounded by at most
    2^-24 of its magnitude (N. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.1).
    """
    constants, accumulator = _constants_at(network, layer, index), int(run.accumulators[index])
    m, b, s = (int(array[0]) for array in (constants.multiplier, constants.offset, constants.shift))
    if constants.has_negative and accumulator * m + b < 0:
        m, b = int(constants.negative_multiplier[0]), int(constants.negative_offset[0])
    exact = Fraction(accumulator * m + b, 1 << s) + constants.zero_point
    magnitude = Fraction(int(magnitudes[index]) * abs(m) + abs(b), 1 << s) + abs(constants.zero_point)
    before = int(constants.apply(run.accumulators[index].reshape(1))[0])
    golden, other = int(run.codes[index]), int(reference[index])
    return Difference(
        index=(index[0], index[1], index[2], index[3]),
        golden=golden,
        reference=other,
        distance=float(_distance(layer, exact, before, other)),
        tolerance=float(magnitude) * (layer.rows + ROUNDINGS_BESIDE_SUM) * FLOAT32_ROUNDING,
    )


def _constants_at(network: Network, layer: Layer, index: tuple[int, ...]) -> Requantization:
    """Return the constants of one output."""
    constants = layer.requantization
    if isinstance(layer, PoolLayer) and layer.by_count:
        height, width, _ = network.tensors[layer.input].shape
        constants = layer.requantization_of(int(layer.covered(height, width)[index[1], index[2]]))
    return constants.channels(index[3], index[3] + 1)


def _distance(layer: Layer, exact: Fraction, code: int, reference: int) -> Fraction | float:
    """Return how far a value is from the tie behind which its code would become the reference's; infinite for none."""
    neighbours = [one for one in (code - 1, code + 1) if int(layer.looked_up(np.array(one))) == reference]
    return min((abs(exact - Fraction(code + one, 2)) for one in neighbours), default=float("inf"))
