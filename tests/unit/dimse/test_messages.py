"""Messages out of fragments, in every order that is forbidden."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.associations import echo_command, store_command

from isocenter.dimse.commands import CommandSet, Element, encode_command_set
from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.messages import Messages
from isocenter.dimse.pdu import COMMAND, LAST
from isocenter.dimse.user import Context, Operation, Response

CONTEXTS = {1: Context(1, "1.2", "1.2.840.10008.1.2"), 3: Context(3, "1.3", "1.2.840.10008.1.2")}


class Recorded:
    def __init__(self) -> None:
        self.content = b""
        self.ended = ""

    def write(self, data: memoryview) -> None:
        self.content += data

    def complete(self) -> Iterable[Response]:
        self.ended = "complete"
        yield Response({Element.STATUS: 0xFF00}, b"found")
        yield Response({Element.STATUS: 0})

    def cancel(self) -> None:
        self.ended = "cancelled"

    def discard(self) -> None:
        self.ended = "discarded"


class Recorder:
    def __init__(self) -> None:
        self.operations: list[Recorded] = []
        self.sent: list[tuple[int, bytes, bool]] = []
        self.messages = Messages(CONTEXTS, self._begin, self._send)

    def feed(self, context_id: int, control: int, data: bytes, *, ends: bool = True) -> None:
        self.messages.feed(context_id, control, memoryview(data), fragment_ends=ends)

    def command(self, command: CommandSet, context_id: int = 1) -> None:
        self.feed(context_id, COMMAND | LAST, encode_command_set(command))

    def _begin(self, context: Context, command: CommandSet) -> Operation:
        del context, command
        self.operations.append(Recorded())
        return self.operations[-1]

    def _send(self, context_id: int, content: bytes, is_command: bool) -> None:
        self.sent.append((context_id, content, is_command))


@given(st.binary(min_size=1, max_size=300), st.integers(1, 40), st.integers(1, 40))
def test_data_set_arrives_whole_however_it_is_cut(
    data_set: bytes, fragment: int, piece: int
) -> None:
    recorder = Recorder()
    command = encode_command_set(store_command())
    for start in range(0, len(command), fragment):
        last = LAST if start + fragment >= len(command) else 0
        recorder.feed(1, COMMAND | last, command[start : start + fragment])
    for start in range(0, len(data_set), piece):
        recorder.feed(1, LAST, data_set[start : start + piece], ends=start + piece >= len(data_set))
    assert recorder.operations[0].content == data_set
    assert recorder.operations[0].ended == "complete"
    assert recorder.messages.between


def test_responses_and_their_data_sets_are_sent_in_order() -> None:
    recorder = Recorder()
    recorder.command(echo_command())
    assert [(is_command, content == b"found") for _, content, is_command in recorder.sent] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def test_empty_last_fragment_ends_a_data_set() -> None:
    recorder = Recorder()
    recorder.command(store_command())
    recorder.feed(1, 0, b"ab")
    recorder.feed(1, LAST, b"")
    assert recorder.operations[0].content == b"ab"
    assert recorder.messages.between


def test_unfinished_data_set_is_discarded() -> None:
    recorder = Recorder()
    recorder.command(store_command())
    recorder.feed(1, 0, b"ab")
    recorder.messages.discard()
    assert recorder.operations[0].ended == "discarded"
    assert recorder.messages.between


FORBIDDEN: dict[str, list[tuple[int, int, bytes]]] = {
    "data before command": [(1, LAST, b"ab")],
    "unaccepted context": [(5, COMMAND | LAST, b"")],
    "command moves to another context": [(1, COMMAND, b"\0\0"), (3, COMMAND | LAST, b"\0\0")],
    "empty fragment": [(1, COMMAND, b"")],
    "command too large": [(1, COMMAND, bytes(40_000)), (1, COMMAND, bytes(40_000))],
    "command inside data set": [
        (1, COMMAND | LAST, encode_command_set(store_command())),
        (1, 0, b"ab"),
        (1, COMMAND | LAST, encode_command_set(store_command())),
    ],
    "data set on another context": [
        (1, COMMAND | LAST, encode_command_set(store_command())),
        (3, LAST, b"ab"),
    ],
    "empty command": [(1, COMMAND | LAST, b"")],
}


@pytest.mark.parametrize("fragments", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_forbidden_order_is_a_violation(fragments: list[tuple[int, int, bytes]]) -> None:
    recorder = Recorder()
    with pytest.raises(ProtocolViolation):
        for context_id, control, content in fragments:
            recorder.feed(context_id, control, content)
    assert not any(operation.ended == "complete" for operation in recorder.operations)
