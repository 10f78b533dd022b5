"""Every proof holds, and fails on the bugs planted for it."""

import pytest

from nngen.sim.verification.formal import PROOFS, Outcome, Proof, SeededBug, Verdict, prove

BUGS = [pytest.param(proof, bug, id=f"{proof.name}: {bug.name}") for proof in PROOFS for bug in proof.bugs]


@pytest.mark.parametrize("proof", PROOFS, ids=lambda proof: proof.name)
def test_proof_holds_and_its_covers_are_reached(proof: Proof) -> None:
    assert prove(proof) == Verdict(outcome=Outcome.PROVEN)


@pytest.mark.parametrize(("proof", "bug"), BUGS)
def test_seeded_bug_is_caught(proof: Proof, bug: SeededBug) -> None:
    verdict = prove(proof, bug=bug)
    assert verdict.outcome is Outcome.REFUTED
    assert bug.caught_by in verdict.failed


def test_catalog_names_each_proof_once_and_each_has_a_bug() -> None:
    assert len({proof.name for proof in PROOFS}) == len(PROOFS)
    assert all(proof.bugs for proof in PROOFS)
    assert all(bug.patch.module is proof.module for proof in PROOFS for bug in proof.bugs)
