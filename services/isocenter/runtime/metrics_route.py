"""`GET /metrics` of a web server: the metrics of all processes of this machine, whichever of them is asked."""

import asyncio
from pathlib import Path

from isocenter.runtime.caller import Action
from isocenter.runtime.exposition import CONTENT_TYPE, Family, Sample, join, render
from isocenter.runtime.metrics_server import sockets
from isocenter.runtime.web import Request, Route

MAX_PROCESSES = 128
MAX_ANSWER_BYTES = 1 << 20
PATIENCE_S = 2.0
ASKING = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


def metrics_route(run_folder: Path) -> Route:
    """The route; a process that does not answer in time shows as `isocenter_process_up` 0."""

    async def handle(request: Request) -> None:
        body = (await gather(run_folder)).encode()
        await request.respond(200, body, [("Content-Type", CONTENT_TYPE)])

    return Route("GET", "/metrics", Action.OBSERVE, handle)


async def gather(run_folder: Path) -> str:
    """Ask every process that has a socket in the folder, all at once, and join what they say."""
    paths = sockets(run_folder)[:MAX_PROCESSES]
    texts = await asyncio.gather(*map(_ask, paths))
    up = Family("isocenter_process_up", "gauge", "1 when the process shows its metrics, else 0.")
    for path, text in zip(paths, texts, strict=True):
        up.samples.append(Sample(up.name, (("node", path.stem),), float(bool(text))))
    return join([render([up]), *texts])


async def _ask(path: Path) -> str:
    """What one process says, or nothing."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                writer.write(ASKING)
                return await _read(reader)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return ""


async def _read(reader: asyncio.StreamReader) -> str:
    answer = b""
    while len(answer) <= MAX_ANSWER_BYTES and (piece := await reader.read(65_536)):
        answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    is_whole = head.startswith(b"HTTP/1.1 200 ") and len(answer) <= MAX_ANSWER_BYTES
    return body.decode() if is_whole and body.endswith(b"\n") else ""
