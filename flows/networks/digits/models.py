"""The digit networks as PyTorch modules; each is built once in float and once quantized."""

from collections.abc import Callable
from dataclasses import dataclass

from brevitas.quant_tensor import QuantTensor
from torch import Tensor, nn

from .layers import Widths, convolution, linear, pixels, rectifier, signed

DIGIT_COUNT = 10


class Perceptron(nn.Module):  # type: ignore[misc]  # torch is an optional extra, so its classes may be unknown
    """Perceptron 64-32-10 with biases."""

    def __init__(self, widths: Widths | None) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            pixels(widths),
            nn.Flatten(),
            linear(64, 32, widths=widths),
            rectifier(widths),
            linear(32, DIGIT_COUNT, widths=widths),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits, shape (batch, 10), of images, shape (batch, 1, 8, 8)."""
        return _plain(self.layers(image))


class Convolutional(nn.Module):  # type: ignore[misc]  # as above
    """Three 3x3 convolutions (8 and 8 channels at 8x8, 16 channels at 4x4) and a linear layer."""

    def __init__(self, widths: Widths | None) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            pixels(widths),
            *_convolution_block(1, 8, widths=widths),
            *_convolution_block(8, 8, widths=widths),
            *_convolution_block(8, 16, stride=2, widths=widths),
            nn.Flatten(),
            linear(256, DIGIT_COUNT, widths=widths),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits, shape (batch, 10), of images, shape (batch, 1, 8, 8)."""
        return _plain(self.layers(image))


class Residual(nn.Module):  # type: ignore[misc]  # as above
    """Convolutions around a residual add, whose two branches have their own quantizers, and max pooling."""

    def __init__(self, widths: Widths | None) -> None:
        super().__init__()
        self.stem = nn.Sequential(pixels(widths), *_convolution_block(1, 8, widths=widths))
        self.branch = nn.Sequential(convolution(8, 8, widths=widths), nn.BatchNorm2d(8), signed(widths))
        self.join = rectifier(widths)
        self.head = nn.Sequential(
            nn.MaxPool2d(2),
            *_convolution_block(8, 16, widths=widths),
            nn.Flatten(),
            linear(256, DIGIT_COUNT, widths=widths),
        )

    def forward(self, image: Tensor) -> Tensor:
        """Return the logits, shape (batch, 10), of images, shape (batch, 1, 8, 8)."""
        skip = self.stem(image)
        total = _plain(self.branch(skip)) + _plain(skip)
        return _plain(self.head(self.join(total)))


@dataclass(frozen=True, kw_only=True)
class Design:
    """How to build one network of the catalog."""

    build: Callable[[Widths | None], nn.Module]
    widths: Widths


DESIGNS = {
    "mlp_w8a8": Design(build=Perceptron, widths=Widths(weight_bits=8, activation_bits=8)),
    "cnn_w4a4": Design(build=Convolutional, widths=Widths(weight_bits=4, activation_bits=4)),
    "cnn_w8a8": Design(build=Convolutional, widths=Widths(weight_bits=8, activation_bits=8)),
    "cnn_residual_w8a8": Design(build=Residual, widths=Widths(weight_bits=8, activation_bits=8)),
}


def _convolution_block(inputs: int, outputs: int, *, stride: int = 1, widths: Widths | None) -> list[nn.Module]:
    return [
        convolution(inputs, outputs, stride=stride, widths=widths),
        nn.BatchNorm2d(outputs),
        rectifier(widths),
    ]


def _plain(value: Tensor | QuantTensor) -> Tensor:
    """Return the real value of a quantized tensor (Brevitas adds quantized tensors only if scales agree)."""
    return value.value if isinstance(value, QuantTensor) else value
