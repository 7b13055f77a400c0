"""Streaming as a process of its own: everything a reader asks for, on the HTTP port."""

import sys
from contextlib import AsyncExitStack
from dataclasses import replace

from isocenter.adapters.open import open_index_reader, open_journal, open_objects
from isocenter.dicomweb.problems import answer_of
from isocenter.runtime.lifecycle import Process, run
from isocenter.runtime.metrics_route import metrics_route
from isocenter.runtime.nodes import names_in
from isocenter.runtime.open_web import open_web
from isocenter.runtime.recording import start_recording
from isocenter.runtime.rpc_channels import channels
from isocenter.streaming.ports import Ports
from isocenter.streaming.rpc import IndexerClient, TranscoderClient
from isocenter.streaming.service import build
from isocenter.streaming.settings import StreamingSettings
from isocenter.streaming.static_routes import routes as static_routes
from isocenter.streaming.web.install_quick import quick_folder
from isocenter.streaming.web.install_viewer import viewer_folder


async def compose(settings: StreamingSettings, stack: AsyncExitStack) -> Process:
    """Open adapters; the journal is written for audit entries only."""
    recording = start_recording(open_journal, settings, stack)
    index = open_index_reader(settings.index_url, **settings.index_access)
    stack.callback(index.close)
    indexers = channels(settings, "indexer", names_in(settings.indexer_nodes))
    transcoders = channels(settings, "transcoder", names_in(settings.transcoder_nodes))
    for channel in (*indexers, *transcoders):
        stack.push_async_callback(channel.close, None)
    objects = open_objects(settings.objects_url, **settings.objects_access)
    held, transcoding = IndexerClient(indexers), TranscoderClient(transcoders)
    service = build(Ports(index, objects, recording.journal, held, transcoding), settings)
    pages = static_routes(viewer_folder(), quick_folder())
    routes = (*service.routes, metrics_route(settings.run_folder), *pages)
    web = open_web(routes, answer_of, recording.auditor, settings, stack)
    return Process(replace(service, routes=routes), web=web)


def main() -> int:
    """Serve until told to stop."""
    return run(StreamingSettings, compose)


if __name__ == "__main__":
    sys.exit(main())
