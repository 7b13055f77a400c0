"""Streaming as a process of its own: everything a reader asks for, on the HTTP port."""

import sys
from contextlib import AsyncExitStack

from isocenter.adapters.open import open_index_reader, open_journal, open_objects
from isocenter.dicomweb.problems import answer_of
from isocenter.runtime.audit import Auditor
from isocenter.runtime.authenticate import Authenticator
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.lifecycle import Process, run
from isocenter.runtime.rpc import channel
from isocenter.runtime.run_folder import rpc_token
from isocenter.runtime.service import Service
from isocenter.runtime.users import users_path
from isocenter.runtime.web_app import WebApp
from isocenter.runtime.web_server import WebServer, open_socket
from isocenter.streaming.ports import Ports
from isocenter.streaming.rpc import IndexerClient
from isocenter.streaming.service import build
from isocenter.streaming.settings import StreamingSettings
from isocenter.streaming.static_routes import routes as static_routes
from isocenter.streaming.web.install_viewer import viewer_folder


async def compose(settings: StreamingSettings, stack: AsyncExitStack) -> Process:
    """Open adapters; the journal is written for audit entries only."""
    clock = HybridClock()
    journal = open_journal(settings.journal_url, clock)
    clock.observe(journal.latest_version())
    index = open_index_reader(settings.index_url)
    stack.callback(index.close)
    writer = journal.writer(settings.node)
    stack.callback(writer.close)
    auditor = Auditor(writer, clock)
    stack.callback(auditor.close, settings.grace_s)
    token = rpc_token(settings.run_folder, settings.rpc_token.get_secret_value())
    indexer = channel(settings.run_folder, settings.indexer_node, token)
    stack.push_async_callback(indexer.close, None)
    objects = open_objects(settings.objects_url)
    service = build(Ports(index, objects, journal, IndexerClient(indexer)), settings)
    routes = (*service.routes, *static_routes(viewer_folder()))
    authenticator = Authenticator(
        users_path(settings.config_folder), trust_loopback=settings.trust_loopback
    )
    stack.callback(authenticator.close)
    app = WebApp(routes, authenticate=authenticator, problem=answer_of, auditor=auditor)
    sock = open_socket(settings.listen, settings.http_port)
    whole = Service(service.name, drains=service.drains, routes=routes)
    return Process(whole, web=WebServer(app, sock, grace_s=settings.grace_s))


def main() -> int:
    """Serve until told to stop."""
    return run(StreamingSettings, compose)


if __name__ == "__main__":
    sys.exit(main())
