"""Asking over gRPC: the records of a series stream, and the transcoder for what nobody has packed."""

import gzip
import json
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.archive import Archive
from tests.support.slices import ct_slice
from tests.support.streaming import Decisions, streaming
from tests.support.transcoding import transcoding
from tests.support.wait import until

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from isocenter.api.transcode.v1 import transcode_service_pb2 as transcode
from isocenter.api.transcode.v1.transcode_service_pb2_grpc import TranscodeServiceStub
from isocenter.errors import InvalidRequest, NotFound, Unavailable
from isocenter.runtime.rpc import make_server, socket_path
from isocenter.runtime.rpc_channels import channel
from isocenter.runtime.rpc_errors import translated
from isocenter.streaming.ports import Ports
from isocenter.streaming.rpc import TranscoderClient
from isocenter.streaming.service import build
from isocenter.streaming.settings import StreamingSettings
from isocenter.transcoder.rpc import servicer
from isocenter.transcoder.schedule import Urgency

STUDY, SERIES = "1.2.1", "1.2.2"
TOKEN = "secret"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path) as archive:
        for number in range(1, 9):
            archive.put(ct_slice(f"1.2.3.{number}", number=number))
        archive.sum_up()
        yield archive


async def streamed(stub: Any, **asked: Any) -> bytes:
    request = pb.StreamStudyRequest(study_instance_uid=STUDY, series_instance_uid=SERIES, **asked)
    with translated():
        return b"".join([part.content async for part in stub.StreamStudy(request, timeout=10)])


async def test_the_records_are_those_of_http(archive: Archive, tmp_path: Path) -> None:
    decisions = Decisions([])
    ports = Ports(archive.reader, archive.objects, archive.journal, decisions, decisions)
    service = build(ports, StreamingSettings(data_folder=archive.root))
    server = make_server(socket_path(tmp_path, "streaming"), TOKEN)
    for add in service.servicers:
        add(server)
    await server.start()
    async with channel(tmp_path, "streaming", TOKEN) as opened:
        stub = StreamServiceStub(opened)
        with pytest.raises(NotFound):
            await streamed(stub)
        async with transcoding(archive) as working:
            await working.transcoder.bring_up(STUDY, Urgency.READING)
        with streaming(archive) as serving:
            async with httpx.AsyncClient() as client:
                path = f"{serving.dicomweb}/studies/{STUDY}/series/{SERIES}/stream"
                whole = (await client.get(path)).content
                some = (await client.get(f"{path}?focus=2&from=0&to=1")).content
        await retried(stub, whole)
        assert await streamed(stub, focus=2, first_level=0, last_level=1) == some
        with pytest.raises(InvalidRequest):
            await streamed(stub, have="x", of=of(whole))
    await server.stop(0)


async def retried(stub: Any, whole: bytes) -> None:
    """The other process looked before there were packs, and looks again after a moment."""

    async def same() -> bool:
        try:
            return await streamed(stub) == whole
        except NotFound:
            return False

    await until(same)


def of(body: bytes) -> str:
    (length,) = struct.unpack_from("<I", body, 12)
    return str(json.loads(gzip.decompress(body[16 : 16 + length]))["of"])


async def test_a_transcoder_is_asked_and_errors_keep_their_kind(
    archive: Archive, tmp_path: Path
) -> None:
    async with transcoding(archive) as working:
        server = make_server(socket_path(tmp_path, "transcoder"), TOKEN)
        servicer(working.transcoder.bring_up)(server)
        await server.start()
        async with channel(tmp_path, "transcoder", TOKEN) as opened:
            client = TranscoderClient([opened])
            assert await client.transcode(STUDY, "reading") == (8, 8, 0)
            assert await client.transcode(STUDY, "backfill") == (8, 0, 0)
            assert await client.transcode("1.2.99", "reading") == (0, 0, 0)
            with pytest.raises(InvalidRequest), translated():
                await TranscodeServiceStub(opened).Transcode(
                    transcode.TranscodeRequest(study_instance_uid="../x"), timeout=5
                )
        await server.stop(0)
    async with channel(tmp_path, "transcoder", TOKEN) as opened:
        with pytest.raises(Unavailable):
            await TranscoderClient([opened]).transcode(STUDY, "reading")
