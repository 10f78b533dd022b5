"""The digits of scikit-learn, split into training and held-out images."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from . import CALIBRATION, IMAGES, LABELS

HELD_OUT_COUNT = 450
CALIBRATION_COUNT = 64
PIXEL_MAXIMUM = 16
SPLIT_SEED = 0  # fixed, so that the held-out images stay the same whatever seed a network is trained with


@dataclass(frozen=True, kw_only=True)
class Digits:
    """Images and labels, stratified by digit.

    Attributes
    ----------
    train_images, held_out_images
        float32, shape (1347, 1, 8, 8) and (450, 1, 8, 8), range 0..1 in steps of 1/16.
    train_labels, held_out_labels
        int64, shape (1347,) and (450,).
    """

    train_images: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    held_out_images: NDArray[np.float32]
    held_out_labels: NDArray[np.int64]

    @property
    def calibration_images(self) -> NDArray[np.float32]:
        """Training images for calibration, shape (64, 1, 8, 8); the split has already shuffled them."""
        return self.train_images[:CALIBRATION_COUNT]


def load() -> Digits:
    """Return the 1347 training and the 450 held-out images; every call gives the same split."""
    data = load_digits()
    images = (data.images / PIXEL_MAXIMUM).astype(np.float32)[:, np.newaxis]
    labels = data.target.astype(np.int64)
    train_images, held_out_images, train_labels, held_out_labels = train_test_split(
        images, labels, test_size=HELD_OUT_COUNT, random_state=SPLIT_SEED, stratify=labels
    )
    return Digits(
        train_images=train_images,
        train_labels=train_labels,
        held_out_images=held_out_images,
        held_out_labels=held_out_labels,
    )


def save(digits: Digits, folder: Path) -> None:
    """Write the held-out images, their labels and the calibration images into ``folder``."""
    np.savez_compressed(folder / IMAGES.name, image=digits.held_out_images)
    np.save(folder / LABELS.name, digits.held_out_labels)
    np.savez_compressed(folder / CALIBRATION.name, image=digits.calibration_images)
