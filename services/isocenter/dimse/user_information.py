"""The user information item of A-ASSOCIATE-RQ and -AC (PS3.8 D.1, PS3.7 D.3.3), each sub-item bounded."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from isocenter.dicom.implementation import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.items import decode_uid, encode_item, encode_items, walk_items
from isocenter.dimse.limits import DEFAULT_P_DATA_BYTES, MAX_USER_ITEMS

MAX_VERSION_NAME_LENGTH = 16  # PS3.7 D.3.3.2.3
MAX_EXTENDED_BYTES = 1024  # of the application information of one SOP class

_MAX_LENGTH = 0x51
_CLASS_UID = 0x52
_ASYNC_OPERATIONS = 0x53
_ROLE = 0x54
_VERSION_NAME = 0x55
_EXTENDED = 0x56
_USER_IDENTITY = 0x58


@dataclass(frozen=True, slots=True)
class RoleSelection:
    """Who may be SCU and SCP of one SOP class, as the requestor sees its own roles (PS3.7 D.3.3.4)."""

    sop_class_uid: str
    scu: bool
    scp: bool


@dataclass(frozen=True, slots=True)
class ExtendedNegotiation:
    """What the service class makes of it is its own affair (PS3.7 D.3.3.5)."""

    sop_class_uid: str
    application_information: bytes


@dataclass(frozen=True, slots=True)
class UserInformation:
    """What the two sides tell of themselves.

    `max_p_data_bytes` is the longest P-DATA-TF content the sender of this wants to get; 0 means no limit.
    A user identity is only noted: the credentials in it are neither kept nor believed.
    """

    max_p_data_bytes: int = 0
    implementation_class_uid: str = ""
    implementation_version_name: str = ""
    async_operations: tuple[int, int] | None = None  # invoked, performed; 0 is unlimited
    roles: tuple[RoleSelection, ...] = ()
    extended: tuple[ExtendedNegotiation, ...] = ()
    offers_user_identity: bool = False


def own_information(
    max_p_data_bytes: int = DEFAULT_P_DATA_BYTES,
    roles: tuple[RoleSelection, ...] = (),
    extended: tuple[ExtendedNegotiation, ...] = (),
) -> UserInformation:
    """What this implementation tells of itself, whether it asks or answers."""
    return UserInformation(
        max_p_data_bytes,
        IMPLEMENTATION_CLASS_UID,
        IMPLEMENTATION_VERSION_NAME,
        roles=roles,
        extended=extended,
    )


def decode_user_information(content: memoryview) -> UserInformation:
    """Decode the item's content; unknown sub-items are skipped (PS3.8 9.3.1).

    Raises:
        ProtocolViolation: a sub-item is cut off, overruns, or there are too many.
    """
    user = UserInformation()
    for kind, value in walk_items(content, MAX_USER_ITEMS):
        decode = _DECODERS.get(kind)
        if decode is not None:
            user = decode(user, value)
    return user


def encode_user_information(user: UserInformation) -> bytes:
    """Encode the item's content; a user identity is never sent."""
    parts = [encode_item(_MAX_LENGTH, struct.pack(">I", user.max_p_data_bytes))]
    if user.implementation_class_uid:
        parts.append(encode_item(_CLASS_UID, user.implementation_class_uid.encode("ascii")))
    if user.async_operations is not None:
        parts.append(encode_item(_ASYNC_OPERATIONS, struct.pack(">HH", *user.async_operations)))
    parts.append(encode_items(_ROLE, (_encode_role(role) for role in user.roles)))
    if user.implementation_version_name:
        parts.append(encode_item(_VERSION_NAME, user.implementation_version_name.encode("ascii")))
    parts.append(
        encode_items(
            _EXTENDED,
            (_named(e.sop_class_uid) + e.application_information for e in user.extended),
        )
    )
    return b"".join(parts)


def _max_length(user: UserInformation, value: memoryview) -> UserInformation:
    return replace(user, max_p_data_bytes=_numbers(">I", value)[0])


def _class_uid(user: UserInformation, value: memoryview) -> UserInformation:
    return replace(user, implementation_class_uid=decode_uid(value))


def _async_operations(user: UserInformation, value: memoryview) -> UserInformation:
    invoked, performed = _numbers(">HH", value)
    return replace(user, async_operations=(invoked, performed))


def _role(user: UserInformation, value: memoryview) -> UserInformation:
    uid, rest = _split_named(value)
    scu, scp = _numbers(">BB", rest)
    return replace(user, roles=(*user.roles, RoleSelection(uid, scu == 1, scp == 1)))


def _version_name(user: UserInformation, value: memoryview) -> UserInformation:
    text = bytes(value[:MAX_VERSION_NAME_LENGTH]).decode("latin-1").strip(" \0")
    printable = "".join(c if " " <= c <= "~" else "?" for c in text)
    return replace(user, implementation_version_name=printable)


def _extended(user: UserInformation, value: memoryview) -> UserInformation:
    uid, rest = _split_named(value)
    if len(rest) > MAX_EXTENDED_BYTES:
        raise ProtocolViolation("an extended negotiation is too long")
    item = ExtendedNegotiation(uid, bytes(rest))
    return replace(user, extended=(*user.extended, item))


def _user_identity(user: UserInformation, value: memoryview) -> UserInformation:
    del value
    return replace(user, offers_user_identity=True)


_DECODERS: dict[int, Callable[[UserInformation, memoryview], UserInformation]] = {
    _MAX_LENGTH: _max_length,
    _CLASS_UID: _class_uid,
    _ASYNC_OPERATIONS: _async_operations,
    _ROLE: _role,
    _VERSION_NAME: _version_name,
    _EXTENDED: _extended,
    _USER_IDENTITY: _user_identity,
}


def _numbers(layout: str, value: memoryview) -> tuple[int, ...]:
    if len(value) != struct.calcsize(layout):
        raise ProtocolViolation("a user information sub-item has the wrong length")
    return struct.unpack(layout, value)


def _split_named(value: memoryview) -> tuple[str, memoryview]:
    if len(value) < 2:
        raise ProtocolViolation("a user information sub-item is cut off")
    length = int.from_bytes(value[:2], "big")
    if 2 + length > len(value):
        raise ProtocolViolation("a UID overruns its sub-item")
    return decode_uid(value[2 : 2 + length]), value[2 + length :]


def _named(uid: str) -> bytes:
    return struct.pack(">H", len(uid)) + uid.encode("ascii")


def _encode_role(role: RoleSelection) -> bytes:
    return _named(role.sop_class_uid) + bytes((role.scu, role.scp))
