"""Calibration of a mapped network, layer by layer in execution order.

Rules
-----
1. A tile that has a gain keeps it; all others of a layer get one gain.
2. With samples that gain is the one whose conversions leave the smallest mean squared error in output codes, on the
   codes that reach the layer on the calibrated machine.
3. With samples the correction of a channel is the mean difference of its accumulator from that of the exact network,
   run from the same inputs, so that it also takes back what earlier layers left. Measured on ``edge`` with 450 images
   that were not among the samples: the logits of the digits CNNs are 0.29 and 0.33 dB better than with the correction
   of each layer's own conversions, those of the perceptron equal.
4. Vector layers compute exactly: they have neither gain nor correction.
5. Without samples the gain is the largest that provably cannot clip, and the correction is zero.
6. The constants that result fit the machine, and with the gains chosen nothing overflows (``mapper.check_overflow``).
"""

from __future__ import annotations

from collections.abc import Mapping as Samples
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nngen.arch import Architecture, Core
from nngen.compiler.mapper import check_overflow
from nngen.errors import InputError
from nngen.ir import Layer, LayerMapping, Mapping, MatrixLayer, Network
from nngen.sim.golden import GoldenMachine, check_inputs, run_layer

from ._gains import lacks_gain, measured_gain, provable_gain, with_gain
from ._statistics import ErrorSums

IntArray = npt.NDArray[np.int64]


def calibrate(
    network: Network, mapping: Mapping, architecture: Architecture, samples: Samples[str, IntArray] | None
) -> tuple[Network, Mapping]:
    """Return the network with corrections and the mapping with gains.

    Parameters
    ----------
    network, mapping
        Every layer is mapped; corrections that the network has are replaced.
    architecture
        Its macros' gains and the widths of b.
    samples
        Codes of each input tensor by its name, shape ``(samples, height, width, channels)``; None for a proof instead.

    Raises
    ------
    InputError
        Where the samples do not fit the network.
    MappingError
        Where a layer is not mapped, or a tile's own gain is not one of the macro.
    CapacityError
        Where a constant does not fit the machine, or a sum could overflow; it names the layer.
    """
    core = architecture.core
    if samples is None:
        network, mapping = _by_proof(network, mapping, core)
    else:
        network, mapping = _by_samples(network, mapping, core, samples)
    check_overflow(network, mapping, architecture)
    return network, mapping


def _by_proof(network: Network, mapping: Mapping, core: Core) -> tuple[Network, Mapping]:
    for layer in network.matrix_layers:
        machine = GoldenMachine(core=core, mapping=mapping)
        mapping = _with_layer(mapping, with_gain(machine.mapping_of(layer), provable_gain(network, layer, machine)))
    uncorrected = tuple(
        _corrected(layer, np.zeros(layer.outputs, np.int64)) if isinstance(layer, MatrixLayer) else layer
        for layer in network.layers
    )
    return network.with_layers(uncorrected), mapping


def _by_samples(
    network: Network, mapping: Mapping, core: Core, samples: Samples[str, IntArray]
) -> tuple[Network, Mapping]:
    exact = check_inputs(network, samples)
    if not len(next(iter(exact.values()))):
        raise InputError("calibration samples must be at least one, not 0")
    lossy = dict(exact)
    layers: list[Layer] = []
    for layer in network.layers:
        wanted = run_layer(network, layer, *(exact[name] for name in layer.inputs))
        exact[layer.output] = wanted.codes
        if not isinstance(layer, MatrixLayer):
            layers.append(layer)
            lossy[layer.output] = run_layer(network, layer, *(lossy[name] for name in layer.inputs)).codes
            continue
        mapping, found = _with_measured_gain(network, layer, mapping, core, lossy[layer.input])
        if found is None:
            machine = GoldenMachine(core=core, mapping=mapping)
            found = run_layer(network, layer, lossy[layer.input], machine=machine).accumulators
        errors = ErrorSums.of(found - wanted.accumulators)
        corrected = _corrected(layer, errors.correction(layer.requantization))
        layers.append(corrected)
        codes = corrected.requantization.apply(found, corrected=True)
        lossy[layer.output] = corrected.looked_up(codes)
    return network.with_layers(tuple(layers)), mapping


def _with_measured_gain(
    network: Network, layer: MatrixLayer, mapping: Mapping, core: Core, codes: IntArray
) -> tuple[Mapping, IntArray | None]:
    """Return the mapping with a gain for a layer's tiles that have none, measured on the codes that reach it.

    With it come the layer's accumulators, where measuring has left them.
    """
    machine = GoldenMachine(core=core, mapping=mapping)
    mapped = machine.mapping_of(layer)
    if not lacks_gain(mapped):
        return mapping, None
    gain, found = measured_gain(network, layer, codes, machine)
    return _with_layer(mapping, with_gain(mapped, gain)), found


def _corrected(layer: MatrixLayer, correction: IntArray) -> MatrixLayer:
    return replace(layer, requantization=replace(layer.requantization, correction=correction))


def _with_layer(mapping: Mapping, changed: LayerMapping) -> Mapping:
    layers = tuple(changed if layer.layer == changed.layer else layer for layer in mapping.layers)
    return mapping.model_copy(update={"layers": layers})
