"""`GET .../series/{r}/stream`: a whole series in one request (beyond the standard; `renditions/SERIES_STREAM.md`)."""

from collections.abc import Sequence

from isocenter.errors import InvalidRequest
from isocenter.renditions.series_stream import MEDIA_TYPE, Asked, read_have
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import REVALIDATE
from isocenter.streaming.base_url import PREFIX
from isocenter.streaming.pieces import bounded
from isocenter.streaming.series_streams import Opened, SeriesStreams

MAX_DIGITS = 9


class SeriesStreamRoutes:
    """The handler of series streams."""

    def __init__(self, streams: SeriesStreams) -> None:
        self._streams = streams

    def routes(self) -> list[Route]:
        """The one there is."""
        path = f"{PREFIX}/studies/{{study}}/series/{{series}}/stream"
        return [Route("GET", path, Action.RETRIEVE, self.stream)]

    async def stream(self, request: Request) -> None:
        """Records until all that was asked for is sent; a client that has enough closes."""
        params = request.params
        opened = await self._streams.open(params["study"], params["series"])
        asked = asked_of(request.query, opened)
        headers = [
            ("Content-Type", MEDIA_TYPE),
            ("Cache-Control", REVALIDATE),
            ("X-Content-Type-Options", "nosniff"),
        ]
        await request.start(200, headers)
        async for piece in self._streams.records(opened, asked):
            for step in bounded(piece):
                await request.write(step)
        await request.write(b"", more=False)


def asked_of(query: Sequence[tuple[str, str]], opened: Opened) -> Asked:
    """Read `focus`, `from`, `to`, `of` and `have`; raises InvalidRequest.

    What a client has of other frames than these is of no use.
    """
    given = dict(query)
    unknown = given.keys() - {"focus", "from", "to", "of", "have"}
    if unknown:
        raise InvalidRequest("a series stream is asked for with focus, from, to, of and have")
    focus = _number(given.get("focus"))
    have = read_have(given.get("have", ""), len(opened.frames))
    if have and not given.get("of"):
        raise InvalidRequest("have is told with of, which the index of that stream has")
    return Asked(
        focus if focus is not None else len(opened.frames) // 2,
        _number(given.get("from")),
        _number(given.get("to")),
        have if given.get("of") == opened.of else None,
    )


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS):
        raise InvalidRequest("focus, from and to are numbers from 0")
    return int(text)
