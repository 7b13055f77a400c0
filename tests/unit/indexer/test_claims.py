"""Who may carry a UID."""

from collections.abc import Iterable

import pytest

from isocenter.indexer.claims import Claims, Identity
from isocenter.indexer.patients import folded, patient_of

FIRST = Identity("1.2.1", "1.2.2", "1.2.3", "HERE|4711")


def nothing(_: Iterable[str]) -> dict[str, str]:
    return {}


def test_first_comer_owns_the_instance_and_the_study() -> None:
    claims = Claims({}, nothing)
    assert claims.enter(FIRST) is None
    assert {subject: claim.owner for subject, claim in claims.made.items()} == {
        "sop:1.2.3": "1.2.1/1.2.2/here|4711",
        "study:1.2.1": "here|4711",
    }
    assert claims.enter(FIRST) is None


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (Identity("1.2.9", "1.2.2", "1.2.3", "HERE|4711"), "instance_under_other_study"),
        (Identity("1.2.1", "1.2.9", "1.2.3", "HERE|4711"), "instance_under_other_series"),
        (Identity("1.2.1", "1.2.2", "1.2.3", "HERE|4712"), "instance_under_other_patient"),
        (Identity("1.2.1", "1.2.2", "1.2.4", "HERE|4712"), "study_under_other_patient"),
        (Identity("1.2.1", "1.2.2", "1.2.4", "THERE|4711"), "study_under_other_patient"),
        (Identity("1.2.1", "1.2.2", "1.2.4", ""), "study_under_other_patient"),
    ],
)
def test_contradiction_has_a_reason_and_claims_nothing(other: Identity, reason: str) -> None:
    claims = Claims({}, nothing)
    claims.enter(FIRST)
    made = dict(claims.made)
    contradiction = claims.enter(other)
    assert contradiction is not None
    assert contradiction.reason == reason
    assert claims.made == made


def test_who_was_let_in_stays_welcome_and_owns_nothing() -> None:
    claims = Claims({}, nothing)
    claims.enter(FIRST)
    maiden = Identity("1.2.1", "1.2.2", "1.2.4", "HERE|maiden")
    claims.let_in(maiden)
    assert claims.enter(Identity("1.2.1", "1.2.2", "1.2.5", "HERE|maiden")) is None
    assert claims.made["study:1.2.1"].owner == "here|4711"


def test_freed_uid_is_anybodys() -> None:
    claims = Claims({}, nothing)
    claims.enter(FIRST)
    claims.free(["sop:1.2.3", "study:1.2.1"])
    assert claims.enter(Identity("1.2.1", "1.2.2", "1.2.3", "X|1")) is None


@pytest.mark.parametrize(
    ("issuer", "patient_id", "named"),
    [
        ("", "4711", "HERE|4711"),
        (" THERE ", " 4711\0", "THERE|4711"),
        ("THERE", "  ", ""),
        ("A|B", "C", "A%7CB|C"),
        ("A", "B|C", "A|B|C"),
        ("A%7CB", "C", "A%257CB|C"),
    ],
)
def test_patient_is_issuer_and_id(issuer: str, patient_id: str, named: str) -> None:
    assert patient_of(issuer, patient_id, "HERE") == named


def test_case_only_folds_for_comparing() -> None:
    assert patient_of("", "Ab", "") != patient_of("", "aB", "")
    assert folded(patient_of("", "Ab", "")) == folded(patient_of("", "aB", ""))
