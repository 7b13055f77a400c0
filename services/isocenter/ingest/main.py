"""The process behind the one DICOM address."""

import sys
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace

from isocenter.adapters.open import (
    open_bus,
    open_index_reader,
    open_journal,
    open_objects,
    open_spool_files,
    probe_objects,
)
from isocenter.dicomweb.problems import answer_of
from isocenter.dimse.limits import Patience
from isocenter.ingest.admission import Places
from isocenter.ingest.ae_list import AE_LIST, AeList
from isocenter.ingest.asking_streaming import StreamingClient
from isocenter.ingest.associations import Address
from isocenter.ingest.commitment import Committer
from isocenter.ingest.listener import Listener
from isocenter.ingest.service import Ingest, IngestPorts, build
from isocenter.ingest.settings import IngestSettings
from isocenter.ingest.suboperations import Sending
from isocenter.ingest.tls_files import acceptor_context
from isocenter.runtime.audit import Auditor
from isocenter.runtime.lifecycle import Process, run
from isocenter.runtime.nodes import names_in
from isocenter.runtime.open_web import open_web
from isocenter.runtime.recording import start_recording
from isocenter.runtime.rpc_channels import blocking_channels
from isocenter.runtime.store_probe import prove_store

REPORTERS = 2  # storage commitments checked and told at once
CONNECTIONS = 256  # open sockets, those that are no association yet included


def open_listener(
    ingest: Ingest,
    auditor: Auditor,
    settings: IngestSettings,
    streaming: StreamingClient,
    committing: tuple[Committer, Executor],
) -> Listener:
    """Bind the ports of the DICOM address; nobody is served before `start`."""
    ingest.ae_journal.look()
    ae_list = AeList(
        settings.config_folder / AE_LIST,
        ingest.ae_journal,
        accept_unknown=settings.accept_unknown,
    )
    address = Address(
        ingest.receiver,
        ae_list,
        Places(settings.associations, settings.associations_per_address),
        ae_title=settings.ae_title,
        strict_called_ae_title=settings.strict_called_ae_title,
        accepting=ingest.receiver.accepting,
        record_denied=lambda caller, action, study: auditor.record(caller, action, study, "denied"),
        record_allowed=lambda caller, action, study: auditor.record(
            caller, action, study, "allowed"
        ),
        questions=streaming,
        retrieving=(streaming, Sending(ingest.objects, streaming)),
        committing=committing,
    )
    listener = Listener(address, Places(CONNECTIONS, CONNECTIONS // 2), Patience())
    is_shared = settings.share_dicom_port
    listener.listen(settings.listen, settings.dicom_port, is_shared=is_shared)
    if settings.dicom_tls_port:
        tls = acceptor_context(settings.config_folder)
        listener.listen(settings.listen, settings.dicom_tls_port, tls, is_shared=is_shared)
    return listener


async def compose(settings: IngestSettings, stack: AsyncExitStack) -> Process:
    """Open adapters, then the ports."""
    recording = start_recording(open_journal, settings, stack)
    objects = open_objects(settings.objects_url, **settings.objects_access)
    store = await prove_store(lambda: probe_objects(objects))
    index = open_index_reader(settings.index_url, **settings.index_access)
    stack.callback(index.close)
    bus = open_bus(settings.bus_url, **settings.bus_access)
    stack.push_async_callback(bus.close)
    spool_files = (
        open_spool_files(settings.spool_folder) if settings.acknowledge_from_spool else None
    )
    ports = IngestPorts(recording, objects, index, bus, spool_files)
    ingest = Ingest(ports, settings)
    stack.callback(ingest.close)
    # an HTTP server with the routes of both services answers as streaming does
    asked = "web" if settings.rpc_targets.keys() == {"web"} else "streaming"
    streaming = blocking_channels(settings, asked, names_in(settings.streaming_nodes))
    for channel in streaming:
        stack.callback(channel.close)
    committer = Committer(index, objects)
    reporters = ThreadPoolExecutor(REPORTERS, thread_name_prefix="commitment")
    stack.callback(reporters.shutdown, wait=False, cancel_futures=True)
    stack.callback(committer.stop)
    listener = open_listener(
        ingest, recording.auditor, settings, StreamingClient(streaming), (committer, reporters)
    )
    listener.start()
    receiving = build(ingest, purges=settings.purges)
    drains = (listener.drain, *receiving.drains)
    tasks = {**receiving.tasks, **store.tasks, "ae list": ingest.ae_journal.run}
    receiving = replace(receiving, drains=drains, tasks=tasks)
    if not settings.answer_http:
        return Process(replace(receiving, routes=()))
    web = open_web(receiving.routes, answer_of, recording.auditor, settings, stack)
    return Process(receiving, web=web)


def main() -> int:
    """Serve until told to stop."""
    return run(IngestSettings, compose)


if __name__ == "__main__":
    sys.exit(main())
