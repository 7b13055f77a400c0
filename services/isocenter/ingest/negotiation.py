"""Which presentation contexts are accepted (PS3.7 D.3.2): one table; a new service is a new line in it."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from isocenter.dimse.associate import AnsweredContext, ContextResult, ProposedContext
from isocenter.dimse.sop_classes import (
    FIND_SOP_CLASSES,
    GET_SOP_CLASSES,
    PATIENT_ROOT,
    STORAGE_COMMITMENT,
    STUDY_ROOT,
    VERIFICATION,
    is_storage_sop_class,
)
from isocenter.dimse.user import Context
from isocenter.dimse.user_information import ExtendedNegotiation, RoleSelection

IMPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_VR_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
LITTLE_ENDIAN = frozenset({IMPLICIT_VR_LITTLE_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN})
# Bytes of the application information of C-FIND (PS3.4 C.5.1.1): relational queries, combined date-time matching,
# fuzzy matching of names, adjustment of time zones, conversion of enhanced images.
FIND_OPTIONS = 5
FUZZY_NAMES = 2
AGREED = frozenset({0, 1, FUZZY_NAMES})


@dataclass(frozen=True, slots=True)
class ServedContext:
    """Abstract syntaxes of one service, and the transfer syntaxes it takes; None means any."""

    serves: Callable[[str], bool]
    transfer_syntaxes: frozenset[str] | None


SERVED: tuple[ServedContext, ...] = (
    ServedContext(lambda uid: uid == VERIFICATION, LITTLE_ENDIAN),
    ServedContext(lambda uid: uid in PATIENT_ROOT | STUDY_ROOT, LITTLE_ENDIAN),
    ServedContext(lambda uid: uid == STORAGE_COMMITMENT, LITTLE_ENDIAN),
    ServedContext(is_storage_sop_class, None),
)


def answer_contexts(proposed: Iterable[ProposedContext]) -> tuple[AnsweredContext, ...]:
    """Answer each, in order."""
    return tuple(_answer(context) for context in proposed)


def answer_roles(
    roles: Iterable[RoleSelection], proposed: Sequence[ProposedContext]
) -> tuple[RoleSelection, ...]:
    """Let requestors be SCU as they like, and SCP of storage where they may ask for C-GET (PS3.7 D.3.3.4)."""
    served = {c.abstract_syntax for c in proposed if _serving(c) is not None}
    gets = bool(served & GET_SOP_CLASSES)
    return tuple(
        RoleSelection(
            role.sop_class_uid,
            scu=role.scu,
            scp=role.scp and gets and is_storage_sop_class(role.sop_class_uid),
        )
        for role in roles
        if role.sop_class_uid in served
    )


def answer_extended(
    extended: Iterable[ExtendedNegotiation], proposed: Sequence[ProposedContext]
) -> tuple[ExtendedNegotiation, ...]:
    """Agree to what C-FIND can do here, byte by byte as asked; other classes get no answer (PS3.7 D.3.3.5)."""
    served = {c.abstract_syntax for c in proposed if _serving(c) is not None}
    return tuple(
        ExtendedNegotiation(one.sop_class_uid, _agreed(one.application_information))
        for one in extended
        if one.sop_class_uid in served & FIND_SOP_CLASSES
    )


def fuzzy_classes(answered: Iterable[ExtendedNegotiation]) -> frozenset[str]:
    """The SOP classes of C-FIND that names are asked fuzzily with."""
    return frozenset(
        one.sop_class_uid
        for one in answered
        if one.application_information[FUZZY_NAMES : FUZZY_NAMES + 1] == b"\x01"
    )


def _agreed(asked: bytes) -> bytes:
    return bytes(byte == 1 and at in AGREED for at, byte in enumerate(asked[:FIND_OPTIONS]))


def receiving_contexts(
    proposed: Iterable[ProposedContext],
    answered: Iterable[AnsweredContext],
    roles: Iterable[RoleSelection],
) -> dict[int, Context]:
    """The accepted contexts on which the requestor takes instances: those whose class it is SCP of."""
    classes = {role.sop_class_uid for role in roles if role.scp}
    named = {context.context_id: context.abstract_syntax for context in proposed}
    return {
        one.context_id: Context(one.context_id, named[one.context_id], one.transfer_syntax)
        for one in answered
        if one.result is ContextResult.ACCEPTANCE and named[one.context_id] in classes
    }


def _answer(context: ProposedContext) -> AnsweredContext:
    served = _serving(context)
    first = next(iter(context.transfer_syntaxes), IMPLICIT_VR_LITTLE_ENDIAN)
    if served is None:
        result = ContextResult.ABSTRACT_SYNTAX_NOT_SUPPORTED
        return AnsweredContext(context.context_id, result, first)
    for uid in context.transfer_syntaxes:  # the sender's preference holds: nothing is transcoded
        if served.transfer_syntaxes is None or uid in served.transfer_syntaxes:
            return AnsweredContext(context.context_id, ContextResult.ACCEPTANCE, uid)
    result = ContextResult.TRANSFER_SYNTAXES_NOT_SUPPORTED
    return AnsweredContext(context.context_id, result, first)


def _serving(context: ProposedContext) -> ServedContext | None:
    return next((s for s in SERVED if s.serves(context.abstract_syntax)), None)
