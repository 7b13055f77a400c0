"""Which presentation contexts are accepted."""

import pytest

from isocenter.dimse.associate import ContextResult, ProposedContext
from isocenter.dimse.sop_classes import PATIENT_ROOT_FIND, STUDY_ROOT_FIND, STUDY_ROOT_MOVE
from isocenter.dimse.user_information import ExtendedNegotiation, RoleSelection
from isocenter.ingest.negotiation import (
    answer_contexts,
    answer_extended,
    answer_roles,
    fuzzy_classes,
)

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"


@pytest.mark.parametrize(
    ("abstract_syntax", "proposed", "result", "chosen"),
    [
        (VERIFICATION, (BIG, EXPLICIT), ContextResult.ACCEPTANCE, EXPLICIT),
        (VERIFICATION, (BIG,), ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, BIG),
        (CT, (BIG, EXPLICIT), ContextResult.ACCEPTANCE, BIG),
        (CT, ("1.2.3.4",), ContextResult.ACCEPTANCE, "1.2.3.4"),
        (CT, (), ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED, IMPLICIT),
        (
            "1.2.840.10008.5.1.4.31",
            (IMPLICIT,),
            ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED,
            IMPLICIT,
        ),
        ("", (IMPLICIT,), ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED, IMPLICIT),
    ],
)
def test_context_is_answered(
    abstract_syntax: str, proposed: tuple[str, ...], result: ContextResult, chosen: str
) -> None:
    (answer,) = answer_contexts([ProposedContext(5, abstract_syntax, proposed)])
    assert (answer.context_id, answer.result, answer.transfer_syntax) == (5, result, chosen)


def test_requestor_never_becomes_scp() -> None:
    contexts = [ProposedContext(1, CT, (IMPLICIT,)), ProposedContext(3, "1.2.840.10008.4.2", ())]
    roles = [RoleSelection(CT, True, True), RoleSelection("1.2.840.10008.4.2", True, True)]
    assert answer_roles(roles, contexts) == (RoleSelection(CT, True, False),)


def test_of_the_options_of_c_find_those_are_agreed_to_that_are_kept() -> None:
    contexts = [
        ProposedContext(1, STUDY_ROOT_FIND, (IMPLICIT,)),
        ProposedContext(3, STUDY_ROOT_MOVE, (IMPLICIT,)),
    ]
    asked = [
        ExtendedNegotiation(STUDY_ROOT_FIND, b"\1\1\1\1\1\1\1"),
        ExtendedNegotiation(STUDY_ROOT_MOVE, b"\1"),
        ExtendedNegotiation(PATIENT_ROOT_FIND, b"\1"),  # not proposed
    ]
    answered = answer_extended(asked, contexts)
    assert answered == (ExtendedNegotiation(STUDY_ROOT_FIND, b"\1\1\1\0\0"),)
    assert fuzzy_classes(answered) == {STUDY_ROOT_FIND}


@pytest.mark.parametrize("asked", [b"", b"\1", b"\1\1\0", b"\0\0\2"])
def test_names_are_not_fuzzy_unless_that_was_asked_for(asked: bytes) -> None:
    contexts = [ProposedContext(1, STUDY_ROOT_FIND, (IMPLICIT,))]
    answered = answer_extended([ExtendedNegotiation(STUDY_ROOT_FIND, asked)], contexts)
    assert fuzzy_classes(answered) == frozenset()
    assert len(answered[0].application_information) == len(asked)
