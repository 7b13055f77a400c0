"""Command sets: group 0000 in implicit VR little endian (PS3.7 6.3.1 and Annex E), bounded, as typed values."""

import struct
from enum import IntEnum

from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.limits import MAX_COMMAND_SET_BYTES

_ELEMENT = struct.Struct("<HHI")
_US = struct.Struct("<H")
_UL = struct.Struct("<I")

PENDING = (0xFF00, 0xFF01)
A_DATA_SET = 0x0001
NO_DATA_SET = 0x0101  # Command Data Set Type (0000,0800): PS3.7 E.1

Value = str | int | bytes | tuple[int, ...]
CommandSet = dict[int, Value]  # by element number in group 0000


class Element(IntEnum):
    """Element numbers of group 0000 (PS3.7 E.1), named by keyword."""

    COMMAND_GROUP_LENGTH = 0x0000
    AFFECTED_SOP_CLASS_UID = 0x0002
    REQUESTED_SOP_CLASS_UID = 0x0003
    COMMAND_FIELD = 0x0100
    MESSAGE_ID = 0x0110
    MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
    MOVE_DESTINATION = 0x0600
    PRIORITY = 0x0700
    COMMAND_DATA_SET_TYPE = 0x0800
    STATUS = 0x0900
    OFFENDING_ELEMENT = 0x0901
    ERROR_COMMENT = 0x0902
    ERROR_ID = 0x0903
    AFFECTED_SOP_INSTANCE_UID = 0x1000
    REQUESTED_SOP_INSTANCE_UID = 0x1001
    EVENT_TYPE_ID = 0x1002
    ATTRIBUTE_IDENTIFIER_LIST = 0x1005
    ACTION_TYPE_ID = 0x1008
    NUMBER_OF_REMAINING_SUBOPERATIONS = 0x1020
    NUMBER_OF_COMPLETED_SUBOPERATIONS = 0x1021
    NUMBER_OF_FAILED_SUBOPERATIONS = 0x1022
    NUMBER_OF_WARNING_SUBOPERATIONS = 0x1023
    MOVE_ORIGINATOR_APPLICATION_ENTITY_TITLE = 0x1030
    MOVE_ORIGINATOR_MESSAGE_ID = 0x1031


class CommandField(IntEnum):
    """Command Field (0000,0100); a response has the highest bit set (PS3.7 E.1)."""

    C_STORE_RQ = 0x0001
    C_GET_RQ = 0x0010
    C_FIND_RQ = 0x0020
    C_MOVE_RQ = 0x0021
    C_ECHO_RQ = 0x0030
    N_EVENT_REPORT_RQ = 0x0100
    N_GET_RQ = 0x0110
    N_SET_RQ = 0x0120
    N_ACTION_RQ = 0x0130
    N_CREATE_RQ = 0x0140
    N_DELETE_RQ = 0x0150
    C_CANCEL_RQ = 0x0FFF


RESPONSE_BIT = 0x8000

_UIDS = frozenset({0x0002, 0x0003, 0x1000, 0x1001})
_TITLES = frozenset({0x0600, 0x1030})
_TEXTS = frozenset({0x0902})
_TAG_LISTS = frozenset({0x0901, 0x1005})
_SHORTS = frozenset(
    {0x0100, 0x0110, 0x0120, 0x0700, 0x0800, 0x0900, 0x0903}
    | {0x1002, 0x1008, 0x1020, 0x1021, 0x1022, 0x1023, 0x1031}
)


def decode_command_set(content: bytes) -> CommandSet:
    """Decode a whole command set; texts come without padding and are otherwise unchecked, unknown elements as bytes.

    A wrong group length is forgiven, since the fragments already say where the set ends.

    Raises:
        ProtocolViolation: not group 0000 in ascending order, cut off, too long, or a number of the wrong length.
    """
    if len(content) > MAX_COMMAND_SET_BYTES:
        raise ProtocolViolation("the command set is too long")
    command: CommandSet = {}
    at, previous = 0, -1
    while at < len(content):
        if at + _ELEMENT.size > len(content):
            raise ProtocolViolation("a command element is cut off")
        group, element, length = _ELEMENT.unpack_from(content, at)
        at += _ELEMENT.size
        if group != 0 or element <= previous or at + length > len(content):
            raise ProtocolViolation("a command element is out of place")
        command[element] = _decode_value(element, content[at : at + length])
        at, previous = at + length, element
    return command


def encode_command_set(command: CommandSet) -> bytes:
    """Encode in ascending order with the group length first (PS3.7 6.3.1)."""
    body = b"".join(
        _encode_element(element, command[element]) for element in sorted(command) if element != 0
    )
    return _ELEMENT.pack(0, Element.COMMAND_GROUP_LENGTH, 4) + _UL.pack(len(body)) + body


def number_in(command: CommandSet, element: Element) -> int:
    """A number that has to be there; raises ProtocolViolation when it is not."""
    value = command.get(element)
    if not isinstance(value, int):
        raise ProtocolViolation("the command set lacks a required element")
    return value


def text_in(command: CommandSet, element: Element) -> str:
    """A text, or an empty one when it is not there."""
    value = command.get(element, "")
    return value if isinstance(value, str) else ""


def is_pending(command: CommandSet) -> bool:
    """Whether a response says that more will follow (PS3.7 C.1.4: FF00H, FF01H)."""
    return command.get(Element.STATUS) in PENDING


def has_data_set(command: CommandSet) -> bool:
    """Whether a data set follows (PS3.7 E.1: any value but 0101H says so)."""
    return number_in(command, Element.COMMAND_DATA_SET_TYPE) != NO_DATA_SET


def _decode_value(element: int, value: bytes) -> Value:
    if element in _SHORTS:
        if len(value) != _US.size:
            raise ProtocolViolation("a number of the command set has the wrong length")
        return int(_US.unpack(value)[0])
    if element in _UIDS:
        return value.decode("latin-1").rstrip("\0 ")
    if element in _TITLES or element in _TEXTS:
        return value.decode("latin-1").strip(" \0")
    if element in _TAG_LISTS and len(value) % 4 == 0:
        numbers = struct.unpack(f"<{len(value) // 2}H", value)
        return tuple(g << 16 | e for g, e in zip(numbers[::2], numbers[1::2], strict=True))
    return value


def _encode_element(element: int, value: Value) -> bytes:
    encoded = _encode_value(element, value)
    return _ELEMENT.pack(0, element, len(encoded)) + encoded


def _encode_value(element: int, value: Value) -> bytes:
    if isinstance(value, int):
        return _US.pack(value)
    if isinstance(value, tuple):
        return b"".join(struct.pack("<HH", tag >> 16, tag & 0xFFFF) for tag in value)
    if isinstance(value, str):
        padding = b"\0" if element in _UIDS else b" "
        value = value.encode("latin-1")
        return value + padding * (len(value) % 2)
    return value
