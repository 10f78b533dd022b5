"""Formal proofs: what control modules do in every run, not only in the ones that were simulated.

Each proof is a circuit around one component: assumptions about its surroundings, assertions, covers. The assertions are
proven by k-induction, the covers reached, and each proof is shown to fail on bugs planted in the component.
"""

from ._catalog import PROOFS
from ._equivalence import Equivalence, compare_builds, prove_equal_without_retire_ports
from ._proof import Proof, SeededBug
from ._run import Outcome, Verdict, prove
from ._tools import Tools, find_tools

__all__ = [
    # proofs
    "PROOFS",
    "Proof",
    "SeededBug",
    # proving
    "Outcome",
    "Verdict",
    "prove",
    # deliverable and simulation build
    "Equivalence",
    "compare_builds",
    "prove_equal_without_retire_ports",
    # programs
    "Tools",
    "find_tools",
]
