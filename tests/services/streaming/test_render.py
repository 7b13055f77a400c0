"""A picture asked for over gRPC is the one that HTTP gives."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.archive import Archive
from tests.support.slices import ct_slice
from tests.support.streaming import Decisions, streaming

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from isocenter.errors import InvalidRequest, NotFound
from isocenter.runtime.rpc import make_server, socket_path
from isocenter.runtime.rpc_channels import channel
from isocenter.runtime.rpc_errors import translated
from isocenter.streaming.ports import Ports
from isocenter.streaming.service import build
from isocenter.streaming.settings import StreamingSettings

NAMES = {
    "study_instance_uid": "1.2.1",
    "series_instance_uid": "1.2.2",
    "sop_instance_uid": "1.2.3.1",
}
TOKEN = "secret"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path) as archive:
        archive.put(ct_slice("1.2.3.1"))
        archive.sum_up()
        yield archive


@pytest.fixture
async def stub(archive: Archive, tmp_path: Path) -> AsyncIterator[Any]:
    decisions = Decisions([])
    ports = Ports(archive.reader, archive.objects, archive.journal, decisions, decisions)
    service = build(ports, StreamingSettings(data_folder=archive.root))
    server = make_server(socket_path(tmp_path, "streaming"), TOKEN)
    for add in service.servicers:
        add(server)
    await server.start()
    async with channel(tmp_path, "streaming", TOKEN) as opened:
        yield StreamServiceStub(opened)
    await server.stop(0)


async def rendered(stub: Any, **asked: Any) -> Any:
    with translated():
        return await stub.Render(pb.RenderRequest(**{**NAMES, **asked}), timeout=20)


async def test_a_picture_is_the_same_over_grpc_and_http(archive: Archive, stub: Any) -> None:
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("image/jpeg", "", {}),
        ("image/png", "?viewport=40,30", {"type": pb.PICTURE_TYPE_PNG, "width": 40, "height": 30}),
        (
            "image/jpeg",
            "?window=40,400,sigmoid&quality=50",
            {
                "quality": 50,
                "window": pb.RenderWindow(center=40, width=400, function=pb.VOI_FUNCTION_SIGMOID),
            },
        ),
    ]
    with streaming(archive) as serving:
        path = "studies/1.2.1/series/1.2.2/instances/1.2.3.1/rendered"
        for media_type, query, told in asked:
            url = f"{serving.dicomweb}/{path}{query}"
            async with httpx.AsyncClient(timeout=20) as client:
                answer = await client.get(url, headers={"Accept": media_type})
            picture = await rendered(stub, **told)
            assert picture.media_type == answer.headers["content-type"] == media_type
            assert picture.content == answer.content


async def test_what_is_no_picture_is_refused(stub: Any) -> None:
    for told in (
        {"quality": 101},
        {"width": 100_000, "height": 10},
        {"type": 7},
        {"window": pb.RenderWindow(center=0, width=0)},
    ):
        with pytest.raises(InvalidRequest):
            await rendered(stub, **told)
    with pytest.raises(NotFound):
        await rendered(stub, frame=9)
    with pytest.raises(NotFound):
        await rendered(stub, sop_instance_uid="1.2.3.9")
