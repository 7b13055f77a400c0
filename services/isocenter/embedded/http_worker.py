"""One HTTP worker of the embedded platform: ingest's and streaming's routes on the shared port.

On Kubernetes a route by method and path does what this does; embedded, N of these share the port (SO_REUSEPORT).
"""

from contextlib import AsyncExitStack
from typing import ClassVar

from isocenter.adapters.open import (
    open_bus,
    open_index_reader,
    open_journal,
    open_objects,
    open_spool_files,
    probe_objects,
)
from isocenter.dicomweb.problems import answer_of
from isocenter.ingest.service import Ingest, IngestPorts
from isocenter.ingest.service import build as build_ingest
from isocenter.ingest.settings import IngestSettings
from isocenter.runtime.lifecycle import Process, run
from isocenter.runtime.metrics_route import metrics_route
from isocenter.runtime.nodes import names_in
from isocenter.runtime.open_web import open_web
from isocenter.runtime.recording import start_recording
from isocenter.runtime.rpc_channels import channels
from isocenter.runtime.service import Service
from isocenter.runtime.settings import ServiceSettings, read_settings
from isocenter.runtime.store_probe import prove_store
from isocenter.streaming.ports import Ports as StreamingPorts
from isocenter.streaming.rpc import IndexerClient, TranscoderClient
from isocenter.streaming.service import build as build_streaming
from isocenter.streaming.settings import StreamingSettings
from isocenter.streaming.static_routes import routes as static_routes
from isocenter.streaming.web.install_quick import quick_folder
from isocenter.streaming.web.install_viewer import viewer_folder


class HttpSettings(ServiceSettings):
    """Settings of the worker itself; those of its two services are read beside them."""

    service: ClassVar[str] = "web"


async def compose(settings: HttpSettings, stack: AsyncExitStack) -> Process:
    """Open adapters and join the two services' routes into one application."""
    ingest_settings = read_settings(IngestSettings, node=settings.node)
    streaming_settings = read_settings(StreamingSettings, node=settings.node)
    recording = start_recording(open_journal, settings, stack)
    objects = open_objects(settings.objects_url, **settings.objects_access)
    store = await prove_store(lambda: probe_objects(objects))
    index = open_index_reader(settings.index_url, **settings.index_access)
    stack.callback(index.close)
    bus = open_bus(settings.bus_url, **settings.bus_access)
    stack.push_async_callback(bus.close)
    spool_files = (
        open_spool_files(ingest_settings.spool_folder)
        if ingest_settings.acknowledge_from_spool
        else None
    )
    ports = IngestPorts(recording, objects, index, bus, spool_files)
    ingest = Ingest(ports, ingest_settings)
    stack.callback(ingest.close)
    indexers = channels(settings, "indexer", names_in(streaming_settings.indexer_nodes))
    transcoders = channels(settings, "transcoder", names_in(streaming_settings.transcoder_nodes))
    for channel in (*indexers, *transcoders):
        stack.push_async_callback(channel.close, None)
    reading = StreamingPorts(
        index, objects, recording.journal, IndexerClient(indexers), TranscoderClient(transcoders)
    )
    receiving = build_ingest(ingest, purges=False)
    streaming = build_streaming(reading, streaming_settings)
    routes = (
        *receiving.routes,
        *streaming.routes,
        metrics_route(settings.run_folder),
        *static_routes(viewer_folder(), quick_folder()),
    )
    service = Service(
        "http",
        servicers=(*receiving.servicers, *streaming.servicers),
        tasks={**receiving.tasks, **streaming.tasks, **store.tasks},
        drains=(*receiving.drains, *streaming.drains),
        routes=routes,
    )
    return Process(service, web=open_web(routes, answer_of, recording.auditor, settings, stack))


def main() -> int:
    """Serve until told to stop."""
    return run(HttpSettings, compose)
