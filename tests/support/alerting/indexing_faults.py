"""Faults between receipt and search: a locked index, events nobody can read, more events than a consumer takes."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace

import nats
from tests.support.alerting.faults import Meanwhile, nothing
from tests.support.alerting.watched import SITE, Watched
from tests.support.checker.index_rows import serving
from tests.support.events import instance_stored
from tests.support.nats_server import RunningNats
from tests.support.part10 import SECONDARY_CAPTURE, data_set
from tests.support.scu import Association
from tests.support.senders import fresh_uid, give_study

from isocenter.adapters.index.sqlite.lock import FolderLock
from isocenter.adapters.open import open_bus
from isocenter.runtime.publish import publish_all

COMMITS = 1_100
EVENTS = 10_500
FEW, TOO_MANY = 1, 25  # events that nobody can read; a consumer stops at more than 20
LONG_UNFOUND = "min_over_time(isocenter_journal_lag_commits[12s]) > 0"


@contextmanager
def index_locked(watched: Watched) -> Iterator[Meanwhile]:
    """Another program holds the index, so that nothing can be written there."""
    path = serving(watched.pods.data / "index")
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        try:
            yield nothing
        finally:
            other.execute("ROLLBACK")


@contextmanager
def index_held_by_another(watched: Watched) -> Iterator[Meanwhile]:
    """An indexer starts, and somebody who does not index has its index."""
    watched.pods.kill("indexer")
    other = FolderLock(watched.pods.data / "index")
    other.take()
    try:
        watched.pods.run("indexer")
        yield nothing
    finally:
        del other


@contextmanager
def index_locked_while_scanners_send(watched: Watched) -> Iterator[Meanwhile]:
    """Each instance is a commit, for the sender waits for every answer."""
    study, series = fresh_uid(), fresh_uid()
    with index_locked(watched):
        with Association(watched.pods.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
            for _ in range(COMMITS):
                sop = fresh_uid()
                assert association.store(sop, data_set(sop, study, series)) == 0
        yield nothing


@contextmanager
def index_locked_now_and_then(watched: Watched) -> Iterator[Meanwhile]:
    """What comes waits for more than ten seconds, again and again."""

    def wait_long() -> None:
        with index_locked(watched):
            give_study(watched.pods.url)
            watched.until_seen(LONG_UNFOUND)
        watched.until_seen("isocenter_journal_lag_commits == 0")

    yield wait_long


@contextmanager
def events_flooding(watched: Watched) -> Iterator[Meanwhile]:
    """More events than a consumer gets done that has something to write and cannot."""
    with index_locked(watched):
        give_study(watched.pods.url)
        asyncio.run(_flood(watched.nats))
        yield nothing


@contextmanager
def event_unreadable(watched: Watched) -> Iterator[Meanwhile]:
    """An event that no version of ours can read."""
    asyncio.run(_say_unreadable(watched.nats, FEW))
    yield nothing


@contextmanager
def events_unreadable(watched: Watched) -> Iterator[Meanwhile]:
    """So many of them that the consumer stops; its process is run anew afterwards."""
    asyncio.run(_say_unreadable(watched.nats, TOO_MANY))
    try:
        yield nothing
    finally:
        watched.pods.kill("indexer")
        watched.pods.run("indexer")


async def _flood(server: RunningNats) -> None:
    bus = open_bus(server.url, site=SITE, user="", token=server.token, name="flood", replicas=1)
    try:
        events = (instance_stored(number) for number in range(EVENTS))
        await publish_all(bus, [replace(event, site=SITE) for event in events])
    finally:
        await bus.close()


async def _say_unreadable(server: RunningNats, count: int) -> None:
    subject = replace(instance_stored(), site=SITE).subject
    client = await nats.connect(server.url, token=server.token)
    try:
        for _ in range(count):
            await client.jetstream().publish(subject, b"\xff")
    finally:
        await client.close()
