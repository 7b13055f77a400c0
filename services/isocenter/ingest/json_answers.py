"""Small JSON bodies in and out of ingest's own routes."""

import json
from typing import Any

from isocenter.errors import InvalidRequest
from isocenter.runtime.web import Request

MAX_BODY_BYTES = 16_384
MAX_PAGE = 1000
DEFAULT_PAGE = 100

_HEADERS = (("Content-Type", "application/json"), ("Cache-Control", "no-store"))


async def json_body(request: Request) -> dict[str, Any]:
    """The body as an object; an empty one is an empty object."""
    raw = await request.body(MAX_BODY_BYTES)
    if not raw:
        return {}
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("the body is not JSON") from error
    if not isinstance(content, dict):
        raise InvalidRequest("the body is not a JSON object")
    return content


def page_of(request: Request) -> tuple[int, str]:
    """`limit` (1 to 1000, default 100) and `after` of a list."""
    fields = dict(request.query)
    text = fields.get("limit", str(DEFAULT_PAGE))
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_PAGE):
        raise InvalidRequest("limit is a number from 1 to 1000")
    return int(text), fields.get("after", "")


async def respond_json(request: Request, status: int, content: object) -> None:
    """Answer with JSON; nothing of it is kept by caches."""
    await request.respond(status, json.dumps(content).encode(), _HEADERS)
