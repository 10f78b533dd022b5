"""Quantized networks for 8x8 digits, with the images to evaluate and to calibrate them.

``train.py`` in this folder made every file that the catalog names; ``README.md`` tells how.
"""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CALIBRATION", "FOLDER", "IMAGES", "LABELS", "NETWORKS", "Network"]

FOLDER = Path(__file__).parent

IMAGES = FOLDER / "images.npz"
"""Held-out images: key ``image``, float32, shape (450, 1, 8, 8), range 0..1."""

LABELS = FOLDER / "labels.npy"
"""Digit on each held-out image: int64, shape (450,)."""

CALIBRATION = FOLDER / "calibration.npz"
"""Training images for calibration: key ``image``, float32, shape (64, 1, 8, 8), range 0..1."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """One quantized network: input ``image`` of shape (1, 1, 8, 8), output ``logits`` of shape (1, 10).

    Attributes
    ----------
    name
        Name in this catalog, and the stem of the file.
    path
        The QCDQ ONNX file.
    description
        The layers and the widths in one line.
    """

    name: str
    path: Path
    description: str


def _network(name: str, description: str) -> Network:
    return Network(name=name, path=FOLDER / f"{name}.onnx", description=description)


NETWORKS = (
    _network("mlp_w8a8", "64-32-10 perceptron with biases; weights and activations 8 bit"),
    _network("cnn_w4a4", "three 3x3 convolutions and a linear layer; weights and activations 4 bit"),
    _network("cnn_w8a8", "three 3x3 convolutions and a linear layer; weights and activations 8 bit"),
    _network(
        "cnn_residual_w8a8", "three 3x3 convolutions, a residual add and max pooling; weights and activations 8 bit"
    ),
)
