"""The index built anew from the journal: by the indexer that runs, or here when none does."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, closing

import grpc

from isocenter.adapters.open import open_index_generations
from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import IndexServiceStub
from isocenter.embedded.layout import Layout
from isocenter.embedded.platform import nodes_of
from isocenter.embedded.supervisor import only_one
from isocenter.errors import Conflict, Unavailable
from isocenter.indexer.indexing import Indexer, Ports
from isocenter.indexer.settings import IndexerSettings
from isocenter.operations.places import existing_archive, folder_of
from isocenter.runtime.rpc_channels import channels
from isocenter.runtime.rpc_errors import translated
from isocenter.runtime.settings import read_settings

TIMEOUT_S = 24 * 3600.0
Step = Callable[[int, int], None]  # entries applied, entries known


def rebuild(settings: IndexerSettings, step: Step) -> int:
    """Rebuild, and give how many entries were applied.

    An indexer that `rpc_targets` names, or whose platform runs on the data folder, does it and serves meanwhile.
    Raises Unavailable when it does not answer, or when one that we are not told of holds the index.
    """
    if settings.rpc_targets.get("indexer"):
        return asyncio.run(_ask(settings, step))
    existing_archive(settings)
    layout = Layout(settings.data_folder)
    with ExitStack() as stack:
        try:
            layout.data.mkdir(parents=True, exist_ok=True, mode=0o700)
            stack.enter_context(only_one(layout))
        except Conflict:
            nodes = nodes_of("indexer", is_cluster=layout.cluster_file.exists())
            return asyncio.run(_ask(_of_platform(settings, layout), step, nodes))
        return rebuild_here(settings, step)


def rebuild_here(settings: IndexerSettings, step: Step) -> int:
    """Rebuild in this process. What is kept in a folder is removed first, for it may be unreadable."""
    folder = folder_of(settings.index_url)
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)
    place = existing_archive(settings)
    generations = open_index_generations(settings.index_url, **settings.index_access)
    with closing(Indexer(Ports(generations, place.journal, place.clock), settings)) as indexer:
        if folder is None:
            made = indexer.start_rebuild()
            made.advance(indexer.applied(), step)
            made.finish()
            indexer.take_over(made)
        applied = sum(indexer.applied().values())
    step(applied, applied)
    return applied


def _of_platform(settings: IndexerSettings, layout: Layout) -> IndexerSettings:
    """The running platform's sockets and the token they want."""
    return read_settings(
        IndexerSettings,
        data_folder=settings.data_folder,
        run_folder=layout.run,
        rpc_token=layout.secret("rpc"),
    )


async def _ask(settings: IndexerSettings, step: Step, nodes: Sequence[str] = ()) -> int:
    """Ask one indexer after another: those that stand by say so at once. Raises Unavailable when none does it."""
    unavailable = Unavailable("no indexer answers")
    async with AsyncExitStack() as stack:
        opened = [
            await stack.enter_async_context(channel)
            for channel in channels(settings, "indexer", nodes)
        ]
        for channel in opened:
            try:
                return await _ask_one(channel, step)
            except Unavailable as error:
                unavailable = error
    raise unavailable


async def _ask_one(channel: grpc.aio.Channel, step: Step) -> int:
    applied = 0
    with translated():
        stub = IndexServiceStub(channel)
        async for told in stub.Rebuild(pb.RebuildRequest(caller="local"), timeout=TIMEOUT_S):
            applied = told.applied_entries
            step(applied, told.total_entries)
    return applied
