"""One HTTP worker of the embedded platform: ingest's and streaming's routes on the shared port.

On Kubernetes a route by method and path does what this does; embedded, N of these share the port (SO_REUSEPORT).
"""

from contextlib import AsyncExitStack
from typing import ClassVar

from isocenter.adapters.open import open_bus, open_index_reader, open_journal, open_objects
from isocenter.dicomweb.problems import answer_of
from isocenter.ingest.service import Ingest, IngestPorts
from isocenter.ingest.service import build as build_ingest
from isocenter.ingest.settings import IngestSettings
from isocenter.runtime.audit import Auditor
from isocenter.runtime.authenticate import Authenticator
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.lifecycle import Process, run
from isocenter.runtime.rpc import channel
from isocenter.runtime.service import Service
from isocenter.runtime.settings import ServiceSettings, read_settings
from isocenter.runtime.users import users_path
from isocenter.runtime.web_app import WebApp
from isocenter.runtime.web_server import WebServer, open_socket
from isocenter.streaming.ports import Ports as StreamingPorts
from isocenter.streaming.rpc import IndexerClient
from isocenter.streaming.service import build as build_streaming
from isocenter.streaming.settings import StreamingSettings
from isocenter.streaming.static_routes import routes as static_routes
from isocenter.streaming.web.install_viewer import viewer_folder


class HttpSettings(ServiceSettings):
    """Settings of the worker itself; those of its two services are read beside them."""

    service: ClassVar[str] = "web"


async def compose(settings: HttpSettings, stack: AsyncExitStack) -> Process:
    """Open adapters and join the two services' routes into one application."""
    ingest_settings = read_settings(IngestSettings, node=settings.node)
    streaming_settings = read_settings(StreamingSettings, node=settings.node)
    clock = HybridClock()
    journal = open_journal(settings.journal_url, clock)
    clock.observe(journal.latest_version())
    objects = open_objects(settings.objects_url)
    index = open_index_reader(settings.index_url)
    stack.callback(index.close)
    token = settings.bus_token.get_secret_value()
    bus = open_bus(settings.bus_url, site=settings.site, token=token, name=settings.node)
    stack.push_async_callback(bus.close)
    writer = journal.writer(settings.node)
    stack.callback(writer.close)
    auditor = Auditor(writer, clock)
    stack.callback(auditor.close, settings.grace_s)

    ports = IngestPorts(objects, journal, writer, index, bus, clock, auditor)
    ingest = Ingest(ports, ingest_settings)
    stack.callback(ingest.close)
    rpc_token = settings.rpc_token.get_secret_value()
    indexer = channel(settings.run_folder, streaming_settings.indexer_node, rpc_token)
    stack.push_async_callback(indexer.close, None)
    reading = StreamingPorts(index, objects, journal, IndexerClient(indexer))
    receiving = build_ingest(ingest, purges=False)
    streaming = build_streaming(reading, streaming_settings)

    authenticator = Authenticator(
        users_path(settings.config_folder), trust_loopback=settings.trust_loopback
    )
    stack.callback(authenticator.close)
    routes = (*receiving.routes, *streaming.routes, *static_routes(viewer_folder()))
    app = WebApp(routes, authenticate=authenticator, problem=answer_of, auditor=auditor)
    service = Service(
        "http",
        tasks={**receiving.tasks, **streaming.tasks},
        drains=(*receiving.drains, *streaming.drains),
        routes=routes,
    )
    sock = open_socket(settings.listen, settings.http_port)
    return Process(service, web=WebServer(app, sock, grace_s=settings.grace_s))


def main() -> int:
    """Serve until told to stop."""
    return run(HttpSettings, compose)
