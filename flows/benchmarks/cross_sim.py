"""The same multiplication in CrossSim (Sandia's simulator of analog arrays), where its package ``simulator`` is there.

Imports it at once: only ``noisy`` loads this module, when the package is found.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from simulator import AnalogCore, CrossSimParameters
from simulator.parameters.core_parameters import CoreStyle

DEVIATION_MODEL = "NormalProportionalDevice"


def multiplication(size: int, *, bits: int, adc_bits: int, deviation: float, seed: int) -> Callable[[], object]:
    """Return one product of a ``size`` x ``size`` matrix: differential pairs, bit-serial inputs, every plane read."""
    parameters = CrossSimParameters()
    parameters.core.style = CoreStyle.BALANCED
    parameters.core.rows_max = parameters.core.cols_max = size
    device = parameters.xbar.device
    for effect in (device.programming_error, device.read_noise):
        effect.enable, effect.model, effect.magnitude = True, DEVIATION_MODEL, deviation
    adc, dac = parameters.xbar.adc.mvm, parameters.xbar.dac.mvm
    adc.model, adc.bits, adc.adc_range_option = "QuantizerADC", adc_bits, "MAX"
    dac.model, dac.bits, dac.input_bitslicing, dac.slice_size = "SignMagnitudeDAC", bits, True, 1
    generator = np.random.default_rng(seed)
    core = AnalogCore(generator.uniform(-1, 1, (size, size)), params=parameters)
    vector = generator.uniform(0, 1, size)
    return lambda: core.matvec(vector)
