import asyncio
from functools import partial
from pathlib import Path

from tests.support.faulty_objects import FaultyObjects
from tests.support.object_journals import AT_ONCE, keys, open_journal, versions, write
from tests.support.wait import until

from isocenter.errors import Unavailable
from isocenter.ingest.tidying import Tidier
from isocenter.ports.journal import Stream


def is_merged(objects: FaultyObjects, stream: Stream) -> bool:
    return sum(stream.epoch in key for key in keys(objects)) == 1


async def test_small_pieces_are_merged_again_and_again_also_after_a_failure(tmp_path: Path) -> None:
    objects = FaultyObjects(tmp_path)
    journal = open_journal(objects, pace=AT_ONCE)
    failures = 0

    def away_at_first(method: str, key: str) -> None:
        nonlocal failures
        if method == "delete" and failures < 2:
            failures += 1
            raise Unavailable

    objects.before = away_at_first
    task = asyncio.ensure_future(Tidier(journal, 0.01).run())
    for _ in range(2):
        stream = write(journal, range(1, 21))
        await until(partial(is_merged, objects, stream))
        assert versions(journal, stream) == list(range(1, 21))
    assert failures == 2
    task.cancel()
