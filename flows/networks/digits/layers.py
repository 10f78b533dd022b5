"""Brevitas layers as the digit networks use them; without widths they compute in float."""

from dataclasses import dataclass

from brevitas.inject.enum import ScalingImplType
from brevitas.nn import QuantConv2d, QuantIdentity, QuantLinear, QuantReLU
from brevitas.quant import (
    Int8ActPerTensorFloat,
    Int8WeightPerChannelFloat,
    Int8WeightPerTensorFloat,
    Int32Bias,
    Uint8ActPerTensorFloat,
    Uint8ActPerTensorFloatMaxInit,
)


@dataclass(frozen=True, kw_only=True)
class Widths:
    """Bits per weight (signed, narrow range) and per activation (unsigned where it follows a ReLU)."""

    weight_bits: int
    activation_bits: int


class PixelQuantizer(Uint8ActPerTensorFloatMaxInit):  # type: ignore[misc]  # brevitas has no type hints
    """Unsigned quantizer with a constant scale, which ``max_val`` sets at the highest code."""

    scaling_impl_type = ScalingImplType.CONST


def pixels(widths: Widths | None) -> QuantIdentity:
    """Return the input quantizer, its scale 2**-bits.

    Pixels are multiples of 1/16, so they meet codes exactly and no pixel lies on a rounding tie; only the
    pixel 1.0 saturates, at the highest code.
    """
    if widths is None:
        return QuantIdentity(act_quant=None)
    levels = 2**widths.activation_bits
    return QuantIdentity(
        act_quant=PixelQuantizer,
        bit_width=widths.activation_bits,
        max_val=(levels - 1) / levels,
        return_quant_tensor=True,
    )


def convolution(inputs: int, outputs: int, *, stride: int = 1, widths: Widths | None) -> QuantConv2d:
    """Return a 3x3 convolution, padding 1, without bias, its weight scales per output channel."""
    quantizer = (
        {"weight_quant": None}
        if widths is None
        else {"weight_quant": Int8WeightPerChannelFloat, "weight_bit_width": widths.weight_bits}
    )
    return QuantConv2d(inputs, outputs, kernel_size=3, stride=stride, padding=1, bias=False, **quantizer)


def linear(inputs: int, outputs: int, *, widths: Widths | None) -> QuantLinear:
    """Return a linear layer with one weight scale; its int32 bias has the scale of the accumulator."""
    if widths is None:
        return QuantLinear(inputs, outputs, bias=True, weight_quant=None)
    return QuantLinear(
        inputs,
        outputs,
        bias=True,
        weight_quant=Int8WeightPerTensorFloat,
        weight_bit_width=widths.weight_bits,
        bias_quant=Int32Bias,
    )


def rectifier(widths: Widths | None) -> QuantReLU:
    """Return a ReLU followed by an unsigned quantizer with one learned scale."""
    if widths is None:
        return QuantReLU(act_quant=None)
    return QuantReLU(act_quant=Uint8ActPerTensorFloat, bit_width=widths.activation_bits, return_quant_tensor=True)


def signed(widths: Widths | None) -> QuantIdentity:
    """Return a signed quantizer with one learned scale."""
    if widths is None:
        return QuantIdentity(act_quant=None)
    return QuantIdentity(act_quant=Int8ActPerTensorFloat, bit_width=widths.activation_bits, return_quant_tensor=True)
