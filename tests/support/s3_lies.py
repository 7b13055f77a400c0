"""Rules for `s3_proxy` under which a real store lies. Each tells what it acknowledged as a store would."""

import io
import re
import threading

from minio import Minio
from tests.support.s3_proxy import OK, Asked, Forward, Rule, Told


def swallow(asked: Asked, forward: Forward) -> Told | None:
    """Acknowledge, and store nothing."""
    if asked.method == "PUT" and asked.is_object:
        return OK
    return forward(asked)


def truncate(asked: Asked, forward: Forward) -> Told | None:
    """Half of each object is lost."""
    told = forward(asked)
    if not asked.is_object or told.status != 200:
        return told
    if asked.method == "HEAD":
        length = next(int(v) for n, v in told.headers if n.lower() == "content-length")
        return told.length(length // 2)
    return told.replaced(told.body[: len(told.body) // 2]) if asked.method == "GET" else told


def alter(asked: Asked, forward: Forward) -> Told | None:
    """One bit of each object is another."""
    told = forward(asked)
    if asked.method != "GET" or not asked.is_object or not told.body:
        return told
    return told.replaced(told.body[:-1] + bytes([told.body[-1] ^ 1]))


def ignore_ranges(client: Minio, bucket: str) -> Rule:
    def rule(asked: Asked, forward: Forward) -> Told | None:
        if asked.method == "GET" and asked.header("Range"):
            body = client.get_object(bucket, asked.key).data
            return Told(200, []).replaced(body)
        return forward(asked)

    return rule


def shift_ranges(asked: Asked, forward: Forward) -> Told | None:
    """Answer ranges, with other bytes."""
    told = forward(asked)
    return told.replaced(told.body[1:] + b"?") if told.status == 206 else told


def list_late() -> Rule:
    """What was put is not listed."""
    recent: set[str] = set()
    lock = threading.Lock()

    def rule(asked: Asked, forward: Forward) -> Told | None:
        told = forward(asked)
        with lock:
            if asked.method == "PUT" and asked.is_object:
                recent.add(asked.key)
            if not asked.key and "list-type" in asked.query:
                hidden = {key.encode() for key in recent}
                return told.replaced(_without(told.body, hidden))
        return told

    return rule


def _without(listed: bytes, hidden: set[bytes]) -> bytes:
    def kept(match: re.Match[bytes]) -> bytes:
        return b"" if match[1] in hidden else match[0]

    return re.sub(rb"<Contents><Key>(.*?)</Key>.*?</Contents>", kept, listed, flags=re.DOTALL)


def keep_deleted(asked: Asked, forward: Forward) -> Told | None:
    """Acknowledge a deletion, and delete nothing."""
    return Told(204, []) if asked.method == "DELETE" and asked.is_object else forward(asked)


def answer_stale() -> Rule:
    """What was put first is answered for ever."""
    first: dict[str, bytes] = {}

    def rule(asked: Asked, forward: Forward) -> Told | None:
        told = forward(asked)
        if asked.method == "PUT" and asked.is_object and told.status == 200:
            first.setdefault(asked.key, asked.body)
        is_whole = asked.method == "GET" and asked.is_object and told.status == 200
        return told.replaced(first[asked.key]) if is_whole and asked.key in first else told

    return rule


def lose_parts(asked: Asked, forward: Forward) -> Told | None:
    """Acknowledge an upload's completion, and complete nothing."""
    if asked.method == "POST" and "uploadId" in asked.query:
        done = b"<?xml version='1.0'?><CompleteMultipartUploadResult/>"
        return Told(200, [("Content-Type", "application/xml")]).replaced(done)
    return forward(asked)


def store_unseen(client: Minio, bucket: str) -> Rule:
    """Store whatever arrives, its hash and conditions unread."""

    def rule(asked: Asked, forward: Forward) -> Told | None:
        if asked.method != "PUT" or not asked.is_object:
            return forward(asked)
        client.put_object(bucket, asked.key, io.BytesIO(asked.body), len(asked.body))
        return OK

    return rule
