"""How content goes out: caching headers, conditional and range requests, then the pieces."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import orjson

from isocenter.dicomweb.charsets import check_charset
from isocenter.dicomweb.media_types import MediaType, acceptable
from isocenter.dicomweb.ranges import asked_range, none_match
from isocenter.runtime.web import Body, Request
from isocenter.streaming.pieces import cut, length_of, nothing, write_pieces

REVALIDATE = "private, no-cache"
IMMUTABLE = "private, max-age=31536000, immutable"  # only where the URL carries the digest
DICOM_JSON = "application/dicom+json"
JSON_TYPES = (DICOM_JSON, "application/json")


def accepted(request: Request) -> tuple[MediaType, ...]:
    """What the client accepts, most wanted first; the `accept` query parameter wins."""
    values = tuple(value for name, value in request.query if name == "accept")
    return _accepted(request.headers.get("accept", ""), values)


def check_characters(request: Request) -> None:
    """See that the client takes the character set of our texts; raises InvalidRequest or NotAcceptable."""
    values = tuple(value for name, value in request.query if name == "charset")
    header = request.headers.get("accept-charset", "")
    if values or header:
        check_charset(header, values)


_accepted = lru_cache(maxsize=256)(acceptable)


def caching(etag: str, rule: str = REVALIDATE, vary: str = "Accept") -> list[tuple[str, str]]:
    """Headers every cacheable answer has."""
    return [
        ("ETag", etag),
        ("Cache-Control", rule),
        ("Vary", vary),
        ("X-Content-Type-Options", "nosniff"),
    ]


async def unchanged(request: Request, etag: str, headers: Sequence[tuple[str, str]]) -> bool:
    """Answer 304 when the client has this very content; tells whether it did."""
    if not none_match(request.headers.get("if-none-match", ""), etag):
        return False
    await request.start(304, headers)
    await request.write(b"", more=False)
    return True


async def respond_json(request: Request, content: object) -> None:
    """Answer with what is true now and may not be kept."""
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    await request.respond(200, orjson.dumps(content), headers)


async def respond_ranged(
    request: Request,
    headers: list[tuple[str, str]],
    pieces: Sequence[Body],
    etag: str,
    release: Callable[[], None] = nothing,
) -> None:
    """Answer 200 with all of it, or 206 with the range asked for; offsets count from the body's first byte.

    `release` is for pages of a mapped object that were sent. A range whose If-Range does not name this content gets
    the whole. Raises RangeNotSatisfiable.
    """
    size = length_of(pieces)
    range_header = request.headers.get("range", "")
    if range_header and request.headers.get("if-range", etag) != etag:
        range_header = ""
    asked = asked_range(range_header, size)
    headers.append(("Accept-Ranges", "bytes"))
    if asked is None:
        status = 200
        headers.append(("Content-Length", str(size)))
    else:
        status = 206
        start, end = asked
        pieces = cut(pieces, start, end)
        headers.append(("Content-Range", f"bytes {start}-{end - 1}/{size}"))
        headers.append(("Content-Length", str(end - start)))
    await request.start(status, headers)
    await write_pieces(request, pieces, last=True, release=release)
    release()
