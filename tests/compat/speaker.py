"""A program that says and hears what one release of the product knows; it runs in both releases, each on its own path.

It knows nothing of the tests, and of the product only what both releases have.
"""

import asyncio
import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

import isocenter
from isocenter.adapters.journal.files import FileJournal
from isocenter.api.index.v1 import index_service_pb2 as index
from isocenter.api.index.v1.index_service_pb2_grpc import IndexServiceStub
from isocenter.errors import IsocenterError
from isocenter.events.catalog import FACTS
from isocenter.events.entries import MESSAGES, EntryKind
from isocenter.events.event import Event
from isocenter.events.headers import decode, encode
from isocenter.ports.journal import Entry
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.rpc_errors import translated

MAX_DEPTH = 4
CALL_S = 60.0
SIMPLE: dict[int, Any] = {
    Field.CPPTYPE_STRING: "text",
    Field.CPPTYPE_BOOL: True,
    Field.CPPTYPE_ENUM: 1,
    Field.CPPTYPE_FLOAT: 0.5,
    Field.CPPTYPE_DOUBLE: 0.5,
}


def whole(kind: type[Message], depth: int = 0) -> Message:
    """A message with something in every field."""
    message = kind()
    if depth == MAX_DEPTH:
        return message
    for field in message.DESCRIPTOR.fields:
        _fill(message, field, depth)
    return message


def _fill(message: Message, field: Any, depth: int) -> None:
    place = getattr(message, field.name)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        raise NotImplementedError("no message has a map yet")
    if field.message_type is not None:
        made = whole(field.message_type._concrete_class, depth + 1)
        place.extend([made]) if field.is_repeated else place.CopyFrom(made)
    else:
        plain = b"bytes" if field.type == Field.TYPE_BYTES else SIMPLE.get(field.cpp_type)
        value = field.number if plain is None else plain
        place.extend([value]) if field.is_repeated else setattr(message, field.name, value)


def shown(message: Message) -> dict[str, Any]:
    """What a reader sees of it."""
    seen: dict[str, Any] = MessageToDict(message, preserving_proto_field_name=True)
    return seen


def say_events() -> Any:
    """Every fact of the catalogue as headers and data."""
    said = {}
    for fact in FACTS:
        event = Event(
            fact, "north", 7, f"key of {fact.name}", whole(fact.message), 1_700_000_000_000
        )
        headers, data = encode(event)
        said[fact.name] = {"headers": headers, "data": data.hex(), "message": shown(event.message)}
    return said


def hear_events(said: dict[str, Any]) -> Any:
    """What is understood of each, and what would be sent on."""
    heard = {}
    for name, one in said.items():
        event = decode(one["headers"], bytes.fromhex(one["data"]))
        headers, data = encode(event)
        seen = shown(event.message)
        heard[name] = {"headers": headers, "data": data.hex(), "message": seen}
    return heard


def write_journal(folder: str, later: dict[str, str]) -> Any:
    """One commit with every kind of entry, each with something in every field, and `later` of kinds by number."""
    clock = HybridClock()
    journal = FileJournal(Path(folder), clock)
    writer = journal.writer("writer")
    written = [(kind, whole(message)) for kind, message in MESSAGES.items()]
    commit = [Entry(clock.version(), kind, 7, one.SerializeToString()) for kind, one in written]
    for number, payload in later.items():
        kind: Any = int(number)
        commit.append(Entry(clock.version(), kind, 7, bytes.fromhex(payload)))
    writer.append(commit)
    writer.append(commit[:1])
    writer.close()
    return [[kind.name, shown(one)] for kind, one in written]


def say_kinds() -> Any:
    """The kinds of journal entries that are known."""
    return [kind.name for kind in MESSAGES]


def read_journal(folder: str) -> Any:
    """Every entry of every stream, understood, and with its bytes."""
    journal = FileJournal(Path(folder), HybridClock())
    found = []
    for stream in sorted(journal.ends()):
        for record in journal.read(stream):
            kind = EntryKind(record.entry.kind)
            message = MESSAGES[kind].FromString(record.entry.payload)
            found.append([kind.name, shown(message), record.entry.payload.hex()])
    return found


def say_index() -> Any:
    """Every message of the index's service."""
    types = index.DESCRIPTOR.message_types_by_name
    return {name: whole(getattr(index, name)).SerializeToString().hex() for name in types}


def hear_index(said: dict[str, str]) -> Any:
    """What is understood of each."""
    return {
        name: shown(getattr(index, name).FromString(bytes.fromhex(data)))
        for name, data in said.items()
    }


def ask_indexer(run_folder: str, token: str) -> Any:
    """Every call of the service; what is refused is told by the class of the error."""
    return asyncio.run(_ask(Path(run_folder), token))


def _channel() -> Callable[..., Any]:
    for room in ("rpc_channels", "rpc"):  # it moved
        try:
            return importlib.import_module(f"isocenter.runtime.{room}").channel  # type: ignore[no-any-return]
        except (ImportError, AttributeError):
            continue
    raise LookupError("channel")


async def _ask(run_folder: Path, token: str) -> Any:
    async with _channel()(run_folder, "indexer", token) as channel:
        stub: Any = IndexServiceStub(channel)
        caught_up = await stub.CatchUp(index.CatchUpRequest(), timeout=CALL_S)
        held = index.HandleHeldRequest(
            hold_id="none", action=index.HELD_ACTION_RELEASE, caller="a caller", reason="a test"
        )
        unsaid = index.HandleHeldRequest(hold_id="none", caller="a caller")
        refused = [await _refusal(stub, one) for one in (held, unsaid)]
        rebuilding = stub.Rebuild(index.RebuildRequest(caller="a caller"), timeout=CALL_S)
        told = [progress async for progress in rebuilding]
        return {"caught_up": shown(caught_up), "refused": refused, "rebuilt": shown(told[-1])}


async def _refusal(stub: Any, request: Message) -> str:
    try:
        with translated():
            await stub.HandleHeld(request, timeout=CALL_S)
    except IsocenterError as error:
        return type(error).__name__
    return ""


ROLES: dict[str, Callable[..., Any]] = {
    role.__name__: role
    for role in (
        say_events, hear_events, say_kinds, write_journal, read_journal, say_index, hear_index, ask_indexer,
    )
}  # fmt: skip

if __name__ == "__main__":
    given = json.load(sys.stdin)
    answer = ROLES[sys.argv[1]](*given)
    json.dump({"product": isocenter.__file__, "answer": answer}, sys.stdout)
