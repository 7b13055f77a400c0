"""Documents answered in the Native DICOM Model: a part for each (PS3.18 8.7.3.2)."""

from collections.abc import Iterable

import orjson

from isocenter.dicomweb import multipart_response as multipart
from isocenter.dicomweb.native_xml import write_xml
from isocenter.dicomweb.negotiation import XML
from isocenter.runtime.web import Request


async def respond_xml(
    request: Request, documents: Iterable[bytes], headers: list[tuple[str, str]]
) -> None:
    """Send DICOM JSON objects as XML; 204 when there is none, for an answer of no parts is none."""
    parts = (write_xml(orjson.loads(document)) for document in documents)
    first = next(parts, None)
    if first is None:
        await request.respond(204, b"", headers)
        return
    await request.start(200, [*headers, ("Content-Type", multipart.content_type(XML))])
    await request.write(multipart.head(XML) + first)
    for part in parts:
        await request.write(multipart.head(XML, first=False) + part)
    await request.write(multipart.TAIL, more=False)
