"""Training: a network in float first, then quantized from the float weights."""

from collections.abc import Callable

import numpy as np
import torch
from brevitas.graph.calibrate import calibration_mode
from numpy.typing import NDArray
from torch import Tensor, nn

from .dataset import Digits
from .models import Design

BATCH_SIZE = 32
FLOAT_LEARNING_RATE = 1e-2
QUANTIZED_LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-2
WARP = 0.1  # standard deviation of each entry of a random affine map; the image spans -1..1

Advance = Callable[[], None]


def make_repeatable(seed: int) -> None:
    """Seed PyTorch and keep to one thread and to deterministic kernels, so that runs repeat bit by bit."""
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)


def fit_float(design: Design, digits: Digits, *, epochs: int, advance: Advance) -> nn.Module:
    """Return the network trained in float; ``advance`` is called after each epoch."""
    model = design.build(None)
    _fit(model, digits, epochs=epochs, learning_rate=FLOAT_LEARNING_RATE, advance=advance)
    return model


def fit_quantized(
    design: Design, float_model: nn.Module, digits: Digits, *, epochs: int, advance: Advance
) -> nn.Module:
    """Return the quantized network, trained on from the float weights.

    The calibration images give the first activation scales; training goes on to learn them.
    """
    model = design.build(design.widths)
    # Not strict: the float network has no scales. Loading rebuilds the quantizers, so it precedes calibration.
    model.load_state_dict(float_model.state_dict(), strict=False)
    model.eval()
    with torch.no_grad(), calibration_mode(model):
        model(torch.from_numpy(digits.calibration_images))
    _fit(model, digits, epochs=epochs, learning_rate=QUANTIZED_LEARNING_RATE, advance=advance)
    return model


def accuracy(model: nn.Module, digits: Digits) -> float:
    """Return the share of held-out images whose highest logit is at their label, 0..1."""
    with torch.no_grad():
        logits = model(torch.from_numpy(digits.held_out_images)).numpy()
    return share_correct(logits, digits.held_out_labels)


def share_correct(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> float:
    """Return the share of rows of ``logits``, shape (images, 10), whose highest entry is at the label, 0..1."""
    return float((logits.argmax(axis=1) == labels).mean())


def _fit(model: nn.Module, digits: Digits, *, epochs: int, learning_rate: float, advance: Advance) -> None:
    """Train ``model`` on warped images, its learning rate falling as a cosine, and leave it in evaluation mode."""
    images, labels = torch.from_numpy(digits.train_images), torch.from_numpy(digits.train_labels)
    optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    model.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(images)).split(BATCH_SIZE):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(_warped(images[batch])), labels[batch]).backward()
            optimizer.step()
        schedule.step()
        advance()
    model.eval()


def _warped(images: Tensor) -> Tensor:
    """Return ``images``, shape (batch, 1, 8, 8), each under its own small random affine map."""
    count = len(images)
    turn = torch.eye(2) + WARP * torch.randn(count, 2, 2)
    shift = WARP * torch.randn(count, 2, 1)
    grid = nn.functional.affine_grid(torch.cat([turn, shift], dim=2), list(images.shape), align_corners=False)
    return nn.functional.grid_sample(images, grid, align_corners=False)
