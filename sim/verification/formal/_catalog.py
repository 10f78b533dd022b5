"""All proofs."""

from __future__ import annotations

from . import _addresses, _arbiter, _banks, _collector, _counters, _issue, _loops, _queues, _requantizer, _sar
from ._proof import Proof

PROOFS: tuple[Proof, ...] = (
    _loops.PROOF,
    _addresses.PROOF,
    _issue.PROOF,
    _queues.PROOF,
    _counters.PROOF,
    _banks.PROOF,
    _sar.PROOF,
    _requantizer.PROOF,
    _collector.PROOF,
    _arbiter.PROOF,
)
