"""Command sets: round trips, pydicom as oracle, bounds."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynetdicom.dsutils import decode as oracle_decode
from tests.support.associations import store_command

from isocenter.dimse.commands import (
    CommandSet,
    Element,
    decode_command_set,
    encode_command_set,
    has_data_set,
    number_in,
)
from isocenter.dimse.faults import ProtocolViolation

numbers = st.integers(0, 65535)
commands = st.fixed_dictionaries(
    {0x0100: numbers, 0x0110: numbers, 0x0800: numbers},
    optional={
        0x0002: st.from_regex(r"1(\.[1-9][0-9]{0,4}){1,8}", fullmatch=True),
        0x1000: st.from_regex(r"1(\.[1-9][0-9]{0,4}){1,8}", fullmatch=True),
        0x0600: st.from_regex(r"[A-Z]{1,16}", fullmatch=True),
        0x0902: st.from_regex(r"[a-z]{0,64}", fullmatch=True),
        0x1005: st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=4).map(tuple),
        0x1021: numbers,
    },
)


@given(commands)
def test_command_set_comes_back_as_it_was(command: CommandSet) -> None:
    decoded = decode_command_set(encode_command_set(command))
    assert {k: v for k, v in decoded.items() if k != Element.COMMAND_GROUP_LENGTH} == command


@given(commands)
def test_command_set_is_read_alike_by_the_oracle(command: CommandSet) -> None:
    encoded = encode_command_set(command)
    oracle = oracle_decode(io.BytesIO(encoded), True, True)
    assert oracle.CommandField == command[0x0100]
    assert oracle.CommandGroupLength == len(encoded) - 12
    assert oracle.get("AffectedSOPInstanceUID", "") == command.get(0x1000, "")
    assert oracle.get("NumberOfCompletedSuboperations", 0) == command.get(0x1021, 0)


@given(st.binary(max_size=200))
def test_garbage_is_a_violation_or_a_command(content: bytes) -> None:
    try:
        decode_command_set(content)
    except ProtocolViolation:
        return


@pytest.mark.parametrize(
    "content",
    [
        struct.pack("<HHI", 0, 0x0100, 0xFFFFFFFF),
        struct.pack("<HHI", 8, 0x0100, 0),
        struct.pack("<HHIH", 0, 0x0110, 2, 1) + struct.pack("<HHIH", 0, 0x0100, 2, 1),
        struct.pack("<HHIH", 0, 0x0110, 2, 1) * 2,
        struct.pack("<HHII", 0, 0x0100, 4, 1),
        b"\0" * 7,
        bytes(64 * 1024 + 1),
    ],
    ids=["undefined length", "group 8", "descending", "twice", "long number", "cut", "too long"],
)
def test_malformed_command_set_is_a_violation(content: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        decode_command_set(content)


def test_wrong_group_length_is_forgiven() -> None:
    encoded = bytearray(encode_command_set(store_command()))
    encoded[8:12] = b"\xff\xff\0\0"
    assert number_in(decode_command_set(bytes(encoded)), Element.MESSAGE_ID) == 1


def test_missing_number_is_a_violation() -> None:
    with pytest.raises(ProtocolViolation):
        has_data_set({})
