"""A-ASSOCIATE-RQ, -AC and -RJ (PS3.8 9.3.2 to 9.3.4): what is proposed and what is answered, as values and as bytes."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from isocenter.dimse.ae_title import decode_ae_title, encode_ae_title
from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.items import decode_uid, encode_item, encode_items, walk_items
from isocenter.dimse.limits import MAX_PRESENTATION_CONTEXTS, MAX_TRANSFER_SYNTAXES, MAX_USER_ITEMS
from isocenter.dimse.user_information import (
    UserInformation,
    decode_user_information,
    encode_user_information,
)

APPLICATION_CONTEXT = "1.2.840.10008.3.1.1.1"  # PS3.7 A.2.1
PROTOCOL_VERSION = 1  # bit 0: version 1

_FIXED = struct.Struct(">HH16s16s32x")
_APPLICATION_CONTEXT = 0x10
_PROPOSED_CONTEXT = 0x20
_ANSWERED_CONTEXT = 0x21
_ABSTRACT_SYNTAX = 0x30
_TRANSFER_SYNTAX = 0x40
_USER_INFORMATION = 0x50
_MAX_ITEMS = MAX_PRESENTATION_CONTEXTS + MAX_USER_ITEMS


class ContextResult(IntEnum):
    """Answer to a proposed presentation context (PS3.8 Table 9-18)."""

    ACCEPTANCE = 0
    USER_REJECTION = 1
    NO_REASON = 2
    ABSTRACT_SYNTAX_NOT_SUPPORTED = 3
    TRANSFER_SYNTAXES_NOT_SUPPORTED = 4


class Rejection(IntEnum):
    """Result, source and reason of an A-ASSOCIATE-RJ as three bytes (PS3.8 Table 9-21)."""

    APPLICATION_CONTEXT_NOT_SUPPORTED = 0x010102
    CALLING_AE_TITLE_NOT_RECOGNIZED = 0x010103
    CALLED_AE_TITLE_NOT_RECOGNIZED = 0x010107
    PROTOCOL_VERSION_NOT_SUPPORTED = 0x010202
    TEMPORARY_CONGESTION = 0x020301
    LOCAL_LIMIT_EXCEEDED = 0x020302


@dataclass(frozen=True, slots=True)
class ProposedContext:
    """An abstract syntax with the transfer syntaxes the requestor can send, its preferred one first.

    Names that are no valid UIDs are left out; an invalid abstract syntax is empty.
    """

    context_id: int
    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnsweredContext:
    """The answer; `transfer_syntax` means something on acceptance only."""

    context_id: int
    result: ContextResult
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class AssociateRequest:
    """A-ASSOCIATE-RQ. A title that is not valid is empty."""

    called_ae_title: str
    calling_ae_title: str
    contexts: tuple[ProposedContext, ...]
    user: UserInformation
    application_context: str = APPLICATION_CONTEXT
    protocol_version: int = PROTOCOL_VERSION


@dataclass(frozen=True, slots=True)
class AssociateAccept:
    """A-ASSOCIATE-AC; the titles repeat the request's (PS3.8 9.3.3)."""

    called_ae_title: str
    calling_ae_title: str
    contexts: tuple[AnsweredContext, ...]
    user: UserInformation


def decode_associate_request(content: memoryview) -> AssociateRequest:
    """Decode what follows the PDU header.

    Raises:
        ProtocolViolation: cut off, overrunning, too many items, or a context identifier that is even or used twice.
    """
    version, called, calling = _decode_fixed(content)
    application_context = ""
    user = UserInformation()
    contexts: dict[int, ProposedContext] = {}
    for kind, value in walk_items(content[_FIXED.size :], _MAX_ITEMS):
        if kind == _APPLICATION_CONTEXT:
            application_context = decode_uid(value)
        elif kind == _PROPOSED_CONTEXT:
            context = _decode_proposed(value)
            if context.context_id in contexts:
                raise ProtocolViolation("a context identifier is used twice")
            contexts[context.context_id] = context
        elif kind == _USER_INFORMATION:
            user = decode_user_information(value)
    return AssociateRequest(
        called, calling, tuple(contexts.values()), user, application_context, version
    )


def encode_associate_request(request: AssociateRequest) -> bytes:
    """Encode what follows the PDU header."""
    return b"".join(
        (
            _encode_fixed(
                request.protocol_version, request.called_ae_title, request.calling_ae_title
            ),
            encode_item(_APPLICATION_CONTEXT, request.application_context.encode("ascii")),
            encode_items(_PROPOSED_CONTEXT, map(_encode_proposed, request.contexts)),
            encode_item(_USER_INFORMATION, encode_user_information(request.user)),
        )
    )


def decode_associate_accept(content: memoryview) -> AssociateAccept:
    """Decode what follows the PDU header; raises ProtocolViolation as for a request."""
    _, called, calling = _decode_fixed(content)
    user = UserInformation()
    contexts: list[AnsweredContext] = []
    for kind, value in walk_items(content[_FIXED.size :], _MAX_ITEMS):
        if kind == _ANSWERED_CONTEXT:
            contexts.append(_decode_answered(value))
        elif kind == _USER_INFORMATION:
            user = decode_user_information(value)
    return AssociateAccept(called, calling, tuple(contexts), user)


def encode_associate_accept(accept: AssociateAccept) -> bytes:
    """Encode what follows the PDU header."""
    return b"".join(
        (
            _encode_fixed(PROTOCOL_VERSION, accept.called_ae_title, accept.calling_ae_title),
            encode_item(_APPLICATION_CONTEXT, APPLICATION_CONTEXT.encode("ascii")),
            encode_items(_ANSWERED_CONTEXT, map(_encode_answered, accept.contexts)),
            encode_item(_USER_INFORMATION, encode_user_information(accept.user)),
        )
    )


def encode_associate_reject(rejection: Rejection) -> bytes:
    """Encode what follows the PDU header: reserved, result, source, reason."""
    return rejection.to_bytes(4, "big")


def _decode_fixed(content: memoryview) -> tuple[int, str, str]:
    if len(content) < _FIXED.size:
        raise ProtocolViolation("an association PDU is cut off")
    version, _, called, calling = _FIXED.unpack_from(content)
    return version, decode_ae_title(called), decode_ae_title(calling)


def _encode_fixed(version: int, called_ae_title: str, calling_ae_title: str) -> bytes:
    called, calling = encode_ae_title(called_ae_title), encode_ae_title(calling_ae_title)
    return _FIXED.pack(version, 0, called, calling)


def _decode_proposed(value: memoryview) -> ProposedContext:
    if len(value) < 4:
        raise ProtocolViolation("a presentation context is cut off")
    context_id = value[0]
    if context_id % 2 == 0:
        raise ProtocolViolation("a context identifier is even")
    abstract_syntax = ""
    transfer_syntaxes: list[str] = []
    for kind, name in walk_items(value[4:], 1 + MAX_TRANSFER_SYNTAXES):
        if kind == _ABSTRACT_SYNTAX:
            abstract_syntax = decode_uid(name)
        elif kind == _TRANSFER_SYNTAX:
            transfer_syntaxes.append(decode_uid(name))
    return ProposedContext(context_id, abstract_syntax, tuple(filter(None, transfer_syntaxes)))


def _encode_proposed(context: ProposedContext) -> bytes:
    return b"".join(
        (
            bytes((context.context_id, 0, 0, 0)),
            encode_item(_ABSTRACT_SYNTAX, context.abstract_syntax.encode("ascii")),
            encode_items(
                _TRANSFER_SYNTAX, (uid.encode("ascii") for uid in context.transfer_syntaxes)
            ),
        )
    )


def _decode_answered(value: memoryview) -> AnsweredContext:
    if len(value) < 4:
        raise ProtocolViolation("a presentation context is cut off")
    try:
        result = ContextResult(value[2])
    except ValueError:
        result = ContextResult.NO_REASON
    syntaxes = [
        decode_uid(name) for kind, name in walk_items(value[4:], 4) if kind == _TRANSFER_SYNTAX
    ]
    return AnsweredContext(value[0], result, syntaxes[0] if syntaxes else "")


def _encode_answered(context: AnsweredContext) -> bytes:
    head = bytes((context.context_id, 0, context.result, 0))
    return head + encode_item(_TRANSFER_SYNTAX, context.transfer_syntax.encode("ascii"))
