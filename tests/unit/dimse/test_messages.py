"""Messages out of fragments, in every order that is forbidden."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.associations import echo_command, store_command

from isocenter.dimse.commands import (
    NO_DATA_SET,
    RESPONSE_BIT,
    CommandField,
    CommandSet,
    Element,
    encode_command_set,
)
from isocenter.dimse.faults import ProtocolViolation
from isocenter.dimse.messages import Messages, Part
from isocenter.dimse.pdu import COMMAND, LAST
from isocenter.dimse.user import Context, Operation, Response, Suboperation

CONTEXTS = {1: Context(1, "1.2", "1.2.840.10008.1.2"), 3: Context(3, "1.3", "1.2.840.10008.1.2")}


class Recorded:
    def __init__(self) -> None:
        self.content = b""
        self.ended = ""

    def write(self, data: memoryview) -> None:
        self.content += data

    def complete(self) -> Iterable[Response | Suboperation]:
        self.ended = "complete"
        yield Response({Element.STATUS: 0xFF00}, b"found")
        yield Response({Element.STATUS: 0})

    def cancel(self) -> None:
        self.ended = "cancelled"

    def answered(self, command: CommandSet) -> None:
        self.ended = "answered"

    def discard(self) -> None:
        self.ended = "discarded"


class Recorder:
    def __init__(self, kind: type[Recorded] = Recorded) -> None:
        self._kind = kind
        self.listens_to_all = False  # that is there, at once
        self.operations: list[Recorded] = []
        self.sent: list[tuple[int, bytes, bool]] = []
        self.messages = Messages(CONTEXTS, self._begin, self._send, self._send_stream, self._listen)
        self.heard: list[tuple[int, CommandSet]] = []  # what the peer will say next

    def feed(self, context_id: int, control: int, data: bytes, *, ends: bool = True) -> None:
        self.messages.feed(context_id, control, memoryview(data), fragment_ends=ends)

    def command(self, command: CommandSet, context_id: int = 1) -> None:
        self.feed(context_id, COMMAND | LAST, encode_command_set(command))

    def _begin(self, context: Context, command: CommandSet) -> Operation:
        del context, command
        self.operations.append(self._kind())
        return self.operations[-1]

    def _send_stream(self, context_id: int, chunks: Iterable[bytes | memoryview]) -> None:
        self.sent.append((context_id, b"".join(chunks), False))

    def _listen(self, *, wait: bool) -> None:
        assert self.heard or not wait
        while self.heard:
            context_id, command = self.heard.pop(0)
            self.command(command, context_id)
            if not self.listens_to_all:
                return

    def _send(self, context_id: int, parts: list[Part], is_urgent: bool) -> None:
        del is_urgent
        self.sent += [(context_id, content, is_command) for content, is_command in parts]


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


class Fetching(Recorded):
    """Asks the peer for something in the middle."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: list[str] = []

    def complete(self) -> Iterable[Response | Suboperation]:
        yield Suboperation(3, store_command(), [b"some", b"thing"])
        yield Response({Element.STATUS: 0xFF00})
        yield Response({Element.STATUS: 0})

    def cancel(self) -> None:
        self.heard.append("cancel")

    def answered(self, command: CommandSet) -> None:
        self.heard.append(f"answer {command[Element.STATUS]!r}")


def said(field: int, responding: int = 1, status: int = 0) -> CommandSet:
    return {
        Element.COMMAND_FIELD: field,
        Element.MESSAGE_ID_BEING_RESPONDED_TO: responding,
        Element.COMMAND_DATA_SET_TYPE: NO_DATA_SET,
        Element.STATUS: status,
    }


STORE_RESPONSE = CommandField.C_STORE_RQ | RESPONSE_BIT


@pytest.mark.parametrize("at_once", [False, True])
def test_response_to_a_suboperation_and_a_cancel_come_on_contexts_of_their_own(
    at_once: bool,
) -> None:
    recorder = Recorder(Fetching)
    recorder.listens_to_all = at_once
    recorder.heard = [
        (1, said(CommandField.C_CANCEL_RQ)),
        (3, said(STORE_RESPONSE, status=7)),
        (1, said(CommandField.C_CANCEL_RQ, responding=99)),
    ]
    recorder.command(echo_command())
    (operation,) = recorder.operations
    assert isinstance(operation, Fetching)
    assert operation.heard == ["cancel", "answer 7"]
    assert (3, b"something", False) in recorder.sent
    assert recorder.messages.between


@pytest.mark.parametrize(
    "heard",
    [
        [(1, said(CommandField.C_ECHO_RQ))],
        [(3, said(STORE_RESPONSE)), (3, said(STORE_RESPONSE))],
        [(5, said(STORE_RESPONSE))],
    ],
)
def test_nothing_else_may_be_said_meanwhile(heard: list[tuple[int, CommandSet]]) -> None:
    recorder = Recorder(Fetching)
    recorder.heard = heard
    with pytest.raises(ProtocolViolation):
        recorder.command(echo_command())
